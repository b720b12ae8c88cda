// The names under which activations go in timm and in Hugging Face's configs.

namespace DataFreeKD.Models;

/// <summary>Names of activations.</summary>
internal static class ActivationNames
{
    // The first name of each is timm's, which we write; names of Hugging Face's follow.
    private static readonly (string Name, Activation Activation)[] Names =
    [
        ("gelu", Activation.Gelu),
        ("gelu_tanh", Activation.GeluTanh),
        ("quick_gelu", Activation.QuickGelu),
        ("relu", Activation.Relu),
        ("silu", Activation.Silu),
        ("gelu_new", Activation.GeluTanh),
        ("gelu_pytorch_tanh", Activation.GeluTanh),
        ("gelu_fast", Activation.GeluTanh),
        ("gelu_accurate", Activation.GeluTanh),
        ("gelu_python", Activation.Gelu),
        ("quickgelu", Activation.QuickGelu),
        ("swish", Activation.Silu),
    ];

    /// <summary>timm's names.</summary>
    public static IEnumerable<string> All => Names.Take(5).Select(pair => pair.Name);

    /// <summary>timm's name.</summary>
    public static string Of(Activation activation) => Names.First(pair => pair.Activation == activation).Name;

    /// <summary>The activation of a name; null of one that is not known.</summary>
    public static Activation? Find(string name) =>
        Names
            .Where(pair => string.Equals(pair.Name, name.Trim(), StringComparison.OrdinalIgnoreCase))
            .Select(pair => (Activation?)pair.Activation)
            .FirstOrDefault();
}
