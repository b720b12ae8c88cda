// The members of a zip, in the order of its directory.

using System.IO.Compression;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Opens a zip and judges its entries; content is read by entry.</summary>
internal sealed class ZipWalk : IDisposable
{
    private readonly ZipArchive? archive;

    /// <summary>Opens the archive; damage is told by <see cref="Failure"/>.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public ZipWalk(string path)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.RandomAccess);
        try
        {
            Failure = file.Length == 0 ? InputReason.Empty : BeginsAsZip(file) ? null : InputReason.Unreadable;
            if (Failure is not null)
            {
                file.Dispose();
                return;
            }
            archive = new ZipArchive(file, ZipArchiveMode.Read);
            Entries = archive.Entries;
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            // The directory is at the end: it began as a zip, so the end is what is missing.
            file.Dispose();
            Failure = InputReason.Truncated;
        }
    }

    /// <summary>All entries, folders included.</summary>
    public IReadOnlyList<ZipArchiveEntry> Entries { get; } = [];

    /// <summary>Why there are no entries; null for a sound archive.</summary>
    public string? Failure { get; }

    /// <summary>True for an entry that gets a row: a file that may be an image, or something that is refused.</summary>
    public static bool HasRow(ZipArchiveEntry entry) => !entry.FullName.EndsWith('/') && (Refusal(entry) is not null || InputNames.MayBeImage(entry.FullName));

    /// <summary>Why an entry must not be read; null when it may.</summary>
    public static string? Refusal(ZipArchiveEntry entry)
    {
        const int typeMask = 0xF000, symbolicLink = 0xA000;
        if (!InputNames.IsSafe(entry.FullName)) return InputReason.UnsafePath;
        return ((entry.ExternalAttributes >> 16) & typeMask) == symbolicLink ? InputReason.Link : null;
    }

    /// <summary>An entry's content; a bomb stops at <paramref name="maxBytes"/> whatever its header says.</summary>
    public static Content Read(ZipArchiveEntry entry, long maxBytes)
    {
        if (Refusal(entry) is { } refusal) return new Content(null, refusal);
        try
        {
            if (entry.Length > maxBytes) return new Content(null, InputReason.TooLarge);
            if (entry.Length == 0) return new Content(null, InputReason.Empty);
            using Stream stream = entry.Open();
            return CappedRead.All(stream, entry.Length, maxBytes);
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            return new Content(null, InputReason.Unreadable);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => archive?.Dispose();

    private static bool BeginsAsZip(FileStream file)
    {
        Span<byte> start = stackalloc byte[2];
        int read = file.ReadAtLeast(start, 2, throwOnEndOfStream: false);
        file.Position = 0;
        return read == 2 && start.SequenceEqual("PK"u8);
    }
}
