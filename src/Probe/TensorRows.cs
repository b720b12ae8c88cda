// A tensor's numbers in arrays, single precision, on the CPU.

using DataFreeKD.Models;
using static TorchSharp.torch;

namespace DataFreeKD.Probe;

internal static class TensorRows
{
    /// <summary>All numbers, in the tensor's order.</summary>
    public static float[] Flat(Tensor tensor) => HostReads.Floats(tensor);

    /// <summary>The numbers of each of <paramref name="rows"/> images.</summary>
    public static float[][] Of(Tensor tensor, int rows)
    {
        float[] all = Flat(tensor);
        int each = all.Length / rows;
        return [.. Enumerable.Range(0, rows).Select(row => all[(row * each)..((row + 1) * each)])];
    }
}
