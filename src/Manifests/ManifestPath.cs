// How paths stand in tables: relative to the table's folder, or absolute; members of an archive as archive.tar::member.

namespace DataFreeKD.Manifests;

/// <summary>Turns paths into table form and back.</summary>
public static class ManifestPath
{
    /// <summary>Separates an archive from the member in it: <c>shard-0001.tar::00042.jpg</c>.</summary>
    public const string MemberSeparator = "::";

    /// <summary>The path as written in a table at <paramref name="tablePath"/>: relative to its folder with forward slashes where it lies below or beside it on the same root, else absolute.</summary>
    public static string ToTable(string path, string tablePath) => throw new NotImplementedException();

    /// <summary>The absolute path of a table's <c>path</c> field (a member separator is kept).</summary>
    public static string FromTable(string field, string tablePath) => throw new NotImplementedException();
}
