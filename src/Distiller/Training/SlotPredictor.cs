// Decisions of a model on stored pixels, without augmentation.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Runs models over slots of the pixel store.</summary>
internal sealed class SlotPredictor(PixelStore store, int side, PixelNormaliser normaliser, int batchSize, torch.Device device)
{
    /// <summary>argmax of the logits for each slot.</summary>
    public int[] Predict(ImageModel model, int[] slots) => Predict(pixels => model.Run(pixels, VitCapture.None).Logits!, slots);

    /// <summary>argmax of what <paramref name="logits"/> makes of the pixels <c>[B, 3, S, S]</c> of each slot.</summary>
    public int[] Predict(Func<torch.Tensor, torch.Tensor> logits, int[] slots)
    {
        int[] decisions = new int[slots.Length];
        int image = 3 * side * side, done = 0;
        foreach (int[] chunk in slots.Chunk(batchSize))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable inference = torch.inference_mode();
            float[] pixels = new float[chunk.Length * image];
            for (int i = 0; i < chunk.Length; i++) normaliser.Apply(Pixels(chunk[i]), pixels.AsSpan(i * image, image));
            torch.Tensor output = logits(torch.tensor(pixels, [chunk.Length, 3, side, side], device: device));
            foreach (long decision in output.argmax(-1).cpu().data<long>().ToArray()) decisions[done++] = (int)decision;
        }
        return decisions;
    }

    private byte[] Pixels(int slot)
    {
        byte[] stored = new byte[store.ImageBytes];
        store.Read(slot, stored);
        return store.Side == side ? stored : PilResize.Resize(new RgbImage(store.Side, store.Side, stored), side, side, Interpolation.Bicubic).Pixels;
    }
}
