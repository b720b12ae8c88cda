// What a teacher is loaded with, whatever its images come from.

using DataFreeKD.Models;
using DataFreeKD.Probe.Scores;

namespace DataFreeKD.Probe;

/// <summary>Options of a teacher that scores images.</summary>
public record TeacherOptions
{
    /// <summary>The teacher: model directory or checkpoint file.</summary>
    public required string Teacher { get; init; }

    /// <summary>Number of heads where the checkpoint does not tell.</summary>
    public int? TeacherHeads { get; init; }

    /// <summary>Preprocessing against the teacher's own config; null for its own.</summary>
    public PreprocessingOverride? Preprocessing { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>What computes the forward passes; ONNX Runtime takes as many threads as libtorch has been given.</summary>
    public TeacherRuntime Runtime { get; init; }

    /// <summary>What the teacher's blocks are computed in: bfloat16 is faster and less exact, by libtorch on the CPU alone.</summary>
    public Precision Precision { get; init; }

    /// <summary>Patches that each block of a Vision Transformer merges into similar ones (ToMe, arXiv 2210.09461), at most half of
    /// those that are left: faster, with other figures. For teachers of many patches (224×224 and above).</summary>
    /// <value>0: none.</value>
    public int TokenMerging { get; init; }

    /// <summary>Blocks to probe, 0-based; null for ⌊L/4⌋, ⌊7L/12⌋ and L−2, empty for all.</summary>
    public IReadOnlyList<int>? Blocks { get; init; }

    /// <summary>Scores to write beyond those of every table: by column, by group, or <c>all</c> (<see cref="ExtraScore"/>).</summary>
    /// <value>None.</value>
    public IReadOnlyList<string> ExtraScores { get; init; } = [];

    /// <summary>How many views of each image the scores of views look at, 1 to <see cref="ImageViews.Most"/>; each is a forward
    /// pass.</summary>
    /// <value>5: the mirror image and four crops.</value>
    public int Views { get; init; } = ImageViews.Usual;

    /// <summary>What ReAct clips features at; null for its percentile of a sample of the pool, which is seen before.</summary>
    public double? ReactClip { get; init; }

    /// <summary>The classifier of corrupted copies that an earlier run learned (<c>model.zip</c>), null to learn one from the
    /// images.</summary>
    public string? CopyModelPath { get; init; }

    /// <summary>Images a forward pass; null for as many as make about 4,000 tokens, at most 64: the teacher alone decides, so that
    /// the same images give the same bytes on every machine.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Batches at the same time, each decoded and computed on one thread; fewer where their activations would take more than
    /// half of the memory.</summary>
    /// <value>One a core.</value>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Decode a JPEG at the smallest of 1/8, 1/4 and 1/2 of its size that is no smaller than what the teacher sees, before it is
    /// resized: faster for large photographs, other figures.</summary>
    public bool FastDecode { get; init; }

    /// <summary>Whether an answer is to have the image's embedding.</summary>
    internal virtual bool WantsEmbeddings => true;

    /// <summary>Whether images are dropped after some blocks.</summary>
    internal virtual bool Cascades => false;

    /// <summary>Refuses values that no teacher can use.</summary>
    /// <exception cref="ScoreException">Names the option.</exception>
    public virtual void Validate()
    {
        ExtraScore.Named(ExtraScores);
        if (Views is < 1 or > ImageViews.Most)
            throw new ScoreException($"Views {Views}: give 1 to {ImageViews.Most}") { Options = [nameof(Views)] };
        if (ReactClip is { } clip && !double.IsFinite(clip))
            throw new ScoreException($"ReactClip {clip}: give a finite number") { Options = [nameof(ReactClip)] };
        if (TokenMerging < 0)
            throw new ScoreException($"TokenMerging {TokenMerging}: give 0 or more patches a block") { Options = [nameof(TokenMerging)] };
        if (BatchSize < 1)
            throw new ScoreException($"BatchSize {BatchSize}: give at least 1") { Options = [nameof(BatchSize)] };
        if (Runtime == TeacherRuntime.OnnxInt8 && Device != "cpu")
            throw new ScoreException($"int8 of Runtime onnx computes on the CPU; leave out Device {Device}, or int8")
            {
                Options = [nameof(Runtime), nameof(Device)],
            };
        if (Precision != Precision.Float32 && (Runtime != TeacherRuntime.Libtorch || Device != "cpu"))
            throw new ScoreException("Precision bf16 is for Runtime libtorch on the CPU; leave out Precision, or Runtime and Device")
            {
                Options = [nameof(Precision), nameof(Runtime), nameof(Device)],
            };
        if (Workers < 1)
            throw new ScoreException($"Workers {Workers}: give at least 1") { Options = [nameof(Workers)] };
        if (Blocks is not null && Blocks.Any(block => block < 0))
            throw new ScoreException("Blocks: blocks are numbered from 0") { Options = [nameof(Blocks)] };
    }
}
