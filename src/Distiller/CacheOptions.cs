// Options of a cache: which images, which teacher, how much of its outputs.

using DataFreeKD.Models;
using DataFreeKD.Storage;

namespace DataFreeKD.Distiller;

/// <summary>Options of <see cref="CacheRun"/>. Images, augmentation and batches are those of the trainings that the cache is for.</summary>
internal sealed record CacheOptions : BatchOptions
{
    /// <summary>The selection table, as in <see cref="DistillOptions.Selection"/>.</summary>
    public required string Selection { get; init; }

    /// <summary>The teacher: model directory or checkpoint file, with a classification head.</summary>
    public required string Teacher { get; init; }

    /// <summary>Heads of the teacher, where its checkpoint does not tell.</summary>
    public int? TeacherHeads { get; init; }

    /// <summary>What a Vision Transformer as teacher is computed in, on the CPU: bfloat16 is faster and less exact.</summary>
    public Precision TeacherPrecision { get; init; }

    /// <summary>Preprocessing against the teacher's own config; null for its own. It travels in the cache.</summary>
    public PreprocessingOverride? Preprocessing { get; init; }

    /// <summary>Probabilities kept an image, K, above 0; with all classes the logits are stored whole and exactly.</summary>
    /// <value>Null (default): 10, or every class where there are fewer.</value>
    public int? TopK { get; init; }

    /// <summary>The instructions that the numeric libraries are held to, for processes on several machines; the process has to apply
    /// it.</summary>
    public NumericProfile Numerics { get; init; }

    /// <summary>Where plan and parts of a run in shards lie in place of a folder beside the output.</summary>
    /// <value>Null: <c>OUTPUT.parts</c>.</value>
    public PartsBucket? Parts { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Parts?.Validate();
        Check(!string.IsNullOrWhiteSpace(Selection), "the selection is empty");
        Check(!string.IsNullOrWhiteSpace(Teacher), "the teacher is empty");
        Check(
            TeacherPrecision == Precision.Float32 || Device == "cpu",
            "bfloat16 is for a teacher on the CPU; leave the teacher's precision or the device out"
        );
        Check(TeacherHeads is null or > 0, $"teacher heads is {TeacherHeads}: must be above 0");
        Check(TopK is null or > 0, $"top-k is {TopK}: must be above 0");
    }
}
