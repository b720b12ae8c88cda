// The members of a tar, plain or gzipped, one after another.

using System.Formats.Tar;
using System.IO.Compression;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Walks a tar.</summary>
internal sealed class TarWalk : MemberWalk
{
    private readonly FileStream file;
    private readonly TarHeaders content;
    private readonly TarReader reader;
    private TarEntry? entry;
    private bool any;

    /// <summary>Opens the archive.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public TarWalk(string path, bool compressed)
    {
        file = new FileStream(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete,
            1 << 16,
            FileOptions.SequentialScan
        );
        content = new TarHeaders(compressed ? new BufferedStream(new GZipStream(file, CompressionMode.Decompress), 1 << 16) : file);
        reader = new TarReader(content);
        if (file.Length == 0)
            Failure = Reason.Empty;
    }

    /// <summary>The length that the header claims.</summary>
    public long Length => entry!.Length;

    /// <summary>Where a plain tar holds the content.</summary>
    public long Offset => entry!.DataOffset;

    public override bool Next()
    {
        while (Failure is null && Advance())
        {
            Name = entry!.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
            string? kind = entry.EntryType switch
            {
                TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile => null,
                TarEntryType.SymbolicLink or TarEntryType.HardLink => Reason.Link,
                TarEntryType.Fifo or TarEntryType.CharacterDevice or TarEntryType.BlockDevice => Reason.NotAFile,
                TarEntryType.SparseFile => Reason.Unreadable,
                _ => "",
            };
            if (kind is "")
                continue;
            Refusal = InputNames.IsSafe(Name) ? kind : Reason.UnsafePath;
            return true;
        }
        return false;
    }

    public override Content Read(long maxBytes)
    {
        if (Refusal is not null)
            return new Content(null, Refusal);
        if (entry!.Length == 0 || entry.DataStream is null)
            return new Content(null, Reason.Empty);
        try
        {
            return CappedRead.All(entry.DataStream, entry.Length, maxBytes);
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            return new Content(null, Reason.Truncated);
        }
    }

    public override byte[] Start(int length)
    {
        if (Refusal is not null || entry!.DataStream is not { } data)
            return [];
        byte[] start = new byte[length];
        try
        {
            return start[..data.ReadAtLeast(start, length, throwOnEndOfStream: false)];
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            return [];
        }
    }

    public override void Dispose()
    {
        reader.Dispose();
        content.Dispose();
        file.Dispose();
    }

    private bool Advance()
    {
        try
        {
            // What is left of a member is read here where it cannot be jumped over, so that it is not taken for headers.
            if (!content.CanSeek)
                entry?.DataStream?.CopyTo(Stream.Null);
            content.AreRead = true;
            entry = reader.GetNextEntry();
            any |= entry is not null;
            return entry is not null;
        }
        catch (EndOfStreamException)
        {
            Failure = Reason.Truncated;
        }
        catch (Exception error)
            when (error
                    is IOException
                        or InvalidDataException
                        or FormatException
                        or ArgumentException
                        or NotSupportedException
                        or OverflowException
                        // A size beyond what an array can have.
                        or InvalidOperationException
            )
        {
            // A first header that is none is no archive; after good members the file was cut or damaged.
            Failure = any ? Reason.Truncated : Reason.Unreadable;
        }
        finally
        {
            content.AreRead = false;
        }
        return false;
    }
}
