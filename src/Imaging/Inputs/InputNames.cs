// What a path says: which names are images' and archives' own, which members belong together, which member names are safe. What a file is,
// its bytes tell.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Judges names; touches a file only to tell an archive of an unusual name.</summary>
internal static class InputNames
{
    private const string Separator = "::";

    private static readonly HashSet<string> Extensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
    };

    // What webdataset lays beside an image.
    private static readonly HashSet<string> Sidecars = new(StringComparer.OrdinalIgnoreCase) { ".txt", ".caption", ".json", ".cls" };

    /// <summary>True for a known image extension, or none at all.</summary>
    public static bool MayBeImage(string name) => Path.GetExtension(name).Length == 0 || IsImage(name);

    /// <summary>True for a known image extension.</summary>
    public static bool IsImage(string name) => Extensions.Contains(Path.GetExtension(name));

    /// <summary>True for what tells of an image rather than being one.</summary>
    public static bool IsSidecar(string name) => Sidecars.Contains(Path.GetExtension(name));

    /// <summary>The archive kind by extension; null where it is none of an archive.</summary>
    public static ArchiveKind? KindOf(string path)
    {
        if (path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase))
            return ArchiveKind.Tar;
        if (path.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase))
            return ArchiveKind.TarGz;
        return path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) ? ArchiveKind.Zip : null;
    }

    /// <summary>webdataset's key: the name up to the first dot after its last slash.</summary>
    public static ReadOnlySpan<char> KeyOf(string member)
    {
        int name = member.LastIndexOf('/') + 1,
            dot = member.IndexOf('.', name);
        return dot <= name ? member : member.AsSpan(0, dot);
    }

    /// <summary><c>archive.tar::member</c>.</summary>
    public static string Join(string archive, string member) => archive + Separator + member;

    /// <summary>Takes <c>archive.tar::member</c> apart; false for a plain path.</summary>
    public static bool TrySplit(string path, out string archive, out string member)
    {
        for (
            int at = path.IndexOf(Separator, StringComparison.Ordinal);
            at >= 0;
            at = path.IndexOf(Separator, at + 1, StringComparison.Ordinal)
        )
        {
            if (KindOf(path[..at]) is null && !(at > 0 && File.Exists(path[..at])))
                continue;
            (archive, member) = (path[..at], path[(at + Separator.Length)..]);
            return true;
        }
        (archive, member) = ("", "");
        return false;
    }

    /// <summary>False for a member name that would leave the folder it is unpacked to, on any system: absolute, with a drive, or with a
    /// <c>..</c> segment.</summary>
    public static bool IsSafe(string member)
    {
        if (member.Length == 0 || member[0] is '/' or '\\' || member.Contains('\0', StringComparison.Ordinal))
            return false;
        if (member.Length >= 2 && member[1] == ':' && char.IsAsciiLetter(member[0]))
            return false;
        foreach (Range segment in member.AsSpan().SplitAny('/', '\\'))
        {
            if (member.AsSpan(segment) is "..")
                return false;
        }
        return true;
    }
}
