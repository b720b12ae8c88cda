// Decisions of a model on stored pixels, without augmentation.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Runs models over slots of the pixel store.</summary>
internal sealed class SlotPredictor(SlotPixels pixels, int batchSize)
{
    /// <summary>argmax of the logits for each slot.</summary>
    public int[] Predict(ImageModel model, int[] slots) => Predict(pixels => model.Run(pixels, ModelCapture.None).Logits!, slots);

    /// <summary>argmax of what <paramref name="logits"/> makes of the pixels <c>[B, 3, S, S]</c> of each slot.</summary>
    public int[] Predict(Func<torch.Tensor, torch.Tensor> logits, int[] slots)
    {
        int[] decisions = new int[slots.Length];
        int done = 0;
        foreach (int[] chunk in slots.Chunk(batchSize))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable inference = torch.inference_mode();
            foreach (long decision in HostReads.Longs(logits(pixels.Of(chunk)).argmax(-1)))
                decisions[done++] = (int)decision;
        }
        return decisions;
    }
}
