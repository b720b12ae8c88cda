// Undoes content codings under a cap.

using System.IO.Compression;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>Every file is unpacked twice: once to learn its length, within the cap, in next to no memory; then into an array of just that
/// length.</summary>
internal static class Unpacking
{
    /// <summary>More codings than this are a trick, not a transfer.</summary>
    private const int MaxCodings = 3;

    /// <summary>Undoes <c>Content-Encoding</c> (RFC 9110, 8.4): the last coding named is undone first.</summary>
    /// <param name="open">Opens the packed bytes at their beginning; called twice.</param>
    /// <param name="length">Of the packed bytes.</param>
    /// <param name="codings">As the header has them.</param>
    /// <param name="maxBytes">Cap on what comes out of every coding.</param>
    /// <exception cref="FetchException"><c>too_large</c>, or <c>bad_encoding</c>.</exception>
    public static byte[] Undo(Func<Stream> open, long length, IEnumerable<string> codings, long maxBytes)
    {
        string[] names = Names(codings);
        try
        {
            if (names.Length > 0 && length > 0)
            {
                using Stream counted = Layered(open(), names, maxBytes);
                length = CappedStream.Drain(counted);
            }
            byte[] plain = GC.AllocateUninitializedArray<byte>((int)length);
            using Stream stream = Layered(open(), length == 0 ? [] : names, maxBytes);
            stream.ReadExactly(plain);
            return plain;
        }
        catch (Exception error) when (IsOfCoding(error))
        {
            throw new FetchException(Reason.BadEncoding, error);
        }
    }

    /// <summary>Undoes <c>Content-Encoding</c> as far as the cap goes, and leaves the rest out.</summary>
    /// <param name="open">Opens the packed bytes at their beginning; called once.</param>
    /// <param name="codings">As the header has them.</param>
    /// <param name="maxBytes">Cap on what comes out.</param>
    /// <param name="cut">Whether the packed bytes stop early themselves, so that running out of them is no error.</param>
    /// <exception cref="FetchException"><c>bad_encoding</c>.</exception>
    public static byte[] Beginning(Func<Stream> open, IEnumerable<string> codings, long maxBytes, bool cut)
    {
        using MemoryStream found = new();
        try
        {
            using Stream stream = Names(codings).Reverse().Aggregate(open(), Undone);
            byte[] block = new byte[16 << 10];
            while (
                found.Length < maxBytes && stream.Read(block, 0, (int)Math.Min(block.Length, maxBytes - found.Length)) is > 0 and int read
            )
                found.Write(block, 0, read);
        }
        catch (Exception error) when (IsOfCoding(error))
        {
            if (!cut || found.Length == 0)
                throw new FetchException(Reason.BadEncoding, error);
        }
        return found.ToArray();
    }

    /// <summary>Unpacks a gzip file under the cap.</summary>
    /// <exception cref="FetchException">As <see cref="Undo"/>.</exception>
    public static byte[] Gunzip(byte[] bytes, long maxBytes) =>
        Undo(() => new MemoryStream(bytes, writable: false), bytes.Length, ["gzip"], maxBytes);

    // zlib's own errors are IOExceptions of a type that is not public; those of the disk are none of the body's.
    private static bool IsOfCoding(Exception error) =>
        error is InvalidDataException or InvalidOperationException or EndOfStreamException
        || error is IOException && error.GetType().Assembly == typeof(DeflateStream).Assembly;

    private static string[] Names(IEnumerable<string> codings)
    {
        string[] names =
        [
            .. codings
                .SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                .Select(name => name.ToLowerInvariant())
                .Where(name => name != "identity"),
        ];
        return names.Length > MaxCodings ? throw new FetchException(Reason.BadEncoding) : names;
    }

    private static Stream Layered(Stream packed, string[] names, long maxBytes) =>
        names.Reverse().Aggregate(packed, (stream, name) => new CappedStream(Undone(stream, name), maxBytes));

    private static Stream Undone(Stream packed, string coding) =>
        coding switch
        {
            "gzip" or "x-gzip" => new GZipStream(packed, CompressionMode.Decompress),
            "br" => new BrotliStream(packed, CompressionMode.Decompress),
            "deflate" => Inflated(packed),
            _ => throw new FetchException(Reason.BadEncoding),
        };

    // Servers send "deflate" with the zlib wrapper that the standard asks for, and without it.
    private static Stream Inflated(Stream packed)
    {
        byte[] start = new byte[2];
        int read = packed.ReadAtLeast(start, 2, throwOnEndOfStream: false);
        Stream whole = new PrefixedStream(start.AsMemory(0, read), packed);
        return read == 2 && (start[0] & 0x0f) == 8 && (start[0] << 8 | start[1]) % 31 == 0
            ? new ZLibStream(whole, CompressionMode.Decompress)
            : new DeflateStream(whole, CompressionMode.Decompress);
    }
}
