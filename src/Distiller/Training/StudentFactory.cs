// Where a student comes from: a spec with random weights, a spec cut out of the teacher, or a model to go on from.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Training;

internal static class StudentFactory
{
    /// <summary>Whether the text names a model on disk rather than an architecture.</summary>
    public static bool IsModel(string learner) => Directory.Exists(learner) || File.Exists(learner);

    /// <summary>A fresh model of a spec, with as many classes as needed.</summary>
    public static VisionTransformer Fresh(string spec, int classes, long seed) => new(ModelRegistry.Resolve(spec) with { Classes = classes }, seed);

    /// <summary>The student of a distillation.</summary>
    /// <exception cref="RunException">It cannot learn from this teacher.</exception>
    public static VisionTransformer For(DistillOptions options, TeacherSource teacher)
    {
        VisionTransformer student = IsModel(options.Student) ? ModelStore.Load(options.Student).Model : Fresh(options.Student, teacher.Classes, options.Seed);
        VitConfig s = student.Config;
        if (s.Classes != teacher.Classes) throw new RunException($"the student {options.Student} has {s.Classes} classes and the teacher {teacher.Classes}; they must agree");
        if (s.ImageSize != teacher.ImageSize) throw new RunException($"the student takes {s.ImageSize}x{s.ImageSize} images and the teacher {teacher.ImageSize}x{teacher.ImageSize}; choose a student with img={teacher.ImageSize}");
        if (options.Init == StudentInit.Teacher && !IsModel(options.Student) && teacher is LiveTeacher live) TeacherInit.Apply(student, live.Model);
        return student;
    }
}
