// What a user says of preprocessing against what the checkpoint says.

using System.Globalization;

namespace DataFreeKD.Models;

/// <summary>Preprocessing that a user sets; null members keep what the model's own config says.</summary>
public sealed record PreprocessingOverride
{
    /// <summary>Input side, pixels; the position embedding is resampled to it.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Crop share, (0, 1]; it also makes a model that squashes its images crop them.</summary>
    public double? CropPct { get; init; }

    /// <summary><c>bicubic</c> or <c>bilinear</c>.</summary>
    public string? Interpolation { get; init; }

    /// <summary>Channel mean of pixels in [0, 1], three values.</summary>
    public IReadOnlyList<float>? Mean { get; init; }

    /// <summary>Channel standard deviation, three values above 0.</summary>
    public IReadOnlyList<float>? Std { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ModelException">The first value out of range, by name.</exception>
    public void Validate()
    {
        if (ImageSize is <= 0)
            throw new ModelException($"image size is {ImageSize}: must be above 0");
        if (CropPct is not (null or (> 0 and <= 1)))
            throw new ModelException($"crop share is {CropPct}: must be in (0, 1]");
        if (Interpolation is not (null or "bicubic" or "bilinear"))
            throw new ModelException($"interpolation is '{Interpolation}': must be bicubic or bilinear");
        if (Mean is { Count: not 3 })
            throw new ModelException($"the mean has {Mean.Count} values: give three, one a channel");
        if (Std is { Count: not 3 })
            throw new ModelException($"the standard deviation has {Std.Count} values: give three, one a channel");
        if (Std is not null && Std.Any(value => value <= 0))
            throw new ModelException("a standard deviation must be above 0");
    }

    /// <summary>The model with this preprocessing; it shares its weights with <paramref name="model"/> unless the input size
    /// changes.</summary>
    /// <exception cref="ModelException">A value out of range, or a size that the model cannot take.</exception>
    public LoadedModel Apply(LoadedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Validate();
        ImageModel network = model.Model;
        if (ImageSize is { } side && side != network.Config.ImageSize)
        {
            network = network.WithImageSize(side);
            model.Model.Dispose();
        }
        return model with { Model = network, Facts = Over(model.Facts), Preprocessing = Over(model.Preprocessing) };
    }

    /// <summary>These values in the place of a model's own.</summary>
    public Preprocessing Over(Preprocessing own)
    {
        ArgumentNullException.ThrowIfNull(own);
        return own with
        {
            ImageSize = ImageSize ?? own.ImageSize,
            CropPct = CropPct ?? own.CropPct,
            Squash = own.Squash && CropPct is null,
            Interpolation = InterpolationNames.Find(Interpolation) ?? own.Interpolation,
            Mean = Mean ?? own.Mean,
            Std = Std ?? own.Std,
        };
    }

    internal IReadOnlyList<ModelFact> Over(IReadOnlyList<ModelFact> facts) =>
        [
            .. facts.Select(fact =>
                Given(fact.Field) is { } option ? fact with { By = FactSource.Option, Value = option, Source = "the user's option" } : fact
            ),
        ];

    // What the user set in the place of a fact of the checkpoint's.
    private string? Given(string field) =>
        field switch
        {
            "mean" when Mean is not null => string.Join(' ', Mean.Select(value => value.ToString(CultureInfo.InvariantCulture))),
            "std" when Std is not null => string.Join(' ', Std.Select(value => value.ToString(CultureInfo.InvariantCulture))),
            "interpolation" => Interpolation,
            "crop" => CropPct?.ToString(CultureInfo.InvariantCulture),
            _ => null,
        };

    /// <summary>The values set, as text.</summary>
    public override string ToString() => string.Join(' ', Values.Select(pair => $"{pair.Name}={pair.Value}"));

    /// <summary>The values set, by the names that the command has for them.</summary>
    internal IEnumerable<(string Name, string Value)> Values =>
        from pair in new (string Name, string? Value)[]
        {
            ("img-size", ImageSize?.ToString(CultureInfo.InvariantCulture)),
            ("crop-pct", CropPct?.ToString(CultureInfo.InvariantCulture)),
            ("interpolation", Interpolation),
            ("mean", Mean is null ? null : string.Join(',', Mean.Select(value => value.ToString(CultureInfo.InvariantCulture)))),
            ("std", Std is null ? null : string.Join(',', Std.Select(value => value.ToString(CultureInfo.InvariantCulture)))),
        }
        where pair.Value is not null
        select (pair.Name, pair.Value!);
}
