// How a model wants its images: the processor's file, timm's fields, training arguments, the architecture's name, or what is usual.

using System.Globalization;
using System.Text.Json;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads preprocessing, each value from whoever states it first.</summary>
internal static class PreprocessingReader
{
    // Below this a pixel's distance from the mean is no sensible number.
    private const double LeastStd = 1e-6,
        MostMagnitude = 1e6,
        MostOfUnit = 1.5,
        LeastCrop = 0.05;

    // Of Hugging Face's processors: read, or without effect on an RGB image of one size.
    private static readonly HashSet<string> Known =
    [
        "do_resize",
        "size",
        "resample",
        "do_center_crop",
        "crop_size",
        "do_rescale",
        "rescale_factor",
        "do_normalize",
        "image_mean",
        "image_std",
        "crop_pct",
        "interpolation",
        "do_convert_rgb",
        "image_processor_type",
        "feature_extractor_type",
        "processor_class",
        "image_processor_class",
        "_valid_processor_keys",
        "valid_processor_keys",
        "return_tensors",
        "data_format",
        "input_data_format",
        "device",
        "disable_grouping",
        "default_to_square",
        "do_reduce_labels",
        "reduce_labels",
        "use_square_size",
        "auto_map",
        "patch_size",
        "num_channels",
        "model_input_names",
        "_name_or_path",
        "name_or_path",
        "_processor_class",
        "transformers_version",
        "crop_to_patches",
        "return_row_col_info",
        "mean",
        "std",
    ];

    // Of these a true value changes the picture in a way that is not read.
    private static readonly string[] Refused =
    [
        "do_pad",
        "do_flip_channel_order",
        "do_color_quantize",
        "do_thumbnail",
        "do_align_long_axis",
        "do_align_axis",
        "do_crop_margin",
        "rescale_offset",
        "do_grayscale",
        "include_top",
    ];

    /// <param name="processor">preprocessor_config.json, or null.</param>
    /// <param name="stated">What config and checkpoint state.</param>
    /// <param name="named">Of the architecture's name, with its source; null where the name is not known.</param>
    /// <param name="imageSize">Always the model's.</param>
    /// <param name="report">Takes facts and notes.</param>
    /// <exception cref="ModelException">A field that cannot be used, such as a resampling filter other than bilinear and
    /// bicubic.</exception>
    public static Preprocessing Read(
        JsonFile? processor,
        Statements stated,
        Told<Preprocessing>? named,
        int imageSize,
        ReadingReport report
    )
    {
        // Transformers' processor_config.json keeps what concerns images under a key of its own.
        processor = processor?.Within("image_processor") ?? processor;
        Preprocessing usual = Preprocessing.DefaultFor(imageSize);
        Preprocessing read =
            processor is not null && Describes(processor)
                ? FromProcessor(processor, named?.Value ?? usual, imageSize, report)
                : FromStatements(stated, named, usual, report);
        Check(read, processor?.Path ?? report.Path);
        return read with { ImageSize = imageSize };
    }

