// An image that a program holds, without a file.

namespace DataFreeKD.Imaging;

/// <summary>An image in memory: the bytes of an encoded file (JPEG, PNG, GIF, BMP, WebP), or pixels.</summary>
public sealed class MemoryImage
{
    /// <summary>Takes an encoded file. It is decoded when it is used, within <see cref="DecodeLimits.Local"/>.</summary>
    /// <param name="name">What the image is called in results; need not be a path or unique.</param>
    /// <param name="file">The file's bytes; not copied.</param>
    public MemoryImage(string name, byte[] file)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(file);
        (Name, File) = (name, file);
    }

    /// <summary>Takes pixels.</summary>
    /// <param name="name">What the image is called in results; need not be a path or unique.</param>
    /// <param name="pixels">RGB, 8 bits a channel.</param>
    public MemoryImage(string name, RgbImage pixels)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(pixels);
        (Name, Pixels) = (name, pixels);
    }

    /// <summary>What the image is called in results.</summary>
    public string Name { get; }

    /// <summary>The encoded file; null of an image given as pixels.</summary>
    public byte[]? File { get; }

    /// <summary>The pixels; null of an image given as a file.</summary>
    public RgbImage? Pixels { get; }

    /// <summary>Reads a stream to its end.</summary>
    /// <param name="name">What the image is called in results.</param>
    /// <param name="stream">An encoded file; left open.</param>
    /// <param name="cancel">Cancels the reading.</param>
    /// <exception cref="IOException">The stream cannot be read, or holds more than <see cref="DecodeLimits.Local"/> allows a
    /// file.</exception>
    public static async Task<MemoryImage> ReadAsync(string name, Stream stream, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using MemoryStream whole = new();
        byte[] buffer = new byte[81920];
        for (int read; (read = await stream.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0;)
        {
            if (whole.Length + read > DecodeLimits.Local.MaxBytes)
                throw new IOException($"{name} is over {DecodeLimits.Local.MaxBytes} bytes, the limit of one image");
            whole.Write(buffer, 0, read);
        }
        return new MemoryImage(name, whole.ToArray());
    }

    /// <summary>The decoded image, or why there is none.</summary>
    public DecodeResult Decode() =>
        Pixels is { } pixels ? new DecodeResult(pixels, "", null) : ImageDecoder.Decode(File!, DecodeLimits.Local);
}
