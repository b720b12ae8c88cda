// Weights as int8: one scale for each output channel, symmetric.

using System.Runtime.InteropServices;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>A weight <c>[out, in]</c> as int8 <c>[in, out]</c> with scales <c>[out]</c>: w ≈ s·q, q in −127..127.</summary>
internal sealed record Int8Weight(long Inputs, long Outputs, sbyte[] Values, float[] Scales)
{
    /// <summary>Rounds to the nearest step; a channel of zeros has scale 1.</summary>
    public static Int8Weight Of(Tensor weight)
    {
        using var scope = NewDisposeScope();
        Tensor plain = weight.detach().to(ScalarType.Float32).cpu();
        Tensor scales = plain.abs().amax([1]) / 127;
        scales = where(scales > 0, scales, ones_like(scales));
        Tensor rounded = (plain / scales.unsqueeze(1)).round().clamp(-127, 127).to(ScalarType.Int8).t().contiguous();
        return new Int8Weight(weight.shape[1], weight.shape[0], rounded.data<sbyte>().ToArray(), scales.contiguous().data<float>().ToArray());
    }

    /// <summary>Adds values and scales as constants.</summary>
    public (string Values, string Scales) AddTo(GraphBuilder graph, string name) => (
        graph.Constant($"{name}.int8", TensorProto.Types.Element.Int8, [Inputs, Outputs], MemoryMarshal.AsBytes<sbyte>(Values)),
        graph.Floats($"{name}.scales", Scales));
}
