// Whether bytes are an archive, by what they are and never by a name.

using System.IO.Compression;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Archives that are taken apart.</summary>
internal enum ArchiveKind
{
    /// <summary>A tar: indexed, random access.</summary>
    Tar,

    /// <summary>A gzipped tar: a stream.</summary>
    TarGz,

    /// <summary>A zip: indexed, random access.</summary>
    Zip,

    /// <summary>A Parquet file with images in a column: a row each, random access.</summary>
    Parquet,
}

/// <summary>Tells archives by their first bytes.</summary>
internal static class ArchiveSniffer
{
    /// <summary>Bytes that are enough to tell, also of a gzip file with a long name in its header.</summary>
    public const int Window = 16 << 10;

    /// <summary>A tar's header, with the sum of its bytes in it.</summary>
    private const int Block = 512,
        SumAt = 148,
        SumLength = 8;

    /// <summary>Whether bytes begin as a Parquet file does; whether images are in it, only its schema tells.</summary>
    internal static bool IsParquet(ReadOnlySpan<byte> bytes) => bytes.StartsWith("PAR1"u8);

    /// <summary>The kind; null for what is no archive. A Parquet file is told by its whole, and not here.</summary>
    /// <param name="bytes">The file, or its first <see cref="Window"/> bytes.</param>
    public static ArchiveKind? Of(ReadOnlySpan<byte> bytes)
    {
        // A directory alone is an empty one, a mark before the first member one of several parts, or of one after all.
        if (
            bytes.StartsWith("PK\u0003\u0004"u8)
            || bytes.StartsWith("PK\u0005\u0006"u8)
            || bytes.StartsWith("PK\u0007\u0008PK\u0003\u0004"u8)
            || bytes.StartsWith("PK00PK\u0003\u0004"u8)
        )
            return ArchiveKind.Zip;
        if (IsTarHeader(bytes))
            return ArchiveKind.Tar;
        return IsGzip(bytes) && IsTarHeader(Unpacked(bytes)) ? ArchiveKind.TarGz : null;
    }

    /// <summary>Whether bytes begin as a gzip file does.</summary>
    internal static bool IsGzip(ReadOnlySpan<byte> bytes) => bytes.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]);

    /// <summary>Whether what a gzip file holds has no header, and so may be a tar that is empty or was cut.</summary>
    internal static bool MayBeTar(ReadOnlySpan<byte> packed) =>
        Unpacked(packed) is var start && (start.Length < Block || !start.AsSpan().ContainsAnyExcept((byte)0));

    // Every tar since Unix V7 has the sum, only newer ones a magic word. The sum's own bytes count as spaces.
    internal static bool IsTarHeader(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Block || bytes[0] == 0)
            return false;
        int sum = SumLength * ' ';
        for (int i = 0; i < Block; i++)
        {
            if (i is < SumAt or >= SumAt + SumLength)
                sum += bytes[i];
        }
        int told = 0;
        foreach (byte digit in bytes.Slice(SumAt, SumLength).Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7')
                return false;
            told = told * 8 + digit - '0';
        }
        return told == sum;
    }

    private static byte[] Unpacked(ReadOnlySpan<byte> packed)
    {
        using GZipStream gzip = new(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
        byte[] block = new byte[Block];
        try
        {
            return block[..gzip.ReadAtLeast(block, Block, throwOnEndOfStream: false)];
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            return [];
        }
    }
}
