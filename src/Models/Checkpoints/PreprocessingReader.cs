// Preprocessing from preprocessor_config.json or timm's pretrained_cfg.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads how a model wants its images.</summary>
internal static class PreprocessingReader
{
    /// <summary>From the processor's file, else from timm's fields, else <paramref name="fallback"/>; the size is always the model's.</summary>
    /// <exception cref="ModelException">A field that cannot be used, such as a resampling filter other than bilinear and bicubic.</exception>
    public static PreprocessingConfig Read(JsonFile? processor, JsonFile? config, PreprocessingConfig fallback, int imageSize)
    {
        PreprocessingConfig read = processor is not null && Describes(processor) ? FromProcessor(processor, fallback)
            : config?.Find("pretrained_cfg") is not null ? FromTimm(config, ["pretrained_cfg"], fallback)
            : config?.Find("mean") is not null ? FromTimm(config, [], fallback)
            : fallback;
        read = read with { ImageSize = imageSize };
        JsonFile? source = processor ?? config;
        if (read.Mean.Count != 3 || read.Std.Count != 3 || read.Std.Any(s => s <= 0 || float.IsNaN(s))) throw new ModelException($"'{source?.Path}' gives a mean or deviation that is not of three channels, or a deviation that is not positive");
        if (read.CropPct is not (> 0 and <= 1)) throw new ModelException($"'{source?.Path}' gives the crop share {read.CropPct}, which is not in (0, 1]");
        return read;
    }

    private static bool Describes(JsonFile processor) => processor.Find("image_mean") is not null || processor.Find("size") is not null || processor.Find("crop_pct") is not null;

    private static PreprocessingConfig FromProcessor(JsonFile file, PreprocessingConfig fallback)
    {
        bool normalise = file.Flag("do_normalize") ?? true;
        int? crop = file.Flag("do_center_crop") == true ? file.Find("crop_size") is { ValueKind: System.Text.Json.JsonValueKind.Number } ? file.Int("crop_size") : file.Int("crop_size", "height") : null;
        int? shortest = file.Find("size") is { ValueKind: System.Text.Json.JsonValueKind.Number } ? file.Int("size") : file.Int("size", "shortest_edge") ?? (crop is null ? null : file.Int("size", "height"));
        // Without a crop the processors of ViT squash to the size; a crop without a known resize keeps the fallback's share.
        bool squash = crop is null && file.Find("crop_pct") is null;
        double share = file.Number("crop_pct") ?? (crop is { } c && shortest is { } s && s >= c && c > 0 ? (double)c / s : fallback.CropPct);
        return fallback with
        {
            Squash = squash,
            CropPct = squash ? 1 : share,
            Interpolation = file.Find("resample") is null ? file.Text("interpolation") ?? fallback.Interpolation : file.Int("resample") switch
            {
                2 => "bilinear",
                3 => "bicubic",
                { } other => throw new ModelException($"'{file.Path}' asks for PIL resampling filter {other}; 2 (bilinear) and 3 (bicubic) are supported: set resample to one of them"),
                null => fallback.Interpolation,
            },
            Mean = normalise ? file.Floats("image_mean") ?? fallback.Mean : [0, 0, 0],
            Std = normalise ? file.Floats("image_std") ?? fallback.Std : [1, 1, 1],
        };
    }

    private static PreprocessingConfig FromTimm(JsonFile file, string[] under, PreprocessingConfig fallback)
    {
        string interpolation = file.Text([.. under, "interpolation"]) ?? fallback.Interpolation;
        if (interpolation is not ("bicubic" or "bilinear")) throw new ModelException($"'{file.Path}' asks for '{interpolation}' interpolation; bicubic and bilinear are supported");
        return fallback with
        {
            Squash = file.Text([.. under, "crop_mode"]) == "squash",
            CropPct = file.Number([.. under, "crop_pct"]) ?? fallback.CropPct,
            Interpolation = interpolation,
            Mean = file.Floats([.. under, "mean"]) ?? fallback.Mean,
            Std = file.Floats([.. under, "std"]) ?? fallback.Std,
        };
    }
}
