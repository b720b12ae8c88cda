// What webdataset lays beside an image becomes columns: .txt the caption, .cls the label, .json the metadata; of this project's own shards
// the JSON becomes the columns that it was made of.

using System.Text.Json;
using DataFreeKD.Manifests;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Reads what lies beside the images of an archive.</summary>
internal static class Sidecars
{
    /// <summary>Archives, and images of each, that are looked at to learn which columns there are.</summary>
    private const int Archives = 50,
        Images = 16;

    private static readonly IReadOnlyDictionary<string, string?> Nothing = new Dictionary<string, string?>();

    /// <summary>The columns of an image's sidecars: <c>caption</c>, <c>label</c>, <c>license</c>, <c>metadata</c>, or those that this
    /// project's own shards were made of.</summary>
    public static IReadOnlyDictionary<string, string?> ColumnsOf(ImageInput image)
    {
        if (image.Beside.Count == 0)
            return Nothing;
        Dictionary<string, string?> columns = new(StringComparer.Ordinal);
        if ((Text(image, "txt") ?? Text(image, "caption")) is { } caption)
            columns["caption"] = caption;
        if (Text(image, "cls") is { } label)
            columns["label"] = label;
        if (Text(image, "json") is { } json)
            Add(json, columns);
        return columns;
    }

    /// <summary>The columns that the archives among local sources bring, by a look at the first images of each.</summary>
    /// <param name="sources">Folders, files, globs; tables among them are passed over.</param>
    /// <param name="options">How files are opened.</param>
    /// <param name="cancel">Stops.</param>
    public static IEnumerable<string> CarriedColumns(IEnumerable<string> sources, InputOptions options, CancellationToken cancel) =>
        sources
            .Where(source => !Directory.Exists(source) && !Table.Fits(source))
            .SelectMany(source => ArchivesOf(source, options, cancel))
            .SelectMany(ColumnsOf(options, cancel))
            .Distinct();

    private static IEnumerable<string> ArchivesOf(string source, InputOptions options, CancellationToken cancel)
    {
        try
        {
            if (Storage.BucketName.Fits(source))
                return
                [
                    .. BucketInputs
                        .Find(source, cancel)
                        .Select(file => file.Path)
                        .Where(path => InputNames.KindOf(path) is not null)
                        .Take(Archives),
                ];
            return
            [
                .. (File.Exists(source) ? [source] : ImageInputs.AllOf(source, _ => true) ?? [])
                    .Where(path => !cancel.IsCancellationRequested && ImageInputs.IsArchive(path, options))
                    .Take(Archives),
            ];
        }
        catch (FileNotFoundException)
        {
            // Told where the source is read.
            return [];
        }
    }

    // Sidecars are small: the images among them need not be read for this.
    private static Func<string, IEnumerable<string>> ColumnsOf(InputOptions options, CancellationToken cancel) =>
        archive =>
            ImageInputs
                .Enumerate(archive, options with { MaxBytes = Math.Min(options.MaxBytes, MemberSamples.LargestSidecar) }, cancel)
                .Take(Images)
                .SelectMany(image => ColumnsOf(image).Keys);

    private static void Add(string json, Dictionary<string, string?> columns)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object)
            {
                if (root.TryGetProperty("caption", out JsonElement caption) && caption.ValueKind == JsonValueKind.String)
                    columns.TryAdd("caption", caption.GetString());
                if (root.TryGetProperty("license", out JsonElement license) && license.ValueKind == JsonValueKind.String)
                    columns["license"] = license.GetString();
                if (IsOurs(root))
                {
                    Expand(root, columns);
                    return;
                }
            }
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // Not JSON: the text is kept as it is.
        }
        columns["metadata"] = json;
    }

    // As this project's crawl and pack write it.
    private static bool IsOurs(JsonElement root) =>
        root.TryGetProperty("sha256", out _)
        && root.TryGetProperty("width", out _)
        && (root.TryGetProperty("phash", out _) || root.TryGetProperty("selection_score", out _) || root.TryGetProperty("rank", out _));

    private static void Expand(JsonElement root, Dictionary<string, string?> columns)
    {
        foreach (JsonProperty property in root.EnumerateObject())
        {
            string name = property.Name == "source" ? "url" : property.Name;
            if (name is "caption" or "license" || Columns.Store.Contains(name))
                continue;
            columns.TryAdd(
                name,
                property.Value.ValueKind switch
                {
                    JsonValueKind.Null => null,
                    JsonValueKind.String => property.Value.GetString(),
                    _ => property.Value.GetRawText(),
                }
            );
        }
    }

    private static string? Text(ImageInput image, string ending) => image.Beside.TryGetValue(ending, out string? text) ? text.Trim() : null;
}
