// Where a student comes from: a spec with random weights, a spec cut out of the teacher, or a model to go on from.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Training;

internal static class StudentFactory
{
    // What every BatchNorm keeps.
    private const string RunningMean = "running_mean";

    /// <summary>Whether the text names a model on disk rather than an architecture.</summary>
    public static bool IsModel(string learner) => Directory.Exists(learner) || File.Exists(learner);

    /// <summary>A fresh model of a spec, with as many classes as needed.</summary>
    public static ImageModel Fresh(string spec, int classes, long seed) =>
        (ModelRegistry.Resolve(spec) with { Classes = classes }).Create(seed);

    /// <summary>Refuses options that this learner cannot follow.</summary>
    /// <exception cref="DistillException">It has no patch tokens to drop, no blocks, or BatchNorm.</exception>
    public static void Check(LoopOptions options, ImageModel learner)
    {
        if (options.DropsPatches && learner is not VisionTransformer)
            throw new DistillException($"{learner.Config.Name} has no patch tokens to drop; leave patch dropout at 0");
        if (options.Microbatches is not null && learner.Buffers().Any(buffer => buffer.Key.EndsWith(RunningMean, StringComparison.Ordinal)))
            throw new DistillException(
                $"Microbatches: {learner.Config.Name} has BatchNorm, whose statistics are those of a whole batch; leave Microbatches out, or take a learner without BatchNorm (vit:...)"
            )
            {
                Options = [nameof(LoopOptions.Microbatches)],
            };
        if (options.Amp != MixedPrecision.Off && learner is not VisionTransformer)
            throw new DistillException(
                $"Amp: {learner.Config.Name} has no transformer blocks, and learns in single precision; leave it out"
            )
            {
                Options = [nameof(LoopOptions.Amp)],
            };
        if (options.CheckpointActivations && learner is not VisionTransformer)
            throw new DistillException(
                $"CheckpointActivations: {learner.Config.Name} has no transformer blocks to compute again; leave it out, or give Accumulate"
            )
            {
                Options = [nameof(LoopOptions.CheckpointActivations), nameof(LoopOptions.Accumulate)],
            };
    }

    /// <summary>The student of a distillation.</summary>
    /// <exception cref="DistillException">It cannot learn from this teacher.</exception>
    public static ImageModel For(DistillOptions options, TeacherSource teacher)
    {
        ImageModel student = IsModel(options.Student) ? Started(options) : Fresh(options.Student, teacher.Classes, options.Seed);
        ModelConfig s = student.Config;
        if (s.Classes != teacher.Classes)
            throw new DistillException(
                $"the student {options.Student} has {s.Classes} classes and the teacher {teacher.Classes}; they must agree"
            );
        if (s.ImageSize != teacher.ImageSize)
            throw new DistillException(
                $"the student takes {s.ImageSize}x{s.ImageSize} images and the teacher {teacher.ImageSize}x{teacher.ImageSize}; choose a student with img={teacher.ImageSize}{(IsModel(options.Student) ? $", or give ImageSize {s.ImageSize}" : "")}"
            )
            {
                Options = [nameof(PreprocessingOverride.ImageSize)],
            };
        if (options.Init == StudentInit.Slice && !IsModel(options.Student) && teacher.Models.Count > 0)
            SliceInit.Apply(
                student.AsVisionTransformer("cannot be cut out of a teacher"),
                teacher.Models[0].AsVisionTransformer("is no teacher to cut a student out of")
            );
        Check(options, student);
        return student;
    }

    // The model to go on from, at the input size that the options set.
    private static ImageModel Started(DistillOptions options)
    {
        ImageModel model = ModelStore.Load(options.Student).Model;
        if (options.Preprocessing?.ImageSize is not { } side || side == model.Config.ImageSize)
            return model;
        using (model)
            return model.WithImageSize(side);
    }
}
