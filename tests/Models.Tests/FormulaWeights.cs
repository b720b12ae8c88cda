// Weights and pixels by formula, the same here and in tests/peers/family_models.py.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

internal static class FormulaWeights
{
    /// <summary>Fills every tensor of a model from its name.</summary>
    public static void Fill(ImageModel model)
    {
        using IDisposable off = no_grad();
        using DisposeScope scope = NewDisposeScope();
        foreach ((string name, Tensor tensor) in model.StateDict())
        {
            if (name.EndsWith("num_batches_tracked", StringComparison.Ordinal))
                tensor.fill_(7);
            else
                tensor.copy_(Value(name, tensor.shape));
        }
    }

    /// <summary>Two images of coloured tiles, <c>[2, 3, side, side]</c>.</summary>
    public static Tensor Picture(int side)
    {
        float[] tiles = [.. Noise("input", 2 * 3 * 8 * 8).Select(u => (float)((u - 0.5) * 6))];
        return tensor(tiles, [2, 3, 8, 8]).repeat_interleave(side / 8, 2).repeat_interleave(side / 8, 3);
    }

    /// <summary>One tensor from its name.</summary>
    public static Tensor Value(string name, long[] shape)
    {
        double bound = Math.Sqrt(6.0 / shape.Skip(1).Aggregate(1L, (product, size) => product * size));
        Func<double, double> form =
            name.EndsWith("running_var", StringComparison.Ordinal) ? u => 1 + (3 * u)
            : name.EndsWith("running_mean", StringComparison.Ordinal)
            || name.EndsWith("bias", StringComparison.Ordinal)
            || name.EndsWith("attention_biases", StringComparison.Ordinal)
                ? u => 0.2 * (u - 0.5)
            : shape.Length == 1 ? u => 0.5 + (0.5 * u)
            : u => (u - 0.5) * 2 * bound;
        float[] values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        int i = 0;
        foreach (double u in Noise(name, values.Length))
            values[i++] = (float)form(u);
        return tensor(values, shape);
    }

    // FNV-1a of the name, then splitmix64 of each index; 24 bits are exact in float32.
    private static IEnumerable<double> Noise(string name, int count)
    {
        ulong seed = 0xCBF29CE484222325;
        foreach (char character in name)
            seed = (seed ^ character) * 0x100000001B3;
        for (ulong i = 1; i <= (ulong)count; i++)
        {
            ulong x = (i * 0x9E3779B97F4A7C15) + seed;
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
            x ^= x >> 31;
            yield return (x >> 40) / (double)(1 << 24);
        }
    }
}
