// The objective of distillation: the sum of the chosen losses between student and teacher.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Student against teacher. The teacher sees every patch of the same pixels, without gradient.</summary>
internal sealed class DistillObjective(ImageModel student, TeacherSource teacher, IReadOnlyList<LossTerm> losses, torch.Tensor? weights, SlotPredictor predictor) : Objective
{
    private readonly VitCapture teacherCapture = Union(losses.Select(loss => loss.TeacherCapture));
    private readonly VitCapture studentCapture = Union(losses.Select(loss => loss.StudentCapture));

    public override IReadOnlyList<string> Terms { get; } = [.. losses.Select(loss => loss.Name)];

    public override string HeldOutName => "heldout_agreement";

    public override StepLoss Loss(Batch batch, Mixed mixed, torch.Tensor? kept, Moment at)
    {
        LossInputs inputs = new()
        {
            Teacher = teacher.Outputs(batch, mixed, teacherCapture),
            Student = student.Run(mixed.Pixels, studentCapture with { KeptPatches = kept }),
            Weights = weights?.index_select(0, torch.tensor(batch.Images.Select(slot => (long)slot).ToArray(), device: weights.device)),
            KeptPatches = kept,
            At = at,
        };
        torch.Tensor[] terms = [.. losses.Select(loss => loss.Compute(inputs) * loss.Weight)];
        return new StepLoss(terms.Aggregate((sum, term) => sum + term), terms);
    }

    public override int[] HeldOutTargets(int[] slots) => teacher.Decisions(predictor, slots);

    /// <summary>What several losses read, each block once.</summary>
    public static VitCapture Union(IEnumerable<VitCapture> captures)
    {
        VitCapture[] all = [.. captures];
        return new VitCapture
        {
            HiddenBlocks = [.. all.SelectMany(capture => capture.HiddenBlocks).Distinct().Order()],
            QkvBlocks = [.. all.SelectMany(capture => capture.QkvBlocks).Distinct().Order()],
        };
    }
}
