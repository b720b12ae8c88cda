// The learned per-channel factor on a residual branch (CaiT, DeiT-III, DINOv2).

using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>Holds <c>gamma</c> <c>[D]</c>.</summary>
internal sealed class LayerScale : nn.Module
{
    public Parameter gamma;

    public LayerScale(int width, double start)
        : base(nameof(LayerScale))
    {
        gamma = Weight.Of(full([width], start, dtype: ScalarType.Float32));
        register_parameter(nameof(gamma), gamma);
    }
}
