// The filters that images are resized by.

using System.Text.Json.Serialization;

namespace DataFreeKD.Core;

/// <summary>PIL's resampling filters.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Interpolation>))]
public enum Interpolation
{
    /// <summary>Triangle filter.</summary>
    [JsonStringEnumMemberName("bilinear")]
    Bilinear,

    /// <summary>Catmull-Rom-like cubic, a = -0.5.</summary>
    [JsonStringEnumMemberName("bicubic")]
    Bicubic,
}

/// <summary>The filters by the names that timm and PIL give them.</summary>
internal static class InterpolationNames
{
    /// <summary><c>bilinear</c> or <c>bicubic</c>.</summary>
    public static string Name(this Interpolation interpolation) => interpolation == Interpolation.Bilinear ? "bilinear" : "bicubic";

    /// <summary>The filter of that name; null for any other text.</summary>
    public static Interpolation? Find(string? name) =>
        name switch
        {
            "bilinear" => Interpolation.Bilinear,
            "bicubic" => Interpolation.Bicubic,
            _ => null,
        };
}