    private static Preprocessing FromStatements(Statements stated, Told<Preprocessing>? named, Preprocessing usual, ReadingReport report)
    {
        Told<float[]> mean = Either(stated.Three("pretrained_cfg.mean", "mean"), config => [.. config.Mean]),
            std = Either(stated.Three("pretrained_cfg.std", "std"), config => [.. config.Std]);
        (mean, std) = OfUnitPixels(mean, std, report);
        Told<Interpolation> interpolation = Either(Filter(stated, report), config => config.Interpolation);
        Told<string> mode = Either(Mode(stated, report), config => config.Squash ? "squash" : "center");
        // A share goes with a size: that of the name's own size is no other's.
        Told<double> crop =
            stated.Number("pretrained_cfg.crop_pct", "crop_pct") is { } told ? told
            : named is { } known && known.Value.ImageSize == usual.ImageSize ? new(known.Value.CropPct, known.Source, known.By)
            : new(usual.CropPct, "", FactSource.Assumed);
        bool squash = mode.Value == "squash";
        if (squash && crop.Value < 1)
            throw report.Bad(
                $"crop_mode squash with the crop share {crop.Value.ToString(CultureInfo.InvariantCulture)} is not read: set crop_pct to 1"
            );
        report.Add("mean", mean, Text);
        report.Add("std", std, Text);
        report.Add("interpolation", interpolation, value => value.Name());
        report.Add("crop", squash ? new Told<double>(1, mode.Source, mode.By) : crop, value =>
            squash ? "squash" : value.ToString("0.####", CultureInfo.InvariantCulture)
        );
        return usual with
        {
            Mean = mean.Value,
            Std = std.Value,
            Interpolation = interpolation.Value,
            CropPct = squash ? 1 : crop.Value,
            Squash = squash,
        };

        Told<T> Either<T>(Told<T>? first, Func<Preprocessing, T> of) =>
            first ?? (named is { } known ? new(of(known.Value), known.Source, known.By) : new(of(usual), "", FactSource.Assumed));
    }

    // Pixels are in [0, 1] here; some trainers count them in bytes (MMPretrain, OpenMMLab's configs).
    private static (Told<float[]> Mean, Told<float[]> Std) OfUnitPixels(Told<float[]> mean, Told<float[]> std, ReadingReport report)
    {
        if (!OfBytes(mean.Value) && !OfBytes(std.Value))
            return (mean, std);
        if (!OfBytes(mean.Value) || !OfBytes(std.Value))
            throw report.Bad(
                $"its mean {Text(mean.Value)}{(mean.Source.Length > 0 ? $" ({mean.Source})" : "")} and its deviation {Text(std.Value)}{(std.Source.Length > 0 ? $" ({std.Source})" : "")} are of different units: one of pixels in 0 to 1, one of bytes in 0 to 255"
            );
        report.Note(
            $"{mean.Source} is {Text(mean.Value)}, and {std.Source} is {Text(std.Value)}: these are of bytes in 0 to 255, and are divided by 255"
        );
        return (
            mean with
            {
                Value = [.. mean.Value.Select(value => value / 255)],
            },
            std with
            {
                Value = [.. std.Value.Select(value => value / 255)],
            }
        );
    }

    private static bool OfBytes(float[] values) => values.Any(value => value > MostOfUnit);

    private static Told<Interpolation>? Filter(Statements stated, ReadingReport report)
    {
        foreach (Statement statement in stated.Of("pretrained_cfg.interpolation", "interpolation"))
        {
            if (InterpolationNames.Find(statement.Value as string) is { } filter)
                return new(filter, statement.Source, statement.By);
            if (statement.By == FactSource.Config)
                throw report.Bad(
                    $"{statement.Source} asks for {Statements.Show(statement.Value)} interpolation; bicubic and bilinear are supported"
                );
            // timm's trainer draws one at random.
            report.Note($"{statement.Source} is {Statements.Show(statement.Value)}, which tells nothing of evaluation");
        }
        return null;
    }

    private static Told<string>? Mode(Statements stated, ReadingReport report)
    {
        foreach (Statement statement in stated.Of("pretrained_cfg.crop_mode", "crop_mode"))
        {
            if (statement.Value is "squash" or "center")
                return new((string)statement.Value, statement.Source, statement.By);
            if (statement.By == FactSource.Config)
                throw report.Bad($"{statement.Source} is {Statements.Show(statement.Value)}; center and squash are read");
        }
        return null;
    }

    private static bool Describes(JsonFile processor) =>
        processor.Find("image_mean") is not null
        || processor.Find("size") is not null
        || processor.Find("crop_pct") is not null
        || processor.Find("do_rescale") is not null
        || processor.Find("do_normalize") is not null;

