// How paths stand in tables: relative to the table's folder, or absolute; members of an archive as archive.tar::member.

namespace DataFreeKD.Manifests;

/// <summary>Turns paths into table form and back.</summary>
public static class ManifestPath
{
    /// <summary>Separates an archive from the member in it: <c>shard-0001.tar::00042.jpg</c>.</summary>
    public const string MemberSeparator = "::";

    /// <summary>The path as written in a table at <paramref name="tablePath"/>: relative to its folder, with forward slashes, where it lies in or below that folder; else absolute.</summary>
    public static string ToTable(string path, string tablePath)
    {
        (string file, string member) = Split(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(tablePath))!;
        string absolute = Path.GetFullPath(file);
        string relative = Path.GetRelativePath(folder, absolute);
        // A path with ".." would break as soon as the table moves without its images, and hides where they are: keep those absolute.
        bool below = !Path.IsPathRooted(relative) && relative != ".." && !relative.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal);
        return (below ? relative : absolute).Replace(Path.DirectorySeparatorChar, '/') + member;
    }

    /// <summary>The absolute path of a table's <c>path</c> field (a member separator is kept).</summary>
    public static string FromTable(string field, string tablePath)
    {
        (string file, string member) = Split(field);
        string folder = Path.GetDirectoryName(Path.GetFullPath(tablePath))!;
        return Path.GetFullPath(file, folder) + member;
    }

    private static (string File, string Member) Split(string path)
    {
        int at = path.IndexOf(MemberSeparator, StringComparison.Ordinal);
        return at < 0 ? (path, "") : (path[..at], path[at..]);
    }
}
