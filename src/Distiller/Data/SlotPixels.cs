// Normalised pixels of slots of a pixel store, without augmentation.

using DataFreeKD.Imaging;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Data;

/// <summary>Makes batches of stored images as a model takes them.</summary>
internal sealed class SlotPixels(PixelStore store, int side, PixelNormaliser normaliser, torch.Device device)
{
    /// <summary>Normalised pixels <c>[B, 3, S, S]</c> of the slots, in the caller's dispose scope.</summary>
    public torch.Tensor Of(ReadOnlySpan<int> slots)
    {
        int image = 3 * side * side;
        float[] pixels = new float[slots.Length * image];
        for (int i = 0; i < slots.Length; i++)
            normaliser.Apply(Stored(slots[i]), pixels.AsSpan(i * image, image));
        return Upload.To(torch.tensor(pixels, [slots.Length, 3, side, side]), device);
    }

    private byte[] Stored(int slot)
    {
        byte[] stored = new byte[store.ImageBytes];
        store.Read(slot, stored);
        return store.Side == side
            ? stored
            : PilResize.Resize(new RgbImage(store.Side, store.Side, stored), side, side, Interpolation.Bicubic).Pixels;
    }
}
