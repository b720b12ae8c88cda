// annotations.json in the layout of COCO (Lin et al., ECCV 2014), beside images/.

using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests;
using DataFreeKD.Packer.Files;
using DataFreeKD.Packer.Rows;

namespace DataFreeKD.Packer.Formats;

/// <summary>
/// An annotation says what the teacher predicts: its category, the whole image as its box, <c>score</c> (the confidence) and
/// <c>scores</c> (every number that was scored). An image without a prediction has none. Numbers of images and annotations count from 1.
/// </summary>
internal sealed class CocoFolder
{
    // What an object needs before it is worth a write.
    private const int Buffer = 64 << 10;

    private readonly PackJob job;
    private readonly List<Placed> placed = [];
    private readonly Dictionary<string, int> licenses = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, PackClass> categories = [];

    private CocoFolder(PackJob job) => this.job = job;

    private readonly record struct Placed(long Row, string File, long Width, long Height);

    public static void Write(PackJob job, OutputFolder folder)
    {
        CocoFolder coco = new(job);
        coco.Place(new ImageTree(folder, "images", job.Options.Layout ?? ImageLayout.Flat));
        using AtomicFile file = new(Path.Combine(folder.Staging, "annotations.json"));
        using (Utf8JsonWriter json = new(file.Stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            coco.Write(json);
        file.Commit();
    }

    private void Place(ImageTree tree)
    {
        foreach (PackImage image in job.Images())
        {
            (long width, long height, string? reason) = Size(image);
            if (reason is not null)
            {
                job.Skip(reason);
                continue;
            }
            placed.Add(new Placed(image.Row.Row.Number, $"images/{tree.Copy(image)}", width, height));
            if (image.Row.Row["license"] is { Length: > 0 } license)
                licenses.TryAdd(license, licenses.Count + 1);
            if (image.Row.Class.Name.Length > 0)
                categories.TryAdd(image.Row.Class.Category, image.Row.Class);
            job.Add(image.Row);
        }
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WritePropertyName("info");
        new JsonObject
        {
            ["description"] = "Images selected by DataFreeKD; categories are a teacher's predictions, not labels.",
            ["version"] = Provenance.ToolVersion,
        }.WriteTo(json);
        json.WriteStartArray("licenses");
        foreach ((string license, int id) in licenses)
            new JsonObject
            {
                ["id"] = id,
                ["name"] = license,
                ["url"] = license.StartsWith("http", StringComparison.OrdinalIgnoreCase) ? license : "",
            }.WriteTo(json);
        json.WriteEndArray();
        WriteEach(json, "images", Image);
        WriteEach(json, "annotations", Annotation);
        json.WriteStartArray("categories");
        foreach (PackClass category in categories.Values)
            new JsonObject
            {
                ["id"] = category.Category,
                ["name"] = category.Name,
                ["supercategory"] = "",
            }.WriteTo(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // The table is read again rather than kept: a row with its captions is a hundred times what is needed of it here.
    private void WriteEach(Utf8JsonWriter json, string name, Func<long, PackRow, Placed, JsonObject?> describe)
    {
        json.WriteStartArray(name);
        int at = 0;
        foreach (PackRow row in job.Source.Read(job.Cancel))
        {
            if (at == placed.Count)
                break;
            // Rows that were skipped stand between those that were not.
            if (row.Row.Number != placed[at].Row)
                continue;
            describe(at + 1, row, placed[at++])?.WriteTo(json);
            if (json.BytesPending > Buffer)
                json.Flush();
        }
        json.WriteEndArray();
    }

    private JsonObject Image(long id, PackRow row, Placed image)
    {
        JsonObject described = new()
        {
            ["id"] = id,
            ["file_name"] = image.File,
            ["width"] = image.Width,
            ["height"] = image.Height,
        };
        if (row.Row["license"] is { Length: > 0 } license)
            described["license"] = licenses[license];
        if (row.Url is { } url)
            described["coco_url"] = url;
        if (row.Row["sha256"] is { Length: > 0 } hash)
            described["sha256"] = hash;
        if (row.Row["caption"] is { Length: > 0 } caption)
            described["caption"] = caption;
        return described;
    }

    private static JsonObject? Annotation(long id, PackRow row, Placed image)
    {
        if (row.Class.Name.Length == 0)
            return null;
        JsonObject scores = RowJson.Of(row.Row, static column => column == "rank" || Columns.TypeOf(column) == typeof(double));
        JsonObject annotation = new()
        {
            ["id"] = id,
            ["image_id"] = id,
            ["category_id"] = row.Class.Category,
            ["bbox"] = new JsonArray(0, 0, image.Width, image.Height),
            ["area"] = image.Width * image.Height,
            ["segmentation"] = new JsonArray(),
            ["iscrowd"] = 0,
        };
        if (scores["confidence"] is { } confidence)
            annotation["score"] = confidence.DeepClone();
        annotation["scores"] = scores;
        return annotation;
    }

    private static (long Width, long Height, string? Reason) Size(PackImage image)
    {
        if (Side(image, "width") is { } width && Side(image, "height") is { } height)
            return (width, height, null);
        GlanceResult seen = ImageDecoder.Glance(image.Bytes, 1, DecodeLimits.Local);
        return (seen.Width, seen.Height, seen.Reason);
    }

    private static long? Side(PackImage image, string column) =>
        long.TryParse(image.Row.Row[column], NumberStyles.None, CultureInfo.InvariantCulture, out long side) && side > 0 ? side : null;
}
