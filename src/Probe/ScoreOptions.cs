// What scoring needs to know.

using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Probe.Scores;
using DataFreeKD.Storage;

namespace DataFreeKD.Probe;

/// <summary>Options of a scoring run: the teacher's, and those of a table.</summary>
public sealed record ScoreOptions : TeacherOptions
{
    /// <summary>Folders, files, globs, archives, and tables and lists of paths (.csv, .tsv, .txt, .json, .jsonl, .parquet; also folders and
    /// globs of them).</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The column of tables that holds the paths.</summary>
    /// <value>Null: <c>path</c>, or another usual name (<see cref="ColumnNames"/>).</value>
    public string? PathColumn { get; init; }

    /// <summary>Follow symbolic links in folders and tables.</summary>
    /// <value>False: each is a row with the reason <c>link</c>.</value>
    public bool FollowLinks { get; init; }

    /// <summary>The scores table to write (.csv or .parquet).</summary>
    public required string Output { get; init; }

    /// <summary>Images, at most, that the classifier of corrupted copies is learned from, and copies of them; from half of that of a larger
    /// pool. Two forward passes each.</summary>
    /// <value>20,000.</value>
    public int CopySample { get; init; } = UsualCopySample;

    internal const int UsualCopySample = 20_000;

    /// <summary>Drop images that a cheap first look gives no hope for; null scores all.</summary>
    internal CascadeOptions? Cascade { get; init; }

    /// <summary>The cascade that an earlier run of the same teacher learned (<c>NAME.cascade.zip</c>), in place of
    /// <see cref="Cascade"/>; null for none.</summary>
    public string? CascadeModelPath { get; init; }

    /// <summary>Continue an interrupted run; of a finished one, score only images whose content its table does not have.</summary>
    public bool Resume { get; init; }

    /// <summary>Replace an existing table.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Where to write CLS embeddings (<c>.npy</c>, float32 <c>[rows, D]</c>, or <c>.parquet</c> with <c>path</c> and
    /// <c>embedding</c>; NaN rows for failed images), or null.</summary>
    public string? EmbeddingsPath { get; init; }

    /// <summary>Whether embeddings are kept where <see cref="EmbeddingsPath"/> names no file: beside the table
    /// (<see cref="ManifestPath.EmbeddingsBeside"/>), as long as they take at most <see cref="KeptBytes"/>, of a teacher with classes,
    /// without a cascade.</summary>
    /// <value>false.</value>
    public bool KeepEmbeddings { get; init; }

    /// <summary>Bytes of embeddings up to which they are kept unasked: 4 for each of D numbers and image, so 5.6 million images of a
    /// teacher of width 192, 1.4 million of width 768.</summary>
    public const long KeptBytes = 4L << 30;

    /// <summary>The vector instructions that the teacher is computed by, so that machines that differ give the same bytes; by libtorch on
    /// the CPU in float32 alone.</summary>
    /// <value>Native.</value>
    public NumericProfile Numerics { get; init; }

    /// <summary>Where plan and parts of a run in shards lie in place of a folder beside the output; machines then need to have in common
    /// only this, the teacher and the images.</summary>
    /// <value>Null: <c>OUTPUT.parts</c>.</value>
    public PartsBucket? Parts { get; init; }

    /// <summary>Batches between two flushes of the journal.</summary>
    /// <value>64.</value>
    public int CheckpointEvery { get; init; } = 64;

    internal override bool WantsEmbeddings => EmbeddingsPath is not null || KeepEmbeddings;

    internal override bool Cascades => Cascade is not null || CascadeModelPath is not null;

    /// <summary>Refuses values that no run can use.</summary>
    /// <exception cref="ScoreException">Names the option.</exception>
    public override void Validate()
    {
        if (Sources.Count == 0)
            throw new ScoreException("no images given; name folders, files, globs, archives or tables");
        base.Validate();
        Parts?.Validate();
        if (CopySample < 1)
            throw new ScoreException($"CopySample {CopySample}: give at least 1") { Options = [nameof(CopySample)] };
        if (Cascade is { } cascade)
        {
            if (cascade.Budget < 1)
                throw new ScoreException($"Budget {cascade.Budget}: give at least 1") { Options = [nameof(CascadeOptions.Budget)] };
            if (cascade.Keep is { } keep && !(keep is > 0 and <= 1))
                throw new ScoreException(
                    FormattableString.Invariant($"Cascade {keep}: give the share to score fully, above 0 and at most 1")
                )
                {
                    Options = [nameof(Cascade)],
                };
            if (cascade.Pruning is null && Runtime != TeacherRuntime.Libtorch)
                throw new ScoreException(
                    "a cascade of first blocks stops in the middle of the teacher, which Runtime onnx cannot; leave one of them out"
                )
                {
                    Options = [nameof(Runtime)],
                };
            if (cascade.Pruning is null && ExtraScore.Named(ExtraScores).Any(score => score.Needs.HasFlag(ScoreNeeds.Rollout)))
                throw new ScoreException(
                    "a cascade of first blocks: rollout scores need the attention of all blocks at once; leave them out, or the cascade"
                );
        }
        if (Cascade is not null && CascadeModelPath is { } model)
            throw new ScoreException($"CascadeModelPath {model} is a cascade that was learned before; leave Cascade and its budget out")
            {
                Options = [nameof(CascadeModelPath), nameof(Cascade)],
            };
        if (
            Numerics != NumericProfile.Native
            && (
                Runtime != TeacherRuntime.Libtorch
                || Precision != Precision.Float32
                || Device != "cpu"
                || Path.GetExtension(Teacher).Equals(".onnx", StringComparison.OrdinalIgnoreCase)
            )
        )
            throw new ScoreException(
                $"Numerics {Numerics.Name()} holds for libtorch on the CPU in float32; leave it out, or Runtime, Precision, Device and teachers as .onnx"
            )
            {
                Options = [nameof(Numerics), nameof(Runtime), nameof(Precision), nameof(Device)],
            };
        if (CheckpointEvery < 1)
            throw new ScoreException("CheckpointEvery: give at least 1");
        if (EmbeddingsPath is { } path && !EmbeddingFile.Fits(path))
            throw new ScoreException($"EmbeddingsPath {path}: name a .npy or .parquet file") { Options = [nameof(EmbeddingsPath)] };
        if (!Overwrite && !Resume && File.Exists(Output))
            throw new ScoreException($"{Output} exists; add Overwrite to replace it or Resume to continue")
            {
                Options = [nameof(Overwrite), nameof(Resume)],
            };
    }
}
