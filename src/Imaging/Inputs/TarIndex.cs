// Where a plain tar holds its members, links among them: a link to a member is that member.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>The members of a plain tar by name; where a name occurs twice, its first occurrence.</summary>
internal sealed class TarIndex
{
    // As many as systems follow.
    private const int MostLinks = 40;

    /// <summary>A member: where its content is, why it must not be read, or the member that it links to.</summary>
    internal readonly record struct Place(long Offset, long Length, string? Refusal, string? Target);

    private readonly Dictionary<string, Place> members = new(StringComparer.Ordinal);

    /// <summary>Reads the headers of the whole archive.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public TarIndex(string path)
    {
        using TarWalk walk = new(path, compressed: false, follows: false);
        while (walk.Next())
            members.TryAdd(walk.Name, new Place(walk.Refusal is null ? walk.Offset : 0, walk.Length, walk.Refusal, walk.Target));
        Failure = walk.Failure;
    }

    /// <summary>Why the archive ended early; null at its proper end.</summary>
    public string? Failure { get; }

    /// <summary>The member of a name, links followed; one that leads to no member, or round in a circle, is a refusal.</summary>
    public Place? Find(string name)
    {
        if (!members.TryGetValue(name, out Place place))
            return null;
        for (int links = 0; place.Target is { } target; links++)
        {
            if (links == MostLinks || !members.TryGetValue(target, out place))
                return new Place(0, 0, Reason.Link, null);
        }
        return place;
    }

    /// <summary>The content of a place in an open archive.</summary>
    public static Content Read(FileStream file, Place place, long maxBytes)
    {
        if (place.Refusal is not null)
            return new Content(null, place.Refusal);
        if (place.Length == 0)
            return new Content(null, Reason.Empty);
        if (place.Length > maxBytes)
            return new Content(null, Reason.TooLarge);
        if (place.Offset + place.Length > file.Length)
            return new Content(null, Reason.Truncated);
        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)place.Length);
        file.Position = place.Offset;
        file.ReadExactly(bytes);
        return new Content(bytes, null);
    }

    /// <summary>The first bytes of a place, fewer where it has fewer.</summary>
    public static byte[] Start(FileStream file, Place place, int length)
    {
        byte[] start = new byte[(int)Math.Min(length, place.Length)];
        file.Position = place.Offset;
        return start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
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