    private static Preprocessing FromProcessor(JsonFile file, Preprocessing fallback, int imageSize, ReadingReport report)
    {
        foreach (string field in Refused)
        {
            if (file.Find(field) is { ValueKind: not JsonValueKind.False })
                throw report.Bad($"{field} of '{file.Path}' is {Shown.Of(file.Find(field)!.Value.GetRawText())}, which is not read");
        }
        string[] unknown = [.. file.Fields("").Where(field => !Known.Contains(field) && !Refused.Contains(field))];
        if (unknown.Length > 0)
            report.Note(
                $"'{file.Path}' has {(unknown.Length == 1 ? "a field" : "fields")} that this reader does not know: {Shown.List(unknown)}; where one changes the picture, the figures are not that processor's"
            );
        (int? height, int? width, int? shortest) = Size(file, report);
        (int CropHeight, int CropWidth)? crop = file.Flag("do_center_crop") == true ? Square(file, "crop_size", report) : null;
        bool resizes = file.Flag("do_resize") ?? true;
        if (!resizes && crop is not null)
            throw report.Bad(
                $"do_resize of '{file.Path}' is false with a centre crop: a crop out of images of any size is not read; set do_resize"
            );
        if (!resizes)
            report.Note(
                $"do_resize of '{file.Path}' is false: images of other sizes than {imageSize}×{imageSize} are resized to it all the same"
            );
        int seen = crop?.CropHeight ?? height ?? (file.Find("crop_pct") is not null ? shortest : null) ?? imageSize;
        if (resizes && seen != imageSize && !(crop is null && height is null))
            report.Note(
                $"'{file.Path}' makes pictures of {seen}×{seen}, the network is of {imageSize}×{imageSize}, which counts; --img-size {seen} resamples its position embedding"
            );
        // Without a crop the processors of ViT squash to the size; a crop without a known resize keeps the fallback's share.
        bool squash = crop is null && file.Find("crop_pct") is null;
        int? before = shortest ?? height;
        if (crop is not null && height is not null && height > crop.Value.CropHeight)
            report.Note(
                $"'{file.Path}' squashes to {height}×{width} before its crop; here the short side becomes {height} and the proportions stay, as in timm"
            );
        double share = file.Number("crop_pct")
            ?? (crop is { } c && before is { } s && s >= c.CropHeight ? (double)c.CropHeight / s : fallback.CropPct);
        (float[] mean, float[] std) = Normalisation(file, fallback);
        if (OfBytes(mean))
            throw report.Bad(
                $"image_mean of '{file.Path}' is {Text(mean)} of pixels in 0 to 1, which no picture has: set do_rescale to false where it is of bytes in 0 to 255"
            );
        string source = $"'{file.Path}'";
        Preprocessing read = fallback with
        {
            Squash = squash,
            CropPct = squash ? 1 : share,
            Interpolation = Filter(file, fallback),
            Mean = mean,
            Std = std,
        };
        report.Add("mean", new Told<float[]>(mean, source, FactSource.Config), Text);
        report.Add("std", new Told<float[]>(std, source, FactSource.Config), Text);
        report.Add("interpolation", new Told<Interpolation>(read.Interpolation, source, FactSource.Config), value => value.Name());
        report.Add("crop", new Told<double>(read.CropPct, source, FactSource.Config), value =>
            squash ? "squash" : value.ToString("0.####", CultureInfo.InvariantCulture)
        );
        return read;
    }

    // A side, {"height", "width"} or {"shortest_edge"}; anything else changes proportions in a way that is not read.
    private static (int? Height, int? Width, int? Shortest) Size(JsonFile file, ReadingReport report)
    {
        if (file.Find("size") is not { } size)
            return (null, null, null);
        if (size.ValueKind == JsonValueKind.Number)
        {
            int side = file.Int("size")!.Value;
            return file.Flag("do_center_crop") == true ? (null, null, side) : (side, side, null);
        }
        if (file.Find("size", "longest_edge") is not null && file.Find("size", "shortest_edge") is null)
            throw report.Bad(
                $"size of '{file.Path}' is {Shown.Of(size.GetRawText())}, which is not read; shortest_edge, or height and width, are"
            );
        if (file.Int("size", "shortest_edge") is { } shortest)
            return (null, null, shortest);
        (int height, int width) = Square(file, "size", report);
        return (height, width, null);
    }

