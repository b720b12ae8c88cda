// Globs: `*` and `?` within a path segment, `**` over any number of segments. Own code, as Microsoft.Extensions.FileSystemGlobbing has no
// `?`, and its walk gives neither a fixed order, nor links and unreadable folders as reasons, nor files before the whole tree is read.

using System.Text;
using System.Text.RegularExpressions;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>A pattern split into the folder to start in and the expression that relative paths must match.</summary>
internal sealed record Glob(string Folder, Regex Pattern, bool Recursive)
{
    /// <summary>True when <paramref name="source"/> has a wildcard.</summary>
    public static bool IsGlob(string source) => source.AsSpan().ContainsAny('*', '?');

    /// <summary>Parses; the segments before the first wildcard are the folder.</summary>
    public static Glob Parse(string source)
    {
        string[] segments = source.Replace('\\', Path.DirectorySeparatorChar).Split('/', Path.DirectorySeparatorChar);
        int first = Array.FindIndex(segments, IsGlob);
        string folder = first == 0 ? "." : string.Join('/', segments[..first]);
        if (folder.Length == 0)
            folder = "/";
        return new Glob(
            Path.GetFullPath(folder),
            PatternOf(segments.AsSpan(first)),
            segments.Length - first > 1 || segments[first] == "**"
        );
    }

    /// <summary>What paths of these segments match, with slashes.</summary>
    public static Regex PatternOf(ReadOnlySpan<string> segments)
    {
        StringBuilder pattern = new("^");
        for (int i = 0; i < segments.Length; i++)
        {
            bool last = i == segments.Length - 1;
            if (segments[i] == "**")
            {
                pattern.Append(last ? ".*" : "(?:[^/]+/)*");
                continue;
            }
            foreach (char c in segments[i])
                pattern.Append(
                    c switch
                    {
                        '*' => "[^/]*",
                        '?' => "[^/]",
                        _ => Regex.Escape(c.ToString()),
                    }
                );
            if (!last)
                pattern.Append('/');
        }
        pattern.Append('$');
        return new Regex(pattern.ToString(), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.Singleline);
    }

    /// <summary>The files that match, in the order of <see cref="FolderWalk"/>.</summary>
    public IEnumerable<FoundFile> Files(bool followLinks = false)
    {
        foreach (FoundFile file in FolderWalk.Files(Folder, Recursive, followLinks))
        {
            if (Pattern.IsMatch(Path.GetRelativePath(Folder, file.Path).Replace('\\', '/')))
                yield return file;
        }
    }
}
