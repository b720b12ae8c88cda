// s3://bucket/key: how buckets and their objects are named, in sources and in tables.

namespace DataFreeKD.Storage;

/// <summary>An object, or the start of the names of many.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Key">The key as it is, nothing of it encoded.</param>
internal readonly record struct BucketName(string Bucket, string Key)
{
    private const string Scheme = "s3://";

    /// <summary>Whether a source is named like this.</summary>
    public static bool Fits(string name) => name.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <exception cref="StorageException">No bucket is named.</exception>
    public static BucketName Parse(string name)
    {
        string[] parts = name[Scheme.Length..].Split('/', 2);
        if (parts[0].Length == 0)
            throw new StorageException($"{name}: names no bucket; write s3://bucket/prefix");
        return new BucketName(parts[0], parts.Length == 2 ? parts[1] : "");
    }

    public override string ToString() => $"{Scheme}{Bucket}/{Key}";
}
