// How timm would build a shape: the constructor's name and its arguments.

using System.Text.Json;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>The part of config.json that differs between families.</summary>
internal sealed record TimmForm
{
    /// <summary>timm's constructor; the free spec where timm has none that builds the shape.</summary>
    public required string Architecture { get; init; }

    /// <summary>Its arguments (<c>model_args</c>), in order.</summary>
    public required IReadOnlyList<(string Name, object Value)> Arguments { get; init; }

    /// <summary>Module of the first convolution.</summary>
    public required string FirstConvolution { get; init; }

    /// <summary>Modules of the classifier.</summary>
    public required IReadOnlyList<string> Classifier { get; init; }

    /// <summary>Whether the network takes one input size only.</summary>
    public bool FixedSize { get; init; }

    /// <summary>The last feature map's side; null where the network has none.</summary>
    public int? PoolSize { get; init; }

    /// <summary>The form of a shape.</summary>
    public static TimmForm Of(ModelConfig config) =>
        config switch
        {
            VitConfig vit => VitForm.Of(vit),
            ResNetConfig net => new TimmForm
            {
                Architecture = net.Name,
                Arguments = [],
                FirstConvolution = net.Involution ? "stem.0.conv" : "conv1",
                Classifier = ["fc"],
                PoolSize = net.SmallStem ? (net.ImageSize + 7) / 8 : (net.ImageSize + 31) / 32,
            },
            TinyVitConfig tiny => TinyVitForm.Of(tiny),
            _ => throw new ArgumentException($"no form for {config.Family}", nameof(config)),
        };

    /// <summary>Writes <c>model_args</c>.</summary>
    public void WriteArguments(Utf8JsonWriter json)
    {
        json.WriteStartObject("model_args");
        foreach ((string name, object value) in Arguments)
        {
            json.WritePropertyName(name);
            JsonSerializer.Serialize(json, value);
        }
        json.WriteEndObject();
    }
}
