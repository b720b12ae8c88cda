// Tar shards in webdataset's layout: for each image key.jpg, key.cls (its class), key.txt (its caption) and key.json.

using System.Formats.Tar;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DataFreeKD.Manifests;

/// <summary>An image for a shard.</summary>
/// <param name="Key">Name of its members: letters, digits, <c>-</c> and <c>_</c>; unique in the store.</param>
/// <param name="Image">The file.</param>
/// <param name="Format">Its format: <c>jpeg</c>, <c>png</c>, <c>webp</c>, <c>gif</c> or <c>bmp</c>; its member ends in this, <c>jpg</c> for
/// the first.</param>
/// <param name="Caption">Null or empty: no text member.</param>
/// <param name="Facts">The JSON member, written in this order of names.</param>
/// <param name="Class">0-based class; null: no class member.</param>
internal sealed record ShardSample(string Key, byte[] Image, string Format, string? Caption, JsonObject Facts, long? Class = null);

/// <summary>
/// Writes <c>00000.tar</c>, <c>00001.tar</c>, ... of a fixed number of images. A shard appears when it is whole; <see cref="Complete"/>
/// ends the last one, without it the images
/// since the last whole shard leave nothing behind. Equal samples give equal bytes: members carry no time, owner or machine.
/// </summary>
/// <param name="folder">Created where absent.</param>
/// <param name="imagesPerShard">At least 1.</param>
/// <param name="firstShard">Number of the first shard.</param>
internal sealed class ShardWriter(string folder, int imagesPerShard, int firstShard = 0) : IDisposable
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private int shard = firstShard;
    private int images;
    private AtomicFile? file;
    private TarWriter? tar;

    /// <summary>Adds an image. Returns where it is: <c>.../00000.tar::key.jpg</c>.</summary>
    /// <exception cref="ArgumentException">The key cannot be a member's name: a dot would end it, a slash leave the archive.</exception>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public string Add(ShardSample sample)
    {
        if (sample.Key.Length is 0 or > 80 || !sample.Key.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            throw new ArgumentException($"'{sample.Key}' is no key of a shard", nameof(sample));
        string path = Path.Combine(folder, $"{shard.ToString("D5", CultureInfo.InvariantCulture)}.tar");
        if (tar is null)
        {
            file = new AtomicFile(path);
            tar = new TarWriter(file.Stream, TarEntryFormat.Ustar, leaveOpen: true);
        }
        string image = $"{sample.Key}.{(sample.Format == "jpeg" ? "jpg" : sample.Format)}";
        Write(image, sample.Image);
        if (sample.Class is { } label)
            Write($"{sample.Key}.cls", Encoding.ASCII.GetBytes(label.ToString(CultureInfo.InvariantCulture)));
        if (!string.IsNullOrEmpty(sample.Caption))
            Write($"{sample.Key}.txt", Encoding.UTF8.GetBytes(sample.Caption));
        Write($"{sample.Key}.json", JsonSerializer.SerializeToUtf8Bytes(sample.Facts, Readable));
        if (++images == imagesPerShard)
            Complete();
        return $"{path}::{image}";
    }

    /// <summary>Ends the shard that is under way, if any; it is whole with fewer images.</summary>
    public void Complete()
    {
        if (tar is null)
            return;
        tar.Dispose();
        file!.Commit();
        file.Dispose();
        (tar, file, images) = (null, null, 0);
        shard++;
    }

    /// <summary>Drops a shard that is not whole.</summary>
    public void Dispose()
    {
        tar?.Dispose();
        file?.Dispose();
    }

    private void Write(string name, byte[] content)
    {
        using MemoryStream data = new(content, writable: false);
        tar!.WriteEntry(
            new UstarTarEntry(TarEntryType.RegularFile, name)
            {
                DataStream = data,
                ModificationTime = DateTimeOffset.UnixEpoch,
                Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
                Uid = 0,
                Gid = 0,
            }
        );
    }
}
