// What a path says: which files are images, which are archives, which member names are safe.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>The kinds of archive that are read.</summary>
internal enum ArchiveKind
{
    /// <summary>Not an archive.</summary>
    None,

    /// <summary><c>.tar</c>: indexed, random access.</summary>
    Tar,

    /// <summary><c>.tar.gz</c>, <c>.tgz</c>: a stream.</summary>
    TarGz,

    /// <summary><c>.zip</c>: indexed, random access.</summary>
    Zip,
}

/// <summary>Judges names alone; touches no file.</summary>
internal static class InputNames
{
    private const string Separator = "::";

    private static readonly HashSet<string> Extensions = new(StringComparer.OrdinalIgnoreCase) { ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib" };

    /// <summary>True for a known image extension, or none at all.</summary>
    public static bool MayBeImage(string name)
    {
        string extension = Path.GetExtension(name);
        return extension.Length == 0 || Extensions.Contains(extension);
    }

    /// <summary>The archive kind by extension.</summary>
    public static ArchiveKind KindOf(string path)
    {
        if (path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase)) return ArchiveKind.Tar;
        if (path.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase)) return ArchiveKind.TarGz;
        return path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) ? ArchiveKind.Zip : ArchiveKind.None;
    }

    /// <summary><c>archive.tar::member</c>.</summary>
    public static string Join(string archive, string member) => archive + Separator + member;

    /// <summary>Takes <c>archive.tar::member</c> apart; false for a plain path.</summary>
    public static bool TrySplit(string path, out string archive, out string member)
    {
        for (int at = path.IndexOf(Separator, StringComparison.Ordinal); at >= 0; at = path.IndexOf(Separator, at + 1, StringComparison.Ordinal))
        {
            if (KindOf(path[..at]) == ArchiveKind.None) continue;
            (archive, member) = (path[..at], path[(at + Separator.Length)..]);
            return true;
        }
        (archive, member) = ("", "");
        return false;
    }

    /// <summary>False for a member name that would leave the folder it is unpacked to, on any system: absolute, with a drive, or with a <c>..</c> segment.</summary>
    public static bool IsSafe(string member)
    {
        if (member.Length == 0 || member[0] is '/' or '\\' || member.Contains('\0', StringComparison.Ordinal)) return false;
        if (member.Length >= 2 && member[1] == ':' && char.IsAsciiLetter(member[0])) return false;
        foreach (Range segment in member.AsSpan().SplitAny('/', '\\'))
        {
            if (member.AsSpan(segment) is "..") return false;
        }
        return true;
    }
}
