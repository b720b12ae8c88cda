// Options of a pruning from files to files.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Options of <see cref="PruneRun.Execute"/>: how to prune, and the files.</summary>
public sealed record PruneOptions : PruneSettings
{
    /// <summary>The teacher: a Vision Transformer, as model directory or checkpoint file.</summary>
    public required string Teacher { get; init; }

    /// <summary>Unlabelled images: a table with <c>path</c> (a selection), a folder, an archive or a glob.</summary>
    public required string Selection { get; init; }

    /// <summary>Model directory to write.</summary>
    public required string Output { get; init; }

    /// <summary>The table that the images were selected from. Half of the images to fit and to measure on are then drawn from its other
    /// rows, where the teacher is less sure: on a selection alone nearly every student agrees with its teacher.</summary>
    /// <value>Null (default): all are held out of the images.</value>
    public string? PoolPath { get; init; }

    /// <summary>Heads of the teacher, where its checkpoint does not tell.</summary>
    public int? TeacherHeads { get; init; }

    /// <summary>Preprocessing against the teacher's own config; null for its own.</summary>
    public PreprocessingOverride? Preprocessing { get; init; }

    /// <summary>Whose tensor names the written model bears.</summary>
    public TensorNaming Naming { get; init; } = TensorNaming.Timm;

    /// <summary>Go on after the last fitted block of an interrupted run with the same options.</summary>
    public bool Resume { get; init; }

    /// <summary>Replace what an earlier run wrote to <see cref="Output"/>.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Tool version, for the model card and provenance.</summary>
    public string ToolVersion { get; init; } = typeof(PruneOptions).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <inheritdoc/>
    public override void Validate()
    {
        Check(!string.IsNullOrWhiteSpace(Teacher), "the teacher is empty: name a model directory or a checkpoint");
        Check(!string.IsNullOrWhiteSpace(Selection), "the images are empty: name a table, folder or archive");
        Check(!string.IsNullOrWhiteSpace(Output), "the output is empty: name a directory");
        base.Validate();
        Check(
            PoolPath is null || !string.IsNullOrWhiteSpace(PoolPath),
            "the pool is empty: name the table that the images were selected from"
        );
        Check(
            PoolPath is null || HoldOut > 0,
            "a pool adds to the images held out, and hold-out is 0: hold some out, or leave the pool out"
        );
        Check(TeacherHeads is null or > 0, $"teacher heads is {TeacherHeads}: must be above 0");
        Check(!(Resume && Overwrite), "resume and overwrite exclude each other");
    }
}
