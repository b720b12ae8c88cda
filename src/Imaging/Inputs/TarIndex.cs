// Where a plain tar holds its members, links among them: a link to a member is that member.

using DataFreeKD.Storage;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>The members of a plain tar by name, found as far as they were asked for; where a name occurs twice, its first occurrence. All
/// calls may be made at once.</summary>
internal sealed class TarIndex : IDisposable
{
    // As many as systems follow.
    private const int MostLinks = 40;

    /// <summary>A member: where its content is, why it must not be read, or the member that it links to.</summary>
    internal readonly record struct Place(long Offset, long Length, string? Refusal, string? Target);

    private readonly Lock gate = new();
    private readonly Dictionary<string, Place> members = new(StringComparer.Ordinal);
    private readonly InputFile file;
    private readonly Stream walked;
    private TarWalk? walk;
    private Stream? contents;

    /// <summary>Opens the archive.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public TarIndex(InputFile file)
    {
        this.file = file;
        walked = file.Open(FileOptions.SequentialScan);
        walk = new TarWalk(file, walked, compressed: false, follows: false);
    }

    /// <summary>Why the archive ended early; null at its proper end, and before it.</summary>
    public string? Failure { get; private set; }

    /// <summary>Members found so far.</summary>
    public int Count => members.Count;

    /// <summary>Whether it was stopped where it cannot go on.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>The member of a name, links followed; one that leads to no member, or round in a circle, is a refusal.</summary>
    /// <returns>Null where there is none up to the end of the archive.</returns>
    public Place? Find(string name, CancellationToken cancel = default)
    {
        lock (gate)
        {
            if (Member(name, cancel) is not { } place)
                return null;
            for (int links = 0; place.Target is { } target; links++)
            {
                if (links == MostLinks || Member(target, cancel) is not { } next)
                    return new Place(0, 0, Reason.Link, null);
                place = next;
            }
            return place;
        }
    }

    /// <summary>The content of a place.</summary>
    public Content Read(Place place, long maxBytes, CancellationToken cancel = default)
    {
        if (place.Refusal is not null)
            return new Content(null, place.Refusal);
        if (place.Length == 0)
            return new Content(null, Reason.Empty);
        if (place.Length > maxBytes)
            return new Content(null, Reason.TooLarge);
        byte[] bytes;
        lock (gate)
        {
            long end = walked is ObjectStream { Length: var length } ? length : Contents.Length;
            if (place.Offset + place.Length > end)
                return new Content(null, Reason.Truncated);
            bytes = GC.AllocateUninitializedArray<byte>((int)place.Length);
            if (walked is not ObjectStream remote)
            {
                Contents.Position = place.Offset;
                Contents.ReadExactly(bytes);
                return new Content(bytes, null);
            }
            // What the walk has just gone over need not be asked for again.
            if (remote.TryCopy(place.Offset, bytes))
                return new Content(bytes, null);
        }
        ((ObjectStream)walked).ReadAt(place.Offset, bytes, cancel);
        return new Content(bytes, null);
    }

    /// <summary>The first bytes of a place, fewer where it has fewer.</summary>
    public byte[] Start(Place place, int length)
    {
        lock (gate)
        {
            byte[] start = new byte[(int)Math.Min(length, place.Length)];
            Contents.Position = place.Offset;
            return start[..Contents.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }
    }

    /// <summary>Lets go of what an object's index holds beside the places; it can be asked all the same.</summary>
    public void Rest()
    {
        lock (gate)
            (walked as ObjectStream)?.Rest();
    }

    public void Dispose()
    {
        lock (gate)
        {
            walk?.Dispose();
            walked.Dispose();
            contents?.Dispose();
        }
    }

    private Stream Contents => contents ??= file.Open(FileOptions.RandomAccess, buffer: 0);

    private Place? Member(string name, CancellationToken cancel)
    {
        if (members.TryGetValue(name, out Place known))
            return known;
        if (walked is ObjectStream remote)
            remote.Cancel = cancel;
        try
        {
            while (walk is not null)
            {
                if (!walk.Next())
                {
                    Failure = walk.Failure;
                    walk.Dispose();
                    walk = null;
                    break;
                }
                Place place = new(walk.Refusal is null ? walk.Offset : 0, walk.Length, walk.Refusal, walk.Target);
                if (members.TryAdd(walk.Name, place) && walk.Name == name)
                    return place;
            }
        }
        catch
        {
            // A header was cut in two by a failure of the network.
            IsBroken = true;
            throw;
        }
        return null;
    }

    /// <summary>The name of the member that a link leads to; null where it leads out of the archive.</summary>
    /// <param name="link">The link's own name.</param>
    /// <param name="target">What it says.</param>
    /// <param name="hard">Whether that is from the archive's top on; a symbolic link's is from the link's folder on.</param>
    public static string? TargetOf(string link, string target, bool hard)
    {
        if (target.Length == 0 || target[0] == '/' || target.Contains('\\', StringComparison.Ordinal))
            return null;
        List<string> segments = new();
        if (!hard)
            segments.AddRange(link.Split('/')[..^1]);
        foreach (string segment in target.Split('/'))
        {
            if (segment is "" or ".")
                continue;
            if (segment != "..")
                segments.Add(segment);
            else if (segments.Count > 0)
                segments.RemoveAt(segments.Count - 1);
            else
                return null;
        }
        return string.Join('/', segments);
    }
}
