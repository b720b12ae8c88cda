// Reads the body of an answer under a cap, and undoes its content codings under the same cap.

using System.Buffers;
using System.IO.Compression;

namespace DataFreeKD.Crawler.Fetching;

internal static class CappedBody
{
    /// <summary>A claimed length up to this is believed at once; beyond it memory grows with what arrives.</summary>
    private const int Trusted = 1 << 20;

    /// <summary>More codings than this are a trick, not a transfer.</summary>
    private const int MaxCodings = 3;

    /// <summary>The bytes as they came.</summary>
    /// <exception cref="FetchException"><c>too_large</c>.</exception>
    public static async Task<byte[]> Read(Stream stream, long? claimed, long maxBytes, CancellationToken cancel)
    {
        if (claimed > maxBytes) throw new FetchException(Reason.TooLarge);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp((claimed ?? 32 << 10) + 1, 4096, Trusted));
        try
        {
            int length = 0;
            for (int read; (read = await stream.ReadAsync(buffer.AsMemory(length), cancel).ConfigureAwait(false)) > 0;)
            {
                length += read;
                if (length > maxBytes) throw new FetchException(Reason.TooLarge);
                if (length < buffer.Length) continue;
                buffer = Grow(buffer, length);
            }
            return buffer.AsSpan(0, length).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Undoes <c>Content-Encoding</c> (RFC 9110, 8.4): the last coding named is undone first.</summary>
    /// <exception cref="FetchException"><c>too_large</c> for what unpacks beyond the cap, <c>bad_encoding</c> for what is not what it says.</exception>
    public static byte[] Decode(byte[] bytes, IEnumerable<string> codings, long maxBytes)
    {
        string[] names = [.. codings.SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Select(name => name.ToLowerInvariant()).Where(name => name != "identity")];
        if (names.Length > MaxCodings) throw new FetchException(Reason.BadEncoding);
        foreach (string name in names.Reverse()) bytes = Unpack(bytes, name, maxBytes);
        return bytes;
    }

    /// <summary>Unpacks a gzip file under the cap.</summary>
    /// <exception cref="FetchException">As <see cref="Decode"/>.</exception>
    public static byte[] Gunzip(byte[] bytes, long maxBytes) => Unpack(bytes, "gzip", maxBytes);

    private static byte[] Unpack(byte[] bytes, string coding, long maxBytes)
    {
        if (bytes.Length == 0) return bytes;
        using var packed = new MemoryStream(bytes, writable: false);
        using Stream plain = coding switch
        {
            "gzip" or "x-gzip" => new GZipStream(packed, CompressionMode.Decompress),
            "br" => new BrotliStream(packed, CompressionMode.Decompress),
            // Servers send "deflate" with the zlib wrapper that the standard asks for, and without it.
            "deflate" => (bytes[0] & 0x0f) == 8 && bytes.Length > 1 && (bytes[0] << 8 | bytes[1]) % 31 == 0 ? new ZLibStream(packed, CompressionMode.Decompress) : new DeflateStream(packed, CompressionMode.Decompress),
            _ => throw new FetchException(Reason.BadEncoding),
        };
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(bytes.Length * 4L, 4096, Trusted));
        try
        {
            int length = 0;
            for (int read; (read = plain.Read(buffer.AsSpan(length))) > 0;)
            {
                length += read;
                if (length > maxBytes) throw new FetchException(Reason.TooLarge);
                if (length == buffer.Length) buffer = Grow(buffer, length);
            }
            return buffer.AsSpan(0, length).ToArray();
        }
        catch (Exception error) when (error is InvalidDataException or InvalidOperationException or EndOfStreamException)
        {
            throw new FetchException(Reason.BadEncoding, error);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, buffer.Length * 2L));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
