// What a student begins as, and what follows from it: its learning rate, its losses, whether its start is kept as a result.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Output;
using DataFreeKD.Distiller.Pruning;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>The start of a distillation's student.</summary>
/// <param name="Init">What it is; never <see cref="StudentInit.Auto"/>.</param>
/// <param name="Text">In words.</param>
internal sealed record StudentStart(StudentInit Init, string Text)
{
    private bool FromModel { get; init; }

    private bool Warm => FromModel || Init != StudentInit.Random;

    /// <summary>Decides.</summary>
    /// <exception cref="DistillException">The student is to be pruned from a teacher whose part it is not.</exception>
    public static StudentStart Of(DistillOptions options, ImageModel student, TeacherSource teacher)
    {
        if (StudentFactory.IsModel(options.Student))
            return new StudentStart(StudentInit.Random, $"the model {Path.GetFileName(Path.TrimEndingDirectorySeparator(options.Student))}")
            {
                FromModel = true,
            };
        if (options.Init == StudentInit.Slice)
            return new StudentStart(StudentInit.Slice, "cut out of the teacher by the norms of its weights");
        if (options.Init == StudentInit.Random)
            return new StudentStart(StudentInit.Random, "random weights");
        const string pruned = "pruned from the teacher in closed form";
        if (options.Init == StudentInit.Teacher)
        {
            Prunable.Check(
                student.AsVisionTransformer("cannot be pruned from a teacher").Config,
                teacher.Models[0].AsVisionTransformer("cannot be pruned").Config
            );
            return new StudentStart(StudentInit.Teacher, pruned);
        }
        if (teacher.Models.Count == 0)
            return new StudentStart(StudentInit.Random, "random weights, since a cached teacher cannot be pruned");
        if (student is not VisionTransformer small || teacher.Models[0] is not VisionTransformer large)
            return new StudentStart(StudentInit.Random, "random weights, since only a Vision Transformer can be pruned from another");
        try
        {
            Prunable.Check(large.Config);
            Prunable.Check(small.Config, large.Config);
            return new StudentStart(StudentInit.Teacher, pruned);
        }
        catch (DistillException)
        {
            return new StudentStart(StudentInit.Random, "random weights, since its shape is no part of the teacher's");
        }
    }

    /// <summary>The options with what follows from the start filled in.</summary>
    public DistillOptions Resolve(DistillOptions options, ImageModel student, TeacherSource teacher) =>
        options with
        {
            LearningRate = options.LearningRate ?? (Warm ? LoopOptions.RateFromTeacher : LoopOptions.RateFromRandom),
            KeepBest = options.KeepBest ?? (Warm && options.HoldsOut),
            Loss = options.Loss
                ?? (Relational(student, teacher) && !options.MasksTeacher ? Recipe.Parse("kd+minilm") : teacher.OutputRecipe),
        };

    /// <summary>Makes the student what it begins as. A run that goes on from a checkpoint has its weights there.</summary>
    public void Apply(
        DistillOptions options,
        ImageModel student,
        TeacherSource teacher,
        TrainingImages images,
        RunFolder folder,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        if (Init != StudentInit.Teacher || (options.Resume && File.Exists(folder.Checkpoint)))
            return;
        VisionTransformer small = (VisionTransformer)student,
            large = (VisionTransformer)teacher.Models[0];
        large.MoveTo(images.Device);
        large.eval();
        int[] slots = PruneRun.Drawn(images.Train, PruneOptions.UsualImages, options.Seed);
        long done = 0,
            total = 0;
        using ClosedFormPruning pruning = new(
            large,
            images.Pixels,
            slots,
            new FitSettings { BatchSize = ClosedFormPruning.BatchFor(large.Config), Seed = options.Seed },
            images.Device
        )
        {
            AfterBatch = () =>
                progress?.Report(
                    new TrainProgress
                    {
                        Phase = "prune",
                        Done = ++done,
                        Total = Math.Max(total, done),
                    }
                ),
        };
        total = pruning.BatchesToObserve + pruning.BatchesToFit(small.Config);
        pruning.Observe(cancel);
        using VisionTransformer fitted = pruning.Fit(small.Config, BlockChoice.Of(pruning.Influence, small.Config.Depth), cancel: cancel);
        using IDisposable off = torch.no_grad();
        IReadOnlyDictionary<string, torch.Tensor> to = small.StateDict();
        foreach ((string name, torch.Tensor tensor) in fitted.StateDict())
            to[name].copy_(tensor);
    }

    private static bool Relational(ImageModel student, TeacherSource teacher) =>
        teacher.Models.Count == 1
        && student.Config is VitConfig small
        && teacher.Models[0].Config is VitConfig large
        && small.Grid == large.Grid;
}
