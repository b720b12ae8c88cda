// The one way to a file's bytes: links, pipes, missing and forbidden files are told before anything is opened, and lengths come from the
// open file.

using DataFreeKD.Manifests;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Opens untrusted files.</summary>
internal static class OpenFile
{
    /// <summary>Why the file must not be opened; null where it may.</summary>
    public static string? Refusal(string path, bool followLinks)
    {
        if (!followLinks && FileFacts.IsLink(path))
            return Reason.Link;
        return FileFacts.Of(path).Type switch
        {
            FileType.Regular => null,
            FileType.Missing => Missing(path),
            FileType.Forbidden => Reason.Permission,
            _ => Reason.NotAFile,
        };
    }

    /// <summary>Why nothing is at a path.</summary>
    public static string Missing(string path)
    {
        if (ManifestPath.IsAddress(path))
            return path.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? Reason.DataUri : Reason.Address;
        if (!path.Contains('\uFFFD', StringComparison.Ordinal))
            return Reason.NotFound;
        // The runtime shows bytes that are no UTF-8 so, and cannot open what it has shown.
        TableNotes.Tell(
            "names of files that are not UTF-8 cannot be opened; rename those files, for example: convmv -f latin1 -t utf8 -r --notest FOLDER"
        );
        return Reason.NameNotUtf8;
    }

    /// <summary>Opens; null with a reason where that cannot be.</summary>
    public static FileStream? TryOpen(string path, bool followLinks, FileOptions access, out string? reason)
    {
        reason = Refusal(path, followLinks);
        if (reason is not null)
            return null;
        try
        {
            return new FileStream(
                path,
                FileMode.Open,
                FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete,
                bufferSize: access == FileOptions.SequentialScan ? 0 : 1 << 16,
                access
            );
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            reason = ReasonOf(error);
            return null;
        }
    }

    /// <summary>The reason of a failure to open or to read.</summary>
    public static string ReasonOf(Exception error) =>
        error switch
        {
            UnauthorizedAccessException => Reason.Permission,
            FileNotFoundException or DirectoryNotFoundException => Reason.NotFound,
            _ => Reason.Unreadable,
        };
}
