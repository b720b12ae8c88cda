// The shape of a classifier of any family, as plain values.

using System.Globalization;
using System.Text.Json.Serialization;

namespace DataFreeKD.Models;

/// <summary>What every architecture has: an input side and classes. One record a family derives from it.</summary>
public abstract record ModelConfig
{
    /// <summary>Input side, pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Classes; 0 for a model without a head.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>The family in one word: <c>ViT</c>, <c>ResNet</c>, ...</summary>
    [JsonPropertyOrder(-1)]
    public abstract string Family { get; }

    /// <summary>Width of the embedding that the head reads.</summary>
    public abstract int Features { get; }

    /// <summary>The registered name of this shape, whatever its classes (and a ResNet's input size); else the free spec that builds
    /// it.</summary>
    [JsonPropertyOrder(-1)]
    public string Name => RegistryEntries.NameOf(this) ?? Spec;

    /// <summary>The free spec that <see cref="ModelRegistry.Resolve"/> turns into this shape.</summary>
    [JsonIgnore]
    public abstract string Spec { get; }

    /// <summary>The shape in one line for people, without input side and classes.</summary>
    [JsonIgnore]
    public abstract string Summary { get; }

    /// <summary>Checks that the shape can be built.</summary>
    /// <exception cref="ModelException">Names the first value that does not fit and what would.</exception>
    public abstract ModelConfig Validated();

    /// <summary>A randomly initialised model of this shape, as timm starts the family.</summary>
    /// <param name="seed">Decides every weight; the global random state is left alone.</param>
    /// <exception cref="ModelException">The shape cannot be built.</exception>
    public ImageModel Create(long seed = 0)
    {
        ImageModel model = Build();
        model.Randomise(seed);
        return model;
    }

    /// <summary>A model whose weights are about to be overwritten: nothing is drawn.</summary>
    internal abstract ImageModel Build();

    /// <summary>Multiply-accumulates of one image's matrix products.</summary>
    internal abstract long MultiplyAccumulates();

    private protected static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>Throws unless <paramref name="holds"/>.</summary>
    private protected void Require(bool holds, string what)
    {
        if (!holds)
            throw new ModelException($"a {Family} cannot be built: {what}");
    }
}
