// The files of a folder tree in ordinal order of their paths.

using System.IO.Enumeration;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>A file found, or a place that could not be entered (<paramref name="Reason"/>).</summary>
internal readonly record struct FoundFile(string Path, string? Reason)
{
    /// <summary>The object, where it lies in a bucket.</summary>
    public Storage.StoredObject? Stored { get; init; }
}

/// <summary>Walks depth first with one sorted folder in memory at a time, which gives the same order as sorting all paths.</summary>
internal static class FolderWalk
{
    private static readonly EnumerationOptions Everything = new()
    {
        AttributesToSkip = 0,
        IgnoreInaccessible = false,
        RecurseSubdirectories = false,
    };

    private readonly record struct Entry(string SortName, bool IsFolder, bool IsLink);

    /// <summary>All files under <paramref name="folder"/>. A link is told with the reason <c>link</c>, unless links are followed; then one
    /// that leads to a folder that was walked already is.</summary>
    public static IEnumerable<FoundFile> Files(string folder, bool recursive = true, bool followLinks = false)
    {
        // Each folder once, so that neither a circle of links nor many ways to one place make a walk endless.
        HashSet<string>? walked = followLinks ? [] : null;
        Stack<(string Path, string? Reason, bool IsFolder)> pending = new();
        pending.Push((folder, null, true));
        while (pending.TryPop(out (string Path, string? Reason, bool IsFolder) next))
        {
            if (!next.IsFolder)
            {
                yield return new FoundFile(next.Path, next.Reason);
                continue;
            }
            if (walked?.Add(FileFacts.Of(next.Path).Identity) == false)
            {
                yield return new FoundFile(next.Path, Reason.Link);
                continue;
            }
            (List<Entry>? entries, string? failure) = Sorted(next.Path, followLinks);
            if (entries is null)
            {
                yield return new FoundFile(next.Path, failure);
                continue;
            }
            for (int i = entries.Count - 1; i >= 0; i--)
            {
                Entry entry = entries[i];
                if (entry.IsLink)
                    pending.Push((Path.Combine(next.Path, entry.SortName), Reason.Link, false));
                else if (!entry.IsFolder)
                    pending.Push((Path.Combine(next.Path, entry.SortName), null, false));
                else if (recursive)
                    pending.Push((Path.Combine(next.Path, entry.SortName[..^1]), null, true));
            }
        }
    }

    // Null when the folder cannot be read. A folder sorts by its name with the separator, as it would in a full path.
    private static (List<Entry>? Entries, string? Failure) Sorted(string folder, bool followLinks)
    {
        try
        {
            FileSystemEnumerable<Entry> found = new(
                folder,
                (ref FileSystemEntry entry) =>
                {
                    bool link = (entry.Attributes & FileAttributes.ReparsePoint) != 0;
                    bool isFolder = link ? followLinks && FileFacts.Of(entry.ToFullPath()).Type == FileType.Folder : entry.IsDirectory;
                    return new Entry(
                        isFolder ? entry.FileName.ToString() + "/" : entry.FileName.ToString(),
                        isFolder,
                        link && !followLinks
                    );
                },
                Everything
            );
            List<Entry> entries = [.. found];
            entries.Sort(static (a, b) => string.CompareOrdinal(a.SortName, b.SortName));
            return (entries, null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (null, OpenFile.ReasonOf(error) is Reason.NotFound ? OpenFile.Missing(folder) : OpenFile.ReasonOf(error));
        }
    }
}
