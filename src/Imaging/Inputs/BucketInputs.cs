// What a source on S3-compatible storage names: an object, all under a prefix, or what matches a pattern.

using System.Text;
using System.Text.RegularExpressions;
using DataFreeKD.Storage;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Finds objects. Prefixes take, as crawls of buckets do, what may be an image or an archive by its name.</summary>
internal static class BucketInputs
{
    /// <summary>The objects of a source, in the order of their keys.</summary>
    /// <param name="source"><c>s3://bucket/key</c>, <c>s3://bucket/prefix/</c>, or with <c>*</c>, <c>**</c> and <c>?</c>.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    /// <exception cref="StorageException">The bucket cannot be asked, or the object is of a kind that is not read there.</exception>
    public static IEnumerable<FoundFile> Find(string source, CancellationToken cancel)
    {
        IEnumerable<StoredObject> objects = Objects(source, cancel);
        return objects.Select(one => new FoundFile(one.Name.ToString(), null) { Stored = one });
    }

    /// <summary>What stands for the content of all that a source names: names, lengths and ETags.</summary>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    /// <exception cref="StorageException">The bucket cannot be asked.</exception>
    public static string MarkOf(string source, CancellationToken cancel)
    {
        using System.Security.Cryptography.IncrementalHash hash = System.Security.Cryptography.IncrementalHash.CreateHash(
            System.Security.Cryptography.HashAlgorithmName.SHA256
        );
        long objects = 0;
        StoredObject? last = null;
        foreach (StoredObject one in Objects(source, cancel))
        {
            objects++;
            last = one;
            hash.AppendData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{one.Name}\0{one.Length}\0{one.ETag}\n")));
        }
        return objects == 1 && last!.Name.ToString() == Name(source)
            ? FormattableString.Invariant($"etag {last.ETag.Trim('"')}, {last.Length} bytes")
            : FormattableString.Invariant($"etags {Convert.ToHexStringLower(hash.GetHashAndReset())}, {objects} objects");
    }

    private static string Name(string source) => BucketName.Parse(source).ToString();

    private static IEnumerable<StoredObject> Objects(string source, CancellationToken cancel)
    {
        BucketName name = BucketName.Parse(source);
        BucketClient client = SharedStorage.Client;
        if (name.Key.Length > 0 && !name.Key.EndsWith('/') && Blocking.Wait(() => client.Find(name, cancel)) is { } one)
        {
            return InputNames.KindOf(name.Key) is not null || InputNames.MayBeImage(name.Key)
                ? [one]
                : throw new StorageException(
                    $"{name} is neither an archive (.tar, .tar.gz, .tgz, .zip) nor an image by its name; tables and other files are read from this machine: download it"
                );
        }
        bool glob = Glob.IsGlob(name.Key);
        BucketName start = name with
        {
            Key =
                glob ? name.Key[..name.Key.AsSpan().IndexOfAny('*', '?')]
                : name.Key.Length == 0 || name.Key.EndsWith('/') ? name.Key
                : name.Key + "/",
        };
        Regex? pattern = glob ? Glob.PatternOf(name.Key.Split('/')) : null;
        IEnumerable<StoredObject> found = Listed(client, start, cancel)
            .Where(one =>
                pattern?.IsMatch(one.Name.Key) ?? (InputNames.MayBeImage(one.Name.Key) || InputNames.KindOf(one.Name.Key) is not null)
            );
        // The first page, once more: the rest is listed as it is read.
        if (!found.Any())
            throw new FileNotFoundException(
                glob ? $"no object matches '{name}'" : $"no object '{name}', and no image or archive under '{start}'",
                source
            );
        return found;
    }

    private static IEnumerable<StoredObject> Listed(BucketClient client, BucketName start, CancellationToken cancel)
    {
        IAsyncEnumerator<StoredObject> objects = client.List(start, cancel).GetAsyncEnumerator(cancel);
        byte[] last = [];
        try
        {
            while (Blocking.Wait(() => objects.MoveNextAsync().AsTask()))
            {
                byte[] key = Encoding.UTF8.GetBytes(objects.Current.Name.Key);
                // Work shards are places in this order.
                if (key.AsSpan().SequenceCompareTo(last) < 0)
                    throw new StorageException($"{start}: the service does not list keys in their order; name the objects in a table");
                last = key;
                yield return objects.Current;
            }
        }
        finally
        {
            Blocking.Wait(() => objects.DisposeAsync().AsTask());
        }
    }
}
