// How paths stand in tables: relative to the table's folder, or absolute; members of an archive as archive.tar::member.

namespace DataFreeKD.Manifests;

/// <summary>Turns paths into table form and back.</summary>
internal static class ManifestPath
{
    /// <summary>Separates an archive from the member in it: <c>shard-0001.tar::00042.jpg</c>.</summary>
    public const string MemberSeparator = "::";

    /// <summary>
    /// The path as written in a table at <paramref name="tablePath"/>: relative to its folder with forward slashes where both lie
    /// in a common folder below the root (so that the whole tree can be moved), else absolute. A member separator is kept.
    /// </summary>
    public static string ToTable(string path, string tablePath)
    {
        if (IsAddress(path))
            return path;
        (string file, string member) = Split(path);
        file = Path.GetFullPath(file);
        string folder = Folder(tablePath);
        return (SharesFolder(file, folder) ? Slashes(Path.GetRelativePath(folder, file)) : file) + member;
    }

    /// <summary>Where the fully scored sample of a pool lies whose scores table has figures of some rows only.</summary>
    /// <param name="scores">The scores table.</param>
    public static string SampleBeside(string scores) => Path.ChangeExtension(Path.TrimEndingDirectorySeparator(scores), ".sample.csv");

    /// <summary>Where the classifier of corrupted copies lies that a scores table was made by.</summary>
    /// <param name="scores">The scores table.</param>
    public static string IntactModelBeside(string scores) => Path.ChangeExtension(scores, ".intact.zip");

    /// <summary>Where the cascade lies that a scores table was made by.</summary>
    /// <param name="scores">The scores table.</param>
    public static string CascadeModelBeside(string scores) => Path.ChangeExtension(scores, ".cascade.zip");

    /// <summary>Where scoring leaves the embeddings of a scores table's rows.</summary>
    /// <param name="scores">The scores table.</param>
    public static string EmbeddingsBeside(string scores) =>
        Path.ChangeExtension(Path.TrimEndingDirectorySeparator(scores), ".embeddings.npy");

    /// <summary>
    /// The absolute path of a table's <c>path</c> field (a member separator is kept). <c>file://</c> addresses are taken apart; backslashes
    /// count as slashes, as in tables from Windows, where there is no file whose name has them.
    /// </summary>
    /// <exception cref="TableException">The field is empty.</exception>
    public static string FromTable(string field, string tablePath)
    {
        field = OfAddress(field) ?? field;
        if (IsAddress(field))
            return Shortened(field);
        // No system has such a name: the sign for what cannot be shown leads to nothing, so that the row fails as not_found and no other
        // does.
        field = field.Replace('\0', '\u2400');
        (string file, string member) = Split(field);
        if (file.Length == 0)
            throw new TableException(
                $"{tablePath}: a row has no path; give every row a path relative to the table's folder, or an absolute one"
            );
        string full = Path.GetFullPath(file, Folder(tablePath));
        // Spaces around a field are seldom the file's own.
        if (
            (char.IsWhiteSpace(file[0]) || char.IsWhiteSpace(file[^1]))
            && file.Trim() is { Length: > 0 } bare
            && !File.Exists(full)
            && Path.GetFullPath(bare, Folder(tablePath)) is var other
            && File.Exists(other)
        )
            full = other;
        if (MayMeanAnother(file) && !File.Exists(full))
            full = Another(file, tablePath) ?? full;
        if (Path.DirectorySeparatorChar != '\\' && file.Contains('\\', StringComparison.Ordinal) && !File.Exists(full))
            full = Path.GetFullPath(file.Replace('\\', '/'), Folder(tablePath));
        return full + member;
    }

    /// <summary>The full path; an address is left as it is.</summary>
    public static string Full(string path) => IsAddress(path) ? path : Path.GetFullPath(path);

