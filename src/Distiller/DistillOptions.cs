// Options of a distillation: which images, which teacher, which losses.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller;

/// <summary>The two forms of probe distillation.</summary>
public enum ProbeVariant
{
    /// <summary>Features normalised over the token axis, as the published code does.</summary>
    Official,

    /// <summary>Features normalised over the feature axis, as the text means.</summary>
    Corrected,
}

/// <summary>How a student starts.</summary>
public enum StudentInit
{
    /// <summary>Truncated normal from the seed.</summary>
    Random,

    /// <summary>Every k-th block of the teacher, its widths cut by importance.</summary>
    Teacher,
}

/// <summary>Options of <see cref="DistillRun"/>.</summary>
public sealed record DistillOptions : LoopOptions
{
    /// <summary>The selection table (<c>path</c>, optional <c>status</c> and <c>weight</c> columns).</summary>
    public required string SelectionPath { get; init; }

    /// <summary>The teacher: model directory or checkpoint file, with a classification head; may be empty with a <see cref="Cache"/>, which is then held to be of the right one.</summary>
    public required string Teacher { get; init; }

    /// <summary>The student: a registry name, a free spec (<c>vit:img=32,patch=4,dim=96,depth=5,heads=3</c>), or a model to go on from (directory or checkpoint file).</summary>
    public required string Student { get; init; }

    internal override string Learner => Student;

    /// <summary>A file of <see cref="CacheRun"/> that answers in the teacher's stead, who is not loaded; null for the teacher itself.</summary>
    public string? Cache { get; init; }

    /// <summary>Heads of the teacher, where its checkpoint does not tell.</summary>
    public int? TeacherHeads { get; init; }

    /// <summary>Preprocessing against the teacher's own config, for teacher and student alike; null for its own.</summary>
    public PreprocessingOverride? Preprocessing { get; init; }

    /// <summary>Temperature of the soft targets, above 0.</summary>
    public double Temperature { get; init; } = 4;

    /// <summary>Weight of T²·KL(teacher ‖ student).</summary>
    public double Kd { get; init; } = 1;

    /// <summary>Weight of probe distillation (0.8 as published); 0 for none.</summary>
    public double Probe { get; init; }

    /// <summary>Form of probe distillation.</summary>
    public ProbeVariant ProbeVariant { get; init; } = ProbeVariant.Corrected;

    /// <summary>Weight of matching hidden states through a learned projection; 0 for none.</summary>
    public double Hidden { get; init; }

    /// <summary>Weight of the hard loss on the distillation token (the student needs one); 0 for none.</summary>
    public double HardToken { get; init; }

    /// <summary>Weight of the noise-adapted NLL (DFND); 0 for none.</summary>
    public double NoiseAdaptation { get; init; }

    /// <summary>The teacher's accuracy that the noise matrix's diagonal is held at, (0, 1).</summary>
    public double TeacherAccuracy { get; init; } = 0.9;

    /// <summary>How the student starts (not used where the student is a model to go on from).</summary>
    public StudentInit Init { get; init; } = StudentInit.Random;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check(!string.IsNullOrWhiteSpace(SelectionPath), "the selection is empty");
        Check(Cache is not null || !string.IsNullOrWhiteSpace(Teacher), "the teacher is empty: name a model, or a cache of its outputs");
        Check(Cache is null || Preprocessing is null, "a cache fixes the preprocessing that its teacher had; leave preprocessing options out");
        Check(Cache is null || Init == StudentInit.Random, "a student cannot be cut out of a cached teacher: its weights are not there; use --init random, or a student made before");
        Check(TeacherHeads is null or > 0, $"teacher heads is {TeacherHeads}: must be above 0");
        Check(Temperature > 0, $"temperature is {Temperature}: must be above 0");
        Check(Kd >= 0 && Probe >= 0 && Hidden >= 0 && HardToken >= 0 && NoiseAdaptation >= 0, "loss weights must be 0 or more");
        Check(Kd + Probe + Hidden + HardToken + NoiseAdaptation > 0, "every loss has weight 0: there is nothing to learn");
        Check(TeacherAccuracy is > 0 and < 1, $"teacher accuracy is {TeacherAccuracy}: must be in (0, 1)");
    }
}
