// A convolution's weights and shape, with the norm that follows it folded in.

using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Layers;

/// <summary>A convolution with a square kernel.</summary>
/// <param name="Weight"><c>[out, in / groups, K, K]</c>.</param>
/// <param name="Bias"><c>[out]</c>, or null.</param>
internal sealed record Kernel(Tensor Weight, Tensor? Bias)
{
    // As the models' BatchNorm.
    private const double Epsilon = 1e-5;

    /// <summary>Step between positions.</summary>
    public long Stride { get; init; } = 1;

    /// <summary>Zeros at each side; by default as many as keep the size at a stride of 1.</summary>
    public long Padding { get; init; } = Weight.shape[2] / 2;

    /// <summary>Groups of channels; as many as channels for a depthwise convolution.</summary>
    public long Groups { get; init; } = 1;

    /// <summary>Whether a ReLU follows.</summary>
    public bool Relu { get; init; }

    /// <summary>The convolution <paramref name="name"/> of a model.</summary>
    public static Kernel Of(Weights weights, string name) => new(weights[$"{name}.weight"], weights.Find($"{name}.bias"));

    /// <summary>The convolution <paramref name="name"/>, which has no bias, with the BatchNorm <paramref name="norm"/> after it: one
    /// convolution with a bias. Computed in double precision.</summary>
    public static Kernel WithNorm(Weights weights, string name, string norm)
    {
        Tensor gain =
            weights[$"{norm}.weight"].to(ScalarType.Float64) / (weights[$"{norm}.running_var"].to(ScalarType.Float64) + Epsilon).sqrt();
        Tensor bias = weights[$"{norm}.bias"].to(ScalarType.Float64) - (weights[$"{norm}.running_mean"].to(ScalarType.Float64) * gain);
        return new Kernel(
            (weights[$"{name}.weight"].to(ScalarType.Float64) * gain.view(-1, 1, 1, 1)).to(ScalarType.Float32),
            bias.to(ScalarType.Float32)
        );
    }

    /// <summary>The attributes of a Conv node, whatever it multiplies.</summary>
    public AttributeProto[] Attributes() =>
        [
            GraphBuilder.Attribute("strides", Stride, Stride),
            GraphBuilder.Attribute("pads", Padding, Padding, Padding, Padding),
            GraphBuilder.Attribute("group", Groups),
        ];

    /// <summary>The result with the ReLU, where there is one.</summary>
    public string Activated(GraphBuilder graph, string result) => Relu ? graph.Add("Relu", $"{result}.relu", [result]) : result;
}