    /// <summary>Whether a text is an address (<c>https://...</c>, <c>s3://...</c>, <c>data:...</c>) and no path.</summary>
    public static bool IsAddress(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.StartsWith("data:", StringComparison.OrdinalIgnoreCase) && path.Contains(',', StringComparison.Ordinal))
            return true;
        // One letter before the colon is a drive.
        int scheme = path.IndexOf("://", StringComparison.Ordinal);
        return scheme is > 1 and < 16 && char.IsAsciiLetter(path[0]) && path.AsSpan(0, scheme).IndexOfAnyExcept(SchemeLetters) < 0;
    }

    private static readonly System.Buffers.SearchValues<char> SchemeLetters = System.Buffers.SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-."
    );

    // An image within a table would be the longest field of every later table: what tells it from others is enough.
    private static string Shortened(string address)
    {
        const int longest = 4096;
        if (address.Length <= longest && !address.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
            return address;
        string hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(address)));
        return FormattableString.Invariant(
            $"{address[..Math.Min(40, address.IndexOf(',', StringComparison.Ordinal) + 1)]}...{address.Length} characters, sha256 {hash}"
        );
    }

    // What a path may mean that leads to nothing as it is written: %20 for a space, ~ for the home folder. Null where there is no such file
    // either.
    private static string? Another(string file, string tablePath)
    {
        if (file.StartsWith("~/", StringComparison.Ordinal))
            file = Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), file[1..]);
        foreach (string other in (string[])[file, Uri.UnescapeDataString(file)])
        {
            if (
                !other.Contains('\0', StringComparison.Ordinal)
                && Path.GetFullPath(other, Folder(tablePath)) is var full
                && File.Exists(full)
            )
                return full;
        }
        return null;
    }

    private static bool MayMeanAnother(string file) =>
        file.Contains('%', StringComparison.Ordinal) || file.StartsWith("~/", StringComparison.Ordinal);

    /// <summary>Splits <c>archive.tar::member</c> into the file and the member (null for a plain file).</summary>
    public static (string File, string? Member) SplitMember(string path) =>
        path.IndexOf(MemberSeparator, StringComparison.Ordinal) is >= 0 and var at
            ? (path[..at], path[(at + MemberSeparator.Length)..])
            : (path, null);

    // file:/a, file:///a and file://localhost/a are one file of this machine (RFC 8089); those of other machines are left as they are.
    private static string? OfAddress(string field)
    {
        const string scheme = "file:",
            host = "localhost";
        if (!field.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        string rest = field[scheme.Length..];
        if (rest.StartsWith("//", StringComparison.Ordinal))
        {
            rest = rest[2..];
            if (rest.StartsWith(host + "/", StringComparison.OrdinalIgnoreCase))
                rest = rest[host.Length..];
        }
        if (!rest.StartsWith('/'))
            return null;
        string path = Uri.UnescapeDataString(rest);
        // A drive's letter stands behind the slash.
        return OperatingSystem.IsWindows() && path.Length > 2 && path[2] == ':' ? path[1..] : path;
    }

    // The member with its separator, so that gluing restores the text as it was.
    private static (string File, string Member) Split(string path) =>
        path.IndexOf(MemberSeparator, StringComparison.Ordinal) is >= 0 and var at ? (path[..at], path[at..]) : (path, "");

    // Of a table that is a folder, what lies around it.
    private static string Folder(string tablePath) =>
        Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(tablePath)))
        ?? Path.GetPathRoot(Path.GetFullPath(tablePath))!;

    private static bool SharesFolder(string file, string folder)
    {
        string root = Path.GetPathRoot(folder)!;
        if (Path.GetPathRoot(file) != root)
            return false;
        string first = folder[root.Length..].Split(Path.DirectorySeparatorChar)[0];
        return first.Length == 0 || file[root.Length..].StartsWith(first + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }

    private static string Slashes(string path) =>
        Path.DirectorySeparatorChar == '/' ? path : path.Replace(Path.DirectorySeparatorChar, '/');
}
