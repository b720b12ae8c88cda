// How a network in another format than ours wants its images, by the files beside it and by what it says of itself.

using System.Globalization;
using System.Text.Json;
using DataFreeKD.Models.Checkpoints;

namespace DataFreeKD.Models;

/// <summary>What is known of a network that is no checkpoint, such as an ONNX graph, beside its layers.</summary>
/// <param name="Preprocessing">How it wants its images.</param>
/// <param name="ClassNames">Names by class index; empty where nothing tells them.</param>
/// <param name="Facts">Each value with where it comes from.</param>
/// <param name="Notes">What a user should know, a sentence each.</param>
internal sealed record ForeignInput(
    Preprocessing Preprocessing,
    IReadOnlyList<string> ClassNames,
    IReadOnlyList<ModelFact> Facts,
    IReadOnlyList<string> Notes
)
{
    // Of a graph that this toolkit exported.
    private static readonly string[] Fields = ["mean", "std", "interpolation", "crop_pct", "crop_mode", "image_size"];

    // What only Hugging Face's processors have.
    private static readonly string[] Processor = ["image_mean", "size", "do_rescale", "do_normalize"];

    /// <summary>Reads <c>NAME.json</c> beside the file, else what the file says of itself, else <c>preprocessor_config.json</c> and
    /// <c>config.json</c> of its folder; the user's own values come before all. What nobody states is assumed, and a fact says
    /// so.</summary>
    /// <param name="file">The network's file.</param>
    /// <param name="imageSize">Its input side, pixels; null where it takes any.</param>
    /// <param name="classes">Its number of classes.</param>
    /// <param name="metadata">What the file says of itself, by timm's names (<c>mean</c>, <c>std</c>, <c>interpolation</c>,
    /// <c>crop_pct</c>, <c>crop_mode</c>, <c>image_size</c>, <c>class_names</c>); others are passed over.</param>
    /// <param name="given">The user's own values.</param>
    /// <exception cref="ModelException">A value that cannot be used, one that contradicts the network, or no input side at all.</exception>
    public static ForeignInput Read(
        string file,
        int? imageSize,
        int classes,
        IReadOnlyDictionary<string, string> metadata,
        PreprocessingOverride? given = null
    )
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(metadata);
        given?.Validate();
        ReadingReport report = new(file);
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        JsonFile? own = JsonFile.ReadIfPresent(Path.Combine(folder, Path.GetFileNameWithoutExtension(file) + ".json"));
        Statements itself = OfMetadata(file, metadata);
        bool alone = own is null && metadata.Keys.All(key => !Fields.Contains(key));
        JsonFile? config = own ?? (alone ? JsonFile.ReadIfPresent(Path.Combine(folder, "config.json")) : null);
        JsonFile? processor = own is not null
            ? (Processor.Any(field => own.Find(field) is not null) ? own : null)
            : (alone ? JsonFile.ReadIfPresent(Path.Combine(folder, "preprocessor_config.json")) : null);
        Statements stated = Statements.OfConfig(config).Then(itself);
        ConfigContract.ClassesFit(classes, stated, report);
        int side = Side(stated, imageSize, given, report);
        Preprocessing read = PreprocessingReader.Read(processor, stated, null, side, report);
        PickleDictionary beside = new();
        foreach ((string key, string text) in metadata)
            beside.Add(key, text);
        IReadOnlyList<string> names = ClassNamesReader.Read(
            config,
            StatedClassNames.Of(file, beside, PlainValues.WithoutTensors()),
            classes,
            report
        );
        return new ForeignInput(given?.Over(read) ?? read, names, given?.Over(report.Facts) ?? report.Facts, report.Notes);
    }

    private static int Side(Statements stated, int? imageSize, PreprocessingOverride? given, ReadingReport report)
    {
        Told<(int Height, int Width)>? told = stated.Size("pretrained_cfg.input_size", "input_size", "image_size", "img_size");
        if (told is { } size && size.Value.Height != size.Value.Width)
            throw report.Bad($"{size.Source} is {size.Value.Height}×{size.Value.Width}: only square inputs are read");
        if (imageSize is { } fixedSide)
        {
            if (given?.ImageSize is { } asked && asked != fixedSide)
                throw report.Bad(
                    $"ImageSize {asked}: the graph takes images of {fixedSide}×{fixedSide} alone; leave ImageSize out",
                    nameof(PreprocessingOverride.ImageSize)
                );
            if (told is { } other && other.Value.Height != fixedSide)
                throw report.Bad(
                    $"{other.Source} is {other.Value.Height}, but the graph takes images of {fixedSide}×{fixedSide}: give the file that belongs to it"
                );
            report.Add("input side", new Told<int>(fixedSide, "the graph's input", FactSource.Tensors), Text);
            return fixedSide;
        }
        if (given?.ImageSize is { } side)
        {
            report.Add("input side", new Told<int>(side, nameof(PreprocessingOverride.ImageSize), FactSource.Option), Text);
            return side;
        }
        if (told is not { } stating)
            throw report.Bad(
                "its graph takes images of any size and nothing tells which it was trained for: give ImageSize, or a JSON file beside it with input_size",
                nameof(PreprocessingOverride.ImageSize)
            );
        report.Add("input side", new Told<int>(stating.Value.Height, stating.Source, stating.By), Text);
        return stating.Value.Height;

        static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
    }

    private static Statements OfMetadata(string file, IReadOnlyDictionary<string, string> metadata)
    {
        List<Statement> stated = [];
        foreach (string field in Fields)
        {
            if (metadata.TryGetValue(field, out string? text) && Value(text) is { } value)
                stated.Add(new(field, value, $"{field} in the metadata of '{file}'", FactSource.Config));
        }
        return new(stated);
    }

    private static object? Value(string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
            return whole;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
            return number;
        if (!text.StartsWith('['))
            return text;
        try
        {
            return JsonSerializer.Deserialize<double[]>(text) is { Length: > 0 and <= 16 } list
                ? list.Select(item => (object)item).ToArray()
                : null;
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
