// Options of a distillation: which images, which teacher, which losses.

using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;

namespace DataFreeKD.Distiller;

/// <summary>How a student starts.</summary>
public enum StudentInit
{
    /// <summary><see cref="Teacher"/> where the student's shape lies within a teacher in memory, else <see cref="Random"/>.</summary>
    Auto,

    /// <summary>Pruned from the teacher in closed form on training images (see <see cref="Pruning.PruneRun"/>).</summary>
    Teacher,

    /// <summary>Every k-th block of the teacher, its widths cut by the norms of the weights.</summary>
    Slice,

    /// <summary>Truncated normal from the seed.</summary>
    Random,
}

/// <summary>Options of <see cref="DistillRun"/>.</summary>
public sealed record DistillOptions : LoopOptions
{
    /// <summary>The selection table (<c>path</c>, optional <c>status</c> and <c>weight</c> columns).</summary>
    public required string Selection { get; init; }

    /// <summary>Unlabelled images to score the run by, which are never trained on, in place of <see cref="BatchOptions.HoldOut"/>: a table
    /// with a <c>path</c> column, a folder, an archive, or the directory of a pruned student, for the images that its pruning held
    /// out.</summary>
    /// <value>Null (default) holds out a share of the selection.</value>
    public string? ValidationPath { get; init; }

    /// <summary>The teacher: model directory or checkpoint file, with a classification head; may be empty with a <see cref="Cache"/>, which
    /// is then held to be of the right one.</summary>
    public required string Teacher { get; init; }

    /// <summary>Teachers 2 and on, in the order of their numbers; each normalises images its own way, the rest of the preprocessing and the
    /// classes must be the first one's. A term of the recipe says which teacher it learns from (<see cref="TeacherChoice"/>).</summary>
    public IReadOnlyList<string> FurtherTeachers { get; init; } = [];

    /// <summary>The student: a registry name, a free spec (<c>vit:img=32,patch=4,dim=96,depth=5,heads=3</c>), or a model to go on from
    /// (directory or checkpoint file), whose position embedding is resampled where <see cref="Preprocessing"/> sets another input
    /// size.</summary>
    public required string Student { get; init; }

    /// <summary>Assistants between teacher and student, in order, each like <see cref="Student"/>; empty for none. Each learns of the one
    /// before it with these same options.</summary>
    public IReadOnlyList<string> Via { get; init; } = [];

    internal override string Learner => Student;

    internal override bool HoldsOut => ValidationPath is not null || HoldOut > 0;

    /// <summary>A file of <see cref="CacheRun"/> that answers in the teacher's stead, who is not loaded; null for the teacher
    /// itself.</summary>
    public string? Cache { get; init; }

    /// <summary>Heads of a teacher, where its checkpoint does not tell.</summary>
    public int? TeacherHeads { get; init; }

    /// <summary>What a Vision Transformer as teacher is computed in, on the CPU: bfloat16 is faster and less exact.</summary>
    public Precision TeacherPrecision { get; init; }

    /// <summary>Share of the patches that the teacher sees in a step, in (0, 1]: below 1, those that the class token of the student's last
    /// block looks at most (MaskedKD, arXiv 2302.10494). It goes with losses on outputs alone.</summary>
    /// <value>1.</value>
    public double TeacherPatches { get; init; } = 1;

    internal bool MasksTeacher => TeacherPatches < 1;

    /// <summary>Preprocessing against the teacher's own config, for teacher and student alike; null for its own.</summary>
    public PreprocessingOverride? Preprocessing { get; init; }

    /// <summary>What the student learns by: losses, their parameters and weights.</summary>
    /// <value>Null (default): <c>kd+minilm</c> between two Vision Transformers in memory that share a grid of patches, of which the teacher
    /// sees all; <c>kd:T=1</c> with a
    /// cache of the most probable classes, which tells no other temperature; else <c>kd</c>.</value>
    public Recipe? Loss { get; init; }

    /// <summary>How the student starts (not used where the student is a model to go on from).</summary>
    public StudentInit Init { get; init; }

    /// <summary>The recipe in force.</summary>
    internal Recipe Recipe => Loss ?? Recipe.Default;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check(!string.IsNullOrWhiteSpace(Selection), "the selection is empty");
        Check(Cache is not null || !string.IsNullOrWhiteSpace(Teacher), "the teacher is empty: name a model, or a cache of its outputs");
        Check(
            ValidationPath is null || !string.IsNullOrWhiteSpace(ValidationPath),
            "the validation images are empty: name a table, folder, archive or pruned student"
        );
        Check(
            Cache is null || ValidationPath is null,
            "a cache holds the teacher's answers on its own held-out images only; leave the validation images out"
        );
        Check(
            Cache is null || Preprocessing is null,
            "a cache fixes the preprocessing that its teacher had; leave preprocessing options out"
        );
        Check(
            Cache is null || Init is StudentInit.Random or StudentInit.Auto,
            "a student cannot be made from a cached teacher: its weights are not there; use Init random, or a student made before (PruneRun)",
            nameof(Init)
        );
        Check(FurtherTeachers.All(teacher => !string.IsNullOrWhiteSpace(teacher)), "a teacher is empty: name a model");
        Check(
            Via.All(assistant => !string.IsNullOrWhiteSpace(assistant)),
            "an assistant is empty: give a registry name, vit:... or a model directory"
        );
        Check(
            Via.Count == 0 || FurtherTeachers.Count == 0,
            "assistants stand between one teacher and the student; give one teacher, or distil the first assistant from several in a run of its own"
        );
        Check(
            Cache is null || FurtherTeachers.Count == 0,
            "a cache holds the outputs of one teacher; leave Cache out, or give one teacher",
            nameof(Cache)
        );
        Check(
            Cache is null || TeacherPrecision == Precision.Float32,
            "a cache holds what its teacher said in the precision that it had; leave the teacher's precision out"
        );
        Check(
            TeacherPrecision == Precision.Float32 || Device == "cpu",
            "bfloat16 is for a teacher on the CPU; leave the teacher's precision or the device out"
        );
        Check(TeacherPatches is > 0 and <= 1, $"teacher patches is {TeacherPatches}: must be above 0 and at most 1");
        Check(
            !MasksTeacher || Cache is null,
            "a cache holds what its teacher said of whole images; leave TeacherPatches or the cache out",
            nameof(TeacherPatches)
        );
        Check(
            !MasksTeacher || !DropsPatches,
            "a student that drops patches cannot say which of them its teacher is to see; leave PatchDropout or TeacherPatches out",
            nameof(PatchDropout),
            nameof(TeacherPatches)
        );
        Check(TeacherHeads is null or > 0, $"teacher heads is {TeacherHeads}: must be above 0");
    }
}
