// Tensors that a loss learns, drawn by (seed, name) alone.

using DataFreeKD.Distiller.Data;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

internal static class Learned
{
    /// <summary>Normal of mean 0; a deviation of 1/√inputs keeps the scale of what it maps.</summary>
    public static LossParameter Normal(string name, long[] shape, double deviation, LossContext context)
    {
        Randomness random = new(context.Seed, Purpose.Projection, Key(name));
        double[] values = new double[shape.Aggregate(1L, (size, side) => size * side)];
        for (int i = 0; i < values.Length; i++)
            values[i] = random.NextNormal() * deviation;
        return Leaf(name, torch.tensor(values, shape, context.Type, context.Device), decay: true);
    }

    /// <summary>All of one value: biases, scales, mask tokens; weight decay spares them.</summary>
    public static LossParameter Constant(string name, long[] shape, double value, LossContext context) =>
        Leaf(name, torch.full(shape, value, context.Type, context.Device), decay: false);

    /// <summary>A stable number for a name (FNV-1a): string.GetHashCode differs from process to process.</summary>
    public static long Key(string name)
    {
        ulong hash = 14695981039346656037;
        foreach (char letter in name)
            hash = (hash ^ letter) * 1099511628211;
        return (long)hash;
    }

    private static LossParameter Leaf(string name, torch.Tensor value, bool decay) => new(name, value.requires_grad_(true), decay);
}
