// Where a path leads in the end.

namespace DataFreeKD.Core;

/// <summary>Follows the symbolic links of a path, those of its folders too; what is not there yet keeps its name.</summary>
internal static class FinalPath
{
    // As Linux has it.
    private const int MostLinks = 40;

    /// <summary>The path without links.</summary>
    /// <param name="path">A full path.</param>
    /// <exception cref="OutputException">Links lead to one another.</exception>
    public static string Of(string path)
    {
        string resolved = Path.GetPathRoot(path)!;
        Stack<string> left = new();
        Push(left, path[resolved.Length..]);
        int links = 0;
        while (left.TryPop(out string? name))
        {
            if (name is "" or ".")
                continue;
            if (name == "..")
            {
                resolved = Path.GetDirectoryName(resolved) ?? resolved;
                continue;
            }
            string next = Path.Combine(resolved, name);
            if (LinkOf(next) is not { } target)
            {
                resolved = next;
                continue;
            }
            if (++links > MostLinks)
                throw new OutputException($"{path} leads through links without end; name what they are to lead to");
            if (Path.IsPathRooted(target))
                resolved = Path.GetPathRoot(target)!;
            Push(left, Path.IsPathRooted(target) ? target[resolved.Length..] : target);
        }
        return resolved;
    }

    private static void Push(Stack<string> left, string names)
    {
        foreach (string name in names.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar).Reverse())
            left.Push(name);
    }

    private static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Not to be looked at: whoever writes there will be told.
            return null;
        }
    }
}
