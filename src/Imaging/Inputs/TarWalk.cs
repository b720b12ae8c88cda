// The members of a tar, plain or gzipped, one after another.

using System.Formats.Tar;
using System.IO.Compression;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Walks a tar and never throws for what is in it: damage ends the walk and is told by <see cref="Failure"/>.</summary>
internal sealed class TarWalk : IDisposable
{
    private readonly FileStream file;
    private readonly Stream content;
    private readonly TarReader reader;
    private TarEntry? entry;
    private bool any;

    /// <summary>Opens the archive.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public TarWalk(string path, bool compressed)
    {
        file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.SequentialScan);
        content = compressed ? new BufferedStream(new GZipStream(file, CompressionMode.Decompress), 1 << 16) : file;
        reader = new TarReader(content);
        if (file.Length == 0) Failure = InputReason.Empty;
    }

    /// <summary>The member's name, without a leading <c>./</c>.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Why the member must not be read; null when it may.</summary>
    public string? Refusal { get; private set; }

    /// <summary>The length that the header claims.</summary>
    public long Length => entry!.Length;

    /// <summary>Where a plain tar holds the content.</summary>
    public long Offset => entry!.DataOffset;

    /// <summary>Why the walk ended early; null at the archive's proper end.</summary>
    public string? Failure { get; private set; }

    /// <summary>Goes to the next member that is a file or a link and may be an image; false at the end.</summary>
    public bool Next()
    {
        while (Failure is null && Advance())
        {
            Name = entry!.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
            bool isFile = entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile;
            bool isLink = entry.EntryType is TarEntryType.SymbolicLink or TarEntryType.HardLink;
            if (!isFile && !isLink) continue;
            Refusal = !InputNames.IsSafe(Name) ? InputReason.UnsafePath : isLink ? InputReason.Link : null;
            if (Refusal is not null || InputNames.MayBeImage(Name)) return true;
        }
        return false;
    }

    /// <summary>The current member's content.</summary>
    public Content Read(long maxBytes)
    {
        if (Refusal is not null) return new Content(null, Refusal);
        if (entry!.Length == 0 || entry.DataStream is null) return new Content(null, InputReason.Empty);
        try
        {
            return CappedRead.All(entry.DataStream, entry.Length, maxBytes);
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            return new Content(null, InputReason.Truncated);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        reader.Dispose();
        content.Dispose();
        file.Dispose();
    }

    private bool Advance()
    {
        try
        {
            entry = reader.GetNextEntry();
            any |= entry is not null;
            return entry is not null;
        }
        catch (EndOfStreamException)
        {
            Failure = InputReason.Truncated;
        }
        catch (Exception error) when (error is IOException or InvalidDataException or FormatException or ArgumentException or NotSupportedException or OverflowException)
        {
            // A first header that is none is no archive; after good members the file was cut or damaged.
            Failure = any ? InputReason.Truncated : InputReason.Unreadable;
        }
        return false;
    }
}
