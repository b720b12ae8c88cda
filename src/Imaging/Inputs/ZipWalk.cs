// The members of a zip, in the order of its directory.

using System.IO.Compression;
using System.IO.Hashing;
using DataFreeKD.Manifests;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>A member of a zip.</summary>
/// <param name="Entry">Opens it.</param>
/// <param name="Name">As <see cref="ZipDirectory"/> reads it.</param>
/// <param name="Method">How it is packed.</param>
/// <param name="Crc">CRC-32 of its content.</param>
internal sealed record ZipMember(ZipArchiveEntry Entry, string Name, int Method, uint Crc);

/// <summary>Opens a zip and judges its entries; content is read by entry.</summary>
internal sealed class ZipWalk : MemberWalk
{
    private readonly ZipArchive? archive;
    private int next;

    /// <summary>Opens the archive; damage is told by <see cref="MemberWalk.Failure"/>.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public ZipWalk(InputFile source)
    {
        Stream file = source.Open(FileOptions.RandomAccess);
        try
        {
            byte[] start = StartOf(file);
            bool begins = start.AsSpan().StartsWith("PK"u8);
            ZipDirectory? directory = file.Length == 0 ? null : ZipDirectory.Read(file);
            // Of two archives one behind the other, the members of the first have no place in the directory.
            bool two = begins && directory is { Before: > 0 } && !IsMarkOfParts(start);
            Failure =
                file.Length == 0 ? Reason.Empty
                : (begins || directory is not null) && !two ? null
                : Reason.Unreadable;
            if (Failure is not null)
            {
                file.Dispose();
                return;
            }
            file.Position = 0;
            archive = new ZipArchive(directory is { Before: > 0 } ? new TailStream(file, directory.Before) : file, ZipArchiveMode.Read);
            if (Overlaps(archive, file.Length))
            {
                Failure = Reason.Overlapping;
                return;
            }
            Members = MembersOf(archive, directory);
            if (directory is { Guessed: true })
                TableNotes.Tell($"{source.Path}: names of members that are neither marked as UTF-8 nor are it are read by code page 437");
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            // The directory is at the end: it began as a zip, so the end is what is missing.
            file.Dispose();
            Failure = Reason.Truncated;
        }
    }

    /// <summary>All members, folders included.</summary>
    public IReadOnlyList<ZipMember> Members { get; } = [];

    public override bool Next()
    {
        while (next < Members.Count)
        {
            ZipMember member = Members[next++];
            if (member.Name.EndsWith('/'))
                continue;
            (Name, Refusal) = (member.Name, RefusalOf(member));
            return true;
        }
        return false;
    }

    public override Content Read(long maxBytes) => Read(Members[next - 1], maxBytes);

    public override byte[] Start(int length)
    {
        if (Refusal is not null)
            return [];
        byte[] start = new byte[length];
        try
        {
            using Stream stream = Members[next - 1].Entry.Open();
            return start[..stream.ReadAtLeast(start, length, throwOnEndOfStream: false)];
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            return [];
        }
    }

    /// <summary>A member's content; a bomb stops at <paramref name="maxBytes"/> whatever its header says.</summary>
    public static Content Read(ZipMember member, long maxBytes)
    {
        if (RefusalOf(member) is { } refusal)
            return new Content(null, refusal);
        ZipArchiveEntry entry = member.Entry;
        try
        {
            if (entry.Length > maxBytes)
                return new Content(null, Reason.TooLarge);
            if (entry.Length == 0)
                return new Content(null, Reason.Empty);
            using Stream stream = entry.Open();
            Content content = CappedRead.All(stream, entry.Length, maxBytes);
            return content.Bytes is { } bytes && Crc32.HashToUInt32(bytes) != member.Crc ? new Content(null, Reason.BadChecksum) : content;
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            return new Content(null, Reason.Unreadable);
        }
    }

    public override void Dispose() => archive?.Dispose();

    // Why a member must not be read; null when it may.
    private static string? RefusalOf(ZipMember member)
    {
        const int typeMask = 0xF000,
            symbolicLink = 0xA000,
            stored = 0,
            deflate = 8,
            deflate64 = 9,
            aes = 99;
        if (!InputNames.IsSafe(member.Name))
            return Reason.UnsafePath;
        if (((member.Entry.ExternalAttributes >> 16) & typeMask) == symbolicLink)
            return Reason.Link;
        if (member.Entry.IsEncrypted || member.Method == aes)
            return Reason.Encrypted;
        return member.Method is stored or deflate or deflate64 ? null : Reason.ZipMethod(member.Method);
    }

    private static ZipMember[] MembersOf(ZipArchive archive, ZipDirectory? directory) =>
        directory is not null && directory.Members.Count == archive.Entries.Count
            ? [.. archive.Entries.Zip(directory.Members, (entry, facts) => new ZipMember(entry, facts.Name, facts.Method, facts.Crc))]
            : [.. archive.Entries.Select(entry => new ZipMember(entry, entry.FullName, 0, entry.Crc32))];

    // Members that lie in the same bytes: a small file that claims to be many large ones, which no writer makes.
    private static bool Overlaps(ZipArchive archive, long length)
    {
        UInt128 claimed = 0;
        foreach (ZipArchiveEntry entry in archive.Entries)
            claimed += (UInt128)(ulong)Math.Max(0, entry.CompressedLength);
        return claimed > (UInt128)(ulong)length;
    }

    // What archives in several parts have before the first member.
    private static bool IsMarkOfParts(ReadOnlySpan<byte> start) => start.StartsWith("PK\u0007\u0008"u8) || start.StartsWith("PK00"u8);

    private static byte[] StartOf(Stream file)
    {
        byte[] start = new byte[4];
        int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        file.Position = 0;
        return start[..read];
    }
}
