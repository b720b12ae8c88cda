// What stands between the two linear maps of an MLP.

namespace DataFreeKD.Models;

/// <summary>Activation of a Vision Transformer's MLPs.</summary>
public enum Activation
{
    /// <summary>x·Φ(x), the exact-erf GELU (timm <c>gelu</c>, Hugging Face <c>gelu</c>).</summary>
    Gelu,

    /// <summary>GELU by the tangent (timm <c>gelu_tanh</c>, Hugging Face <c>gelu_new</c> and <c>gelu_pytorch_tanh</c>).</summary>
    GeluTanh,

    /// <summary>x·σ(1.702 x) (OpenAI's CLIP; <c>quick_gelu</c>).</summary>
    QuickGelu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x·σ(x) (<c>silu</c>, <c>swish</c>).</summary>
    Silu,
}
