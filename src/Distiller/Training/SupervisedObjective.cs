// The objective of supervised training: smoothed cross-entropy with labels, mixed as the pixels are.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Labels by slot.</summary>
internal sealed class SupervisedObjective(ImageModel model, IReadOnlyList<int> labels, double smoothing) : Objective
{
    public override IReadOnlyList<string> Terms { get; } = ["cross_entropy"];

    public override string HeldOutName => "heldout_accuracy";

    public override StepLoss Loss(Batch batch, Mixed mixed, torch.Tensor? kept, StepPosition at)
    {
        torch.Tensor logits = model.Run(mixed.Pixels, new ModelCapture { KeptPatches = kept }).Logits!;
        torch.Tensor targets = Targets(batch.Images);
        if (mixed.Own < 1)
            targets = (targets * mixed.Own) + (Targets(batch.Partners) * (1 - mixed.Own));
        torch.Tensor loss = SmoothedCrossEntropy.Loss(logits, targets);
        return new StepLoss(loss, [loss]);

        torch.Tensor Targets(int[] slots) =>
            SmoothedCrossEntropy.Targets(
                Upload.To(torch.tensor(slots.Select(slot => (long)labels[slot]).ToArray()), logits.device),
                model.Config.Classes,
                smoothing
            );
    }

    public override int[] HeldOutTargets(int[] slots) => [.. slots.Select(slot => labels[slot])];
}
