// The objective of distillation: the sum of the chosen losses between student and teacher.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Student against teacher. The teacher sees every patch of the same pixels, without gradient.</summary>
internal sealed class DistillObjective(ImageModel student, ImageModel teacher, IReadOnlyList<LossTerm> losses, torch.Tensor? weights, SlotPredictor teacherPredictor) : Objective
{
    private readonly int[] teacherBlocks = [.. losses.SelectMany(loss => loss.TeacherBlocks).Distinct().Order()];
    private readonly int[] studentBlocks = [.. losses.SelectMany(loss => loss.StudentBlocks).Distinct().Order()];

    public override IReadOnlyList<string> Terms { get; } = [.. losses.Select(loss => loss.Name)];

    public override string HeldOutName => "heldout_agreement";

    public override StepLoss Loss(Batch batch, Mixed mixed, torch.Tensor? kept)
    {
        LossInputs inputs = new()
        {
            Teacher = WithoutGradient(mixed.Pixels),
            Student = student.Run(mixed.Pixels, new VitCapture { HiddenBlocks = studentBlocks, KeptPatches = kept }),
            Weights = weights?.index_select(0, torch.tensor(batch.Images.Select(slot => (long)slot).ToArray(), device: weights.device)),
            KeptPatches = kept,
        };
        torch.Tensor[] terms = [.. losses.Select(loss => loss.Compute(inputs) * loss.Weight)];
        return new StepLoss(terms.Aggregate((sum, term) => sum + term), terms);
    }

    public override int[] HeldOutTargets(int[] slots) => teacherPredictor.Predict(teacher, slots);

    private VitOutput WithoutGradient(torch.Tensor pixels)
    {
        using IDisposable off = torch.no_grad();
        return teacher.Run(pixels, new VitCapture { HiddenBlocks = teacherBlocks });
    }
}
