// What a pass computes of an image, and in which portions: decided before the first image, from the teacher and the options.

using DataFreeKD.Models;
using DataFreeKD.Probe.Scores;
using DataFreeKD.Probe.Teachers;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Probe;

/// <summary>Blocks, scores and batches of a pass.</summary>
internal sealed record PassPlan
{
    // About so many tokens a pass, and images: larger matrices are no faster on one core, and leave its caches.
    private const int TokensAtOnce = 4352,
        ImagesAtOnce = 64;

    /// <summary>Blocks that are probed, ascending; none of a teacher without attention.</summary>
    public required IReadOnlyList<int> Blocks { get; init; }

    /// <summary>Images a forward pass.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Batches at the same time.</summary>
    public required int Workers { get; init; }

    /// <summary>Scores asked for beyond the usual ones, in the order of their columns, and whether this teacher can have them.</summary>
    public required IReadOnlyList<(ExtraScore Score, bool IsComputable)> Extras { get; init; }

    /// <summary>What those that can be had look at.</summary>
    public required ScoreNeeds Needs { get; init; }

    /// <summary>Views of each image that are looked at too.</summary>
    public required int Views { get; init; }

    /// <summary>Numbers of an embedding.</summary>
    public required int Width { get; init; }

    /// <summary>Whether embeddings are kept.</summary>
    public required bool Embeddings { get; init; }

    /// <summary>Columns of <see cref="Extras"/>.</summary>
    public required IReadOnlyList<string> ExtraColumns { get; init; }

    /// <summary>Decides.</summary>
    /// <param name="options">What is asked for.</param>
    /// <param name="teacher">Who is asked.</param>
    /// <param name="device">Where it is.</param>
    /// <exception cref="ScoreException">The teacher cannot give what is asked for.</exception>
    public static PassPlan Of(TeacherOptions options, ITeacherNetwork teacher, Device device)
    {
        IReadOnlyList<int> blocks = BlocksOf(options, teacher);
        int batch = options.BatchSize ?? UsualBatch(teacher, device);
        (ExtraScore Score, bool IsComputable)[] extras =
        [
            .. ExtraScore.Named(options.ExtraScores).Select(score => (score, IsComputable(score, teacher))),
        ];
        ExtraScore[] computable = [.. extras.Where(extra => extra.IsComputable).Select(extra => extra.Score)];
        ScoreNeeds needs = computable.Aggregate(ScoreNeeds.None, (all, score) => all | score.Needs);
        RequireRollouts(
            options,
            teacher,
            string.Join(", ", computable.Where(score => score.Needs.HasFlag(ScoreNeeds.Rollout)).Select(score => score.Column))
        );
        return new PassPlan
        {
            Blocks = blocks,
            BatchSize = batch,
            Workers = (int)
                Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2 / (batch * teacher.ActivationBytes), 1, options.Workers),
            Extras = extras,
            ExtraColumns = [.. extras.SelectMany(extra => extra.Score.Columns(blocks))],
            Needs = needs,
            Views = needs.HasFlag(ScoreNeeds.Views) ? options.Views : 0,
            Width = teacher.Width,
            Embeddings = teacher.Width > 0 && options.WantsEmbeddings,
        };
    }

    private static void RequireRollouts(TeacherOptions options, ITeacherNetwork teacher, string rollouts)
    {
        if (rollouts.Length > 0 && teacher.Transformer!.Config.Pooling is Pooling.Average or Pooling.Map)
            throw new ScoreException(
                $"{options.Teacher} pools its patches, and {rollouts} follow attention back from a class token; leave them out"
            );
        if (options.TokenMerging > 0)
            RequireMerging(options, teacher, rollouts);
        if (rollouts.Length > 0 && options.Runtime != TeacherRuntime.Libtorch && teacher.Transformer is not null)
            throw new ScoreException(
                $"Runtime onnx cannot give {rollouts}: they need the attention of all blocks; leave them out, or take Runtime libtorch"
            )
            {
                Options = [nameof(ScoreOptions.Runtime)],
            };
    }

    private static IReadOnlyList<int> BlocksOf(TeacherOptions options, ITeacherNetwork teacher)
    {
        if (teacher.Transformer is not { Config: var config })
        {
            if (options.Blocks is { Count: > 0 } asked)
                throw new ScoreException(
                    $"Blocks {string.Join(',', asked)}: {options.Teacher} is a {teacher.Family}, which has no attention to probe; leave Blocks out"
                )
                {
                    Options = [nameof(ScoreOptions.Blocks)],
                };
            return [];
        }
        int depth = config.Depth;
        IReadOnlyList<int> blocks = options.Blocks switch
        {
            // Of pooling by attention the last block's row is the head's own.
            null =>
            [
                .. new[] { depth / 4, 7 * depth / 12, config.Pooling == Pooling.Map ? depth - 1 : Math.Max(0, depth - 2) }
                    .Distinct()
                    .Order(),
            ],
            { Count: 0 } => [.. Enumerable.Range(0, depth)],
            _ => [.. options.Blocks.Distinct().Order()],
        };
        return blocks[^1] < depth
            ? blocks
            : throw new ScoreException($"Blocks {blocks[^1]}: the teacher has blocks 0 to {depth - 1}")
            {
                Options = [nameof(ScoreOptions.Blocks)],
            };
    }

    private static void RequireMerging(TeacherOptions options, ITeacherNetwork teacher, string rollouts)
    {
        string? why =
            teacher.Transformer is not { Config: var config } ? $"{options.Teacher} is no Vision Transformer"
            : options.Runtime != TeacherRuntime.Libtorch ? "Runtime onnx has no such step"
            : options.Cascades ? "a cascade is learned from what whole passes say"
            : rollouts.Length > 0 ? $"{rollouts} follow the attention of every patch"
            : VisionTransformer.WhyNotMerged(config) is { } reason ? $"{options.Teacher} cannot merge patches: {reason}"
            : null;
        if (why is not null)
            throw new ScoreException($"TokenMerging {options.TokenMerging}: {why}; leave one of them out")
            {
                Options = [nameof(ScoreOptions.TokenMerging), nameof(ScoreOptions.Runtime)],
            };
    }

    private static int UsualBatch(ITeacherNetwork teacher, Device device)
    {
        if (device.type != DeviceType.CPU)
            return ImagesAtOnce;
        int images = 1;
        while (images < ImagesAtOnce && 2L * images * teacher.Tokens <= TokensAtOnce)
            images *= 2;
        return images;
    }

    private static bool IsComputable(ExtraScore score, ITeacherNetwork teacher) =>
        (teacher.Classes > 0 || !score.Needs.HasFlag(ScoreNeeds.Head))
        && (teacher.Width > 0 || !score.Needs.HasFlag(ScoreNeeds.Features))
        && (teacher.HasHeadWeights || !score.Needs.HasFlag(ScoreNeeds.HeadWeights))
        && (teacher.Transformer is not null || !score.Needs.HasFlag(ScoreNeeds.Attention));
}
