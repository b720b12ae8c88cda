// What a zip's directory says and System.IO.Compression does not tell: how members are packed, names in other encodings, bytes before the
// archive.

using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>A member as the directory has it.</summary>
/// <param name="Name">Its name, by the rules of <see cref="ZipDirectory"/>.</param>
/// <param name="Method">How it is packed (APPNOTE 4.4.5).</param>
/// <param name="Crc">CRC-32 of its content.</param>
internal readonly record struct ZipFacts(string Name, int Method, uint Crc);

/// <summary>
/// The central directory of a zip. A name is UTF-8 where its flag says so; else what Info-ZIP's extra field 0x7075 has; else UTF-8 where
/// it is that, and code page 437 where it is not, as the format says and as Python reads it.
/// </summary>
/// <param name="Before">Bytes before the archive, such as the program of a self-extracting one.</param>
/// <param name="Members">In order.</param>
/// <param name="Guessed">Whether a name was read by code page 437.</param>
internal sealed record ZipDirectory(long Before, IReadOnlyList<ZipFacts> Members, bool Guessed)
{
    private const int EndLength = 22,
        Locator64 = 20,
        End64 = 56,
        EntryLength = 46,
        LongestComment = 65535,
        Utf8Flag = 0x800,
        UnicodePath = 0x7075;

    // Two million members with names of 80 letters.
    private const long LargestDirectory = 256L << 20;

    private static readonly Encoding Strict = new UTF8Encoding(false, throwOnInvalidBytes: true),
        Dos = CodePagesEncodingProvider.Instance.GetEncoding(437)!;

    /// <summary>Reads it; null where there is none that makes sense.</summary>
    public static ZipDirectory? Read(Stream file)
    {
        byte[] tail = new byte[Math.Min(file.Length, EndLength + LongestComment + Locator64 + End64)];
        long start = file.Length - tail.Length;
        file.Position = start;
        file.ReadExactly(tail);
        for (int at = tail.Length - EndLength; at >= 0; at--)
        {
            if (!tail.AsSpan(at).StartsWith("PK\u0005\u0006"u8))
                continue;
            ReadOnlySpan<byte> end = tail.AsSpan(at);
            (long size, long offset, long place) = (
                BinaryPrimitives.ReadUInt32LittleEndian(end[12..]),
                BinaryPrimitives.ReadUInt32LittleEndian(end[16..]),
                start + at
            );
            if (
                (uint.MaxValue == size || uint.MaxValue == offset || BinaryPrimitives.ReadUInt16LittleEndian(end[10..]) == ushort.MaxValue)
                && at >= Locator64 + End64
                && tail.AsSpan(at - Locator64 - End64) is var large
                && large.StartsWith("PK\u0006\u0006"u8)
            )
                (size, offset, place) = (
                    BinaryPrimitives.ReadInt64LittleEndian(large[40..]),
                    BinaryPrimitives.ReadInt64LittleEndian(large[48..]),
                    place - Locator64 - End64
                );
            long before = place - size - offset;
            if (size < 0 || offset < 0 || before < 0 || size > LargestDirectory)
                return null;
            // Before a directory is made room for: it begins as one.
            Span<byte> first = stackalloc byte[4];
            file.Position = place - size;
            if (
                size > 0
                && (file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false) < 4 || !first.SequenceEqual("PK\u0001\u0002"u8))
            )
                return null;
            byte[] directory = new byte[size];
            file.Position = place - size;
            file.ReadExactly(directory);
            return Entries(directory, before);
        }
        return null;
    }

    private static ZipDirectory? Entries(ReadOnlySpan<byte> directory, long before)
    {
        List<ZipFacts> members = new();
        bool guessed = false;
        while (directory.Length >= EntryLength)
        {
            if (!directory.StartsWith("PK\u0001\u0002"u8))
                return null;
            int name = BinaryPrimitives.ReadUInt16LittleEndian(directory[28..]),
                extra = BinaryPrimitives.ReadUInt16LittleEndian(directory[30..]),
                comment = BinaryPrimitives.ReadUInt16LittleEndian(directory[32..]);
            if (EntryLength + name + extra + comment > directory.Length)
                return null;
            members.Add(
                new ZipFacts(
                    NameOf(
                        directory.Slice(EntryLength, name),
                        directory.Slice(EntryLength + name, extra),
                        (BinaryPrimitives.ReadUInt16LittleEndian(directory[8..]) & Utf8Flag) != 0,
                        ref guessed
                    ),
                    BinaryPrimitives.ReadUInt16LittleEndian(directory[10..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(directory[16..])
                )
            );
            directory = directory[(EntryLength + name + extra + comment)..];
        }
        return new ZipDirectory(before, members, guessed);
    }

    private static string NameOf(ReadOnlySpan<byte> name, ReadOnlySpan<byte> extra, bool utf8, ref bool guessed)
    {
        if (!utf8 && !Ascii.IsValid(name) && Unicode(name, extra) is { } better)
            return better;
        try
        {
            return Strict.GetString(name);
        }
        catch (DecoderFallbackException)
        {
            guessed = true;
            return Dos.GetString(name);
        }
    }

    // APPNOTE 4.6.9: version 1, the CRC of the name that it stands for, and that name in UTF-8.
    private static string? Unicode(ReadOnlySpan<byte> name, ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (length > extra.Length - 4)
                return null;
            ReadOnlySpan<byte> field = extra.Slice(4, length);
            if (
                BinaryPrimitives.ReadUInt16LittleEndian(extra) == UnicodePath
                && length > 5
                && field[0] == 1
                && BinaryPrimitives.ReadUInt32LittleEndian(field[1..]) == Crc32.HashToUInt32(name)
            )
                return Encoding.UTF8.GetString(field[5..]);
            extra = extra[(4 + length)..];
        }
        return null;
    }
}
