// The members of a tar, plain or gzipped, one after another.

using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using DataFreeKD.Manifests;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Walks a tar.</summary>
internal sealed class TarWalk : MemberWalk
{
    private const int Block = 512,
        MostFollowed = 16;

    // A record of a tape has 10 KiB. A file's hole of a terabyte is read as zeros too.
    private const long MostZeros = 16L << 20;

    private readonly InputFile source;
    private readonly Stream file;
    private readonly TarHeaders content;
    private readonly bool follows;
    private TarReader reader;
    private TarIndex? index;
    private TarEntry? entry;
    private long followed;
    private bool any;

    /// <summary>Opens the archive.</summary>
    /// <param name="source">The file.</param>
    /// <param name="compressed">Whether it is gzipped: a stream, whose links cannot be followed back.</param>
    /// <param name="follows">Whether a link to a member gives that member's content.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public TarWalk(InputFile source, bool compressed, bool follows = true)
        : this(source, source.Open(FileOptions.SequentialScan), compressed, follows) { }

    /// <summary>Walks what is open, and closes it.</summary>
    public TarWalk(InputFile source, Stream file, bool compressed, bool follows)
    {
        (this.source, this.file, this.follows) = (source, file, follows && !compressed);
        content = new TarHeaders(compressed ? new BufferedStream(new GZipStream(file, CompressionMode.Decompress), 1 << 16) : file);
        reader = new TarReader(content, leaveOpen: true);
        if (file.Length == 0)
            Failure = Reason.Empty;
    }

    /// <summary>The length that the header claims.</summary>
    public long Length => entry!.Length;

    /// <summary>Where a plain tar holds the content.</summary>
    public long Offset => entry!.DataOffset;

    /// <summary>The member that this one links to; null where it is no link, or leads to none.</summary>
    public string? Target { get; private set; }

    public override bool Next()
    {
        while (Failure is null && Advance())
        {
            Name = Plain(NameOf(entry!));
            Target = null;
            string? kind = entry!.EntryType switch
            {
                TarEntryType.SymbolicLink or TarEntryType.HardLink => Linked(),
                TarEntryType.Fifo or TarEntryType.CharacterDevice or TarEntryType.BlockDevice => Reason.NotAFile,
                TarEntryType.Directory or TarEntryType.DirectoryList or TarEntryType.TapeVolume => "",
                TarEntryType.GlobalExtendedAttributes or TarEntryType.ExtendedAttributes => "",
                TarEntryType.LongPath or TarEntryType.LongLink => "",
                // The rest of a file that began on another tape.
                TarEntryType.MultiVolume => Reason.Truncated,
                // Kinds that nobody knows are files (POSIX, pax).
                _ => IsSparse(entry) ? Reason.SparseMember : null,
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
        if (Target is not null)
            return Follow(maxBytes);
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
        if (Target is not null)
            return index?.Find(Target) is { Refusal: null } place ? index.Start(place, length) : [];
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
        index?.Dispose();
        reader.Dispose();
        content.Dispose();
        file.Dispose();
    }

    private static string Plain(string name) => name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;

    // The reader takes names for UTF-8. One that is not is read as Latin-1: else two names may become one.
    private string NameOf(TarEntry one) =>
        one.Name.Contains('\uFFFD', StringComparison.Ordinal) && content.LastName is { } name && Encoding.UTF8.GetString(name) == one.Name
            ? Latin(name)
            : one.Name;

    private string Latin(byte[] name)
    {
        TableNotes.Tell($"{source.Path}: names of members that are not UTF-8 are read as Latin-1");
        return Encoding.Latin1.GetString(name);
    }

    // GNU tar since 1.15 tells of holes in extended attributes, and gives the file another name.
    private bool IsSparse(TarEntry one)
    {
        if (content.LastIsSparse)
            return true;
        if (
            one is not PaxTarEntry { ExtendedAttributes: { } attributes }
            || !attributes.Keys.Any(key => key.StartsWith("GNU.sparse.", StringComparison.Ordinal))
        )
            return false;
        if (attributes.TryGetValue("GNU.sparse.name", out string? name))
            Name = Plain(name);
        return true;
    }

    private string? Linked()
    {
        Target = TarIndex.TargetOf(Name, entry!.LinkName, entry.EntryType == TarEntryType.HardLink);
        if (!follows)
            return Target is null || !content.CanSeek ? Reason.Link : null;
        return Target is not null && (index ??= new TarIndex(source)).Find(Target) is { } place ? place.Refusal : Reason.Link;
    }

    private Content Follow(long maxBytes)
    {
        if (index?.Find(Target!) is not { } place)
            return new Content(null, Reason.Link);
        // Many links to a large member are as much work as many large members.
        followed += place.Length;
        if (followed > MostFollowed * file.Length)
            return new Content(null, Reason.Overlapping);
        return index.Read(place, maxBytes, source.Cancel);
    }

    // Archives that were put one behind the other: after the zeros at the end of one the next begins.
    private bool GoesOn()
    {
        byte[] block = new byte[Block];
        for (long zeros = 0; zeros < MostZeros && content.ReadAtLeast(block, Block, throwOnEndOfStream: false) == Block; zeros += Block)
        {
            if (block.AsSpan().ContainsAnyExcept((byte)0))
            {
                if (!ArchiveSniffer.IsTarHeader(block))
                    return false;
                reader.Dispose();
                content.PutBack(block);
                reader = new TarReader(content, leaveOpen: true);
                return true;
            }
        }
        return false;
    }

    private bool Advance()
    {
        try
        {
            // What is left of a member is read here where it cannot be jumped over, so that it is not taken for headers.
            if (!content.CanSeek)
                entry?.DataStream?.CopyTo(Stream.Null);
            do
            {
                content.AreRead = true;
                entry = reader.GetNextEntry();
                content.AreRead = false;
            } while (entry is null && any && GoesOn());
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
