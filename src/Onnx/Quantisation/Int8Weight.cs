// Weights as int8: one scale for each output channel, symmetric.

using System.Runtime.InteropServices;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>A weight <c>[out, ...]</c> as int8 of the same shape with scales <c>[out]</c>: w ≈ s·q, q in −<c>Most</c> to
/// <c>Most</c>.</summary>
internal sealed record Int8Weight(long[] Shape, sbyte[] Values, float[] Scales, int Most)
{
    /// <summary>The whole range.</summary>
    public const int Full = 127;

    /// <summary>Half of it: two products with uint8, 2 · 255 · 64, fit the 16 bits in which processors without VNNI add them.</summary>
    public const int Reduced = 64;

    /// <summary>Rounds to the nearest step; a channel of zeros has scale 1.</summary>
    public static Int8Weight Of(Tensor weight, int most)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = Rows(weight);
        Tensor scales = rows.abs().amax([1]) / most;
        scales = where(scales > 0, scales, ones_like(scales));
        return Rounded(weight.shape, rows, scales, most);
    }

    /// <summary>The same weight with steps so long that a bias in steps of <paramref name="input"/> times them fits an int32.</summary>
    public Int8Weight Holding(Tensor bias, float input)
    {
        using DisposeScope scope = NewDisposeScope();
        // Half of int32's end: the products are added to it.
        Tensor least = bias.detach().to(ScalarType.Float32).cpu().abs() / ((double)input * (1 << 30)),
            scales = tensor(Scales);
        if (!(least > scales).any().item<bool>())
            return this;
        Tensor rows = tensor(Values.Select(value => (float)value).ToArray()).view(Scales.Length, -1) * scales.unsqueeze(1);
        return Rounded(Shape, rows, maximum(least, scales), Most);
    }

    /// <summary>Adds values and scales as constants.</summary>
    public (string Values, string Scales) AddTo(GraphBuilder graph, string name) =>
        (
            graph.Constant($"{name}.int8", TensorProto.Types.Element.Int8, Shape, MemoryMarshal.AsBytes<sbyte>(Values)),
            graph.Floats($"{name}.scales", Scales)
        );

    /// <summary>Adds the values of a matrix as <c>[in, out]</c>, and the scales.</summary>
    public (string Values, string Scales) AddTransposedTo(GraphBuilder graph, string name)
    {
        (int rows, int columns) = ((int)Shape[0], (int)Shape[1]);
        sbyte[] turned = new sbyte[Values.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
                turned[(column * rows) + row] = Values[(row * columns) + column];
        }
        return (this with { Shape = [columns, rows], Values = turned }).AddTo(graph, name);
    }

    /// <summary>Adds the values as uint8, 128 higher, the scales of the output channels of a map <c>[out, 1, 1]</c>, and 128.</summary>
    public (string Values, string Scales, string Zero) AddUnsignedTo(GraphBuilder graph, string name) =>
        (
            graph.Constant(
                $"{name}.uint8",
                TensorProto.Types.Element.Uint8,
                Shape,
                (byte[])[.. Values.Select(value => (byte)(value + 128))]
            ),
            graph.Constant($"{name}.scales", TensorProto.Types.Element.Float, [Scales.Length, 1, 1], MemoryMarshal.AsBytes<float>(Scales)),
            graph.Constant($"{name}.zero", TensorProto.Types.Element.Uint8, [], [128])
        );

    private static Tensor Rows(Tensor weight) => weight.detach().to(ScalarType.Float32).cpu().reshape(weight.shape[0], -1);

    private static Int8Weight Rounded(long[] shape, Tensor rows, Tensor scales, int most)
    {
        Tensor values = (rows / scales.unsqueeze(1)).round().clamp(-most, most).to(ScalarType.Int8).contiguous();
        return new Int8Weight(shape, values.data<sbyte>().ToArray(), scales.contiguous().data<float>().ToArray(), most);
    }
}