    private static (int Height, int Width) Square(JsonFile file, string field, ReadingReport report)
    {
        if (file.Find(field) is { ValueKind: JsonValueKind.Number })
            return (file.Int(field)!.Value, file.Int(field)!.Value);
        int? height = file.Int(field, "height"),
            width = file.Int(field, "width");
        if (height is not { } h || width is not { } w || h < 1)
            throw report.Bad($"{field} of '{file.Path}' has no height and width that can be used");
        return h == w ? (h, w) : throw report.Bad($"{field} of '{file.Path}' is {h}×{w}: only square inputs are read");
    }

    private static Interpolation Filter(JsonFile file, Preprocessing fallback) =>
        file.Find("resample") is null
            ? file.Text("interpolation") is { } named
                ? InterpolationNames.Find(named)
                    ?? throw new ModelException(
                        $"'{file.Path}' asks for '{Shown.Of(named)}' interpolation; bicubic and bilinear are supported"
                    )
                : fallback.Interpolation
            : file.Int("resample") switch
            {
                2 => Interpolation.Bilinear,
                3 => Interpolation.Bicubic,
                { } other => throw new ModelException(
                    $"'{file.Path}' asks for PIL resampling filter {other}; 2 (bilinear) and 3 (bicubic) are supported: set resample to one of them"
                ),
                null => fallback.Interpolation,
            };

    // Pixels here are in [0, 1] before mean and deviation: another factor goes into both. Without any, (x − m)/s of bytes is (x/255 −
    // m/255)/(s/255).
    private static (float[] Mean, float[] Std) Normalisation(JsonFile file, Preprocessing fallback)
    {
        double factor = file.Flag("do_rescale") == false ? 255 : 255 * (file.Number("rescale_factor") ?? (1 / 255.0));
        if (!double.IsFinite(factor) || factor <= 0)
            throw new ModelException($"rescale_factor of '{file.Path}' is {file.Number("rescale_factor")}: it must be above 0");
        bool normalise = file.Flag("do_normalize") ?? true;
        float[] mean = normalise ? Three("image_mean") ?? [.. fallback.Mean] : [0, 0, 0],
            std = normalise ? Three("image_std") ?? [.. fallback.Std] : [1, 1, 1];
        return Math.Abs(factor - 1) < 1e-4
            ? (mean, std)
            : ([.. mean.Select(value => (float)(value / factor))], [.. std.Select(value => (float)(value / factor))]);

        float[]? Three(string field) =>
            file.Find(field) is { ValueKind: JsonValueKind.Number }
                ? [.. Enumerable.Repeat((float)file.Number(field)!.Value, 3)]
                : file.Floats(field);
    }

    private static void Check(Preprocessing read, string path)
    {
        if (read.Mean.Count != 3 || read.Std.Count != 3)
            throw new ModelException($"'{path}' gives a mean or deviation that is not of three channels");
        if (
            read.Std.Any(value => !(value >= LeastStd && value <= MostMagnitude))
            || read.Mean.Any(value => !(Math.Abs(value) <= MostMagnitude))
        )
            throw new ModelException(
                $"'{path}' gives the mean {Text([.. read.Mean])} and the deviation {Text([.. read.Std])}: a deviation must be above {LeastStd:0e0}, and both must be finite numbers"
            );
        if (!(read.CropPct is >= LeastCrop and <= 1))
            throw new ModelException(
                $"'{path}' gives the crop share {read.CropPct.ToString(CultureInfo.InvariantCulture)}, which is not in {LeastCrop}–1"
            );
    }

    private static string Text(float[] values) =>
        string.Join(' ', values.Select(value => value.ToString("0.####", CultureInfo.InvariantCulture)));
}
