// The members of a zip, in the order of its directory.

using System.IO.Compression;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Opens a zip and judges its entries; content is read by entry.</summary>
internal sealed class ZipWalk : MemberWalk
{
    private readonly ZipArchive? archive;
    private int next;

    /// <summary>Opens the archive; damage is told by <see cref="MemberWalk.Failure"/>.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public ZipWalk(string path)
    {
        var file = new FileStream(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete,
            1 << 16,
            FileOptions.RandomAccess
        );
        try
        {
            Failure =
                file.Length == 0 ? Reason.Empty
                : BeginsAsZip(file) ? null
                : Reason.Unreadable;
            if (Failure is not null)
            {
                file.Dispose();
                return;
            }
            archive = new ZipArchive(file, ZipArchiveMode.Read);
            if (Overlaps(archive, file.Length))
                Failure = Reason.Overlapping;
            else
                Entries = archive.Entries;
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            // The directory is at the end: it began as a zip, so the end is what is missing.
            file.Dispose();
            Failure = Reason.Truncated;
        }
    }

    /// <summary>All entries, folders included.</summary>
    public IReadOnlyList<ZipArchiveEntry> Entries { get; } = [];

    public override bool Next()
    {
        while (next < Entries.Count)
        {
            ZipArchiveEntry entry = Entries[next++];
            if (entry.FullName.EndsWith('/'))
                continue;
            (Name, Refusal) = (entry.FullName, RefusalOf(entry));
            return true;
        }
        return false;
    }

    public override Content Read(long maxBytes) => Read(Entries[next - 1], maxBytes);

    public override byte[] Start(int length)
    {
        if (Refusal is not null)
            return [];
        byte[] start = new byte[length];
        try
        {
            using Stream stream = Entries[next - 1].Open();
            return start[..stream.ReadAtLeast(start, length, throwOnEndOfStream: false)];
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            return [];
        }
    }

    /// <summary>An entry's content; a bomb stops at <paramref name="maxBytes"/> whatever its header says.</summary>
    public static Content Read(ZipArchiveEntry entry, long maxBytes)
    {
        if (RefusalOf(entry) is { } refusal)
            return new Content(null, refusal);
        try
        {
            if (entry.Length > maxBytes)
                return new Content(null, Reason.TooLarge);
            if (entry.Length == 0)
                return new Content(null, Reason.Empty);
            using Stream stream = entry.Open();
            return CappedRead.All(stream, entry.Length, maxBytes);
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            return new Content(null, Reason.Unreadable);
        }
    }

    public override void Dispose() => archive?.Dispose();

    // Why an entry must not be read; null when it may.
    private static string? RefusalOf(ZipArchiveEntry entry)
    {
        const int typeMask = 0xF000,
            symbolicLink = 0xA000;
        if (!InputNames.IsSafe(entry.FullName))
            return Reason.UnsafePath;
        if (((entry.ExternalAttributes >> 16) & typeMask) == symbolicLink)
            return Reason.Link;
        return entry.IsEncrypted ? Reason.Encrypted : null;
    }

    // Members that lie in the same bytes: a small file that claims to be many large ones, which no writer makes.
    private static bool Overlaps(ZipArchive archive, long length)
    {
        UInt128 claimed = 0;
        foreach (ZipArchiveEntry entry in archive.Entries)
            claimed += (UInt128)(ulong)Math.Max(0, entry.CompressedLength);
        return claimed > (UInt128)(ulong)length;
    }

    private static bool BeginsAsZip(FileStream file)
    {
        Span<byte> start = stackalloc byte[2];
        int read = file.ReadAtLeast(start, 2, throwOnEndOfStream: false);
        file.Position = 0;
        return read == 2 && start.SequenceEqual("PK"u8);
    }
}
