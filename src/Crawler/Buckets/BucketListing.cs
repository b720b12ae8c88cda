// The listing of a bucket, kept on disk: a crawl that goes on must see the objects that it began with.

using System.Text.Json;
using System.Text.Json.Serialization;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Storage;

namespace DataFreeKD.Crawler.Buckets;

internal static class BucketListing
{
    /// <summary>Lists what may be an image or an archive by its name, as folders are listed, unless that was done before.</summary>
    /// <exception cref="CrawlException">The bucket cannot be listed.</exception>
    public static async Task Keep(string path, BucketService service, BucketName start, CancellationToken cancel)
    {
        if (File.Exists(path))
            return;
        using AtomicFile file = new(path);
        // One to a line: a key may hold line breaks, which JSON does not.
        await foreach (BucketName name in service.List(start, cancel).ConfigureAwait(false))
        {
            if (!ImageInputs.MayBeImage(name.Key) && !ImageInputs.IsArchive(name.Key))
                continue;
            await file
                .Stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(name.Key, ListingJson.Default.String), cancel)
                .ConfigureAwait(false);
            file.Stream.WriteByte((byte)'\n');
        }
        file.Commit();
    }

    /// <summary>The objects that were listed.</summary>
    public static IEnumerable<BucketName> Read(string path, BucketName start) =>
        File.ReadLines(path).Select(line => start with { Key = JsonSerializer.Deserialize(line, ListingJson.Default.String)! });
}

[JsonSerializable(typeof(string))]
internal sealed partial class ListingJson : JsonSerializerContext;
