// The one way to a file's bytes: links, pipes, missing and forbidden files are told before anything is opened, and lengths come from the
// open file.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Opens files of strangers.</summary>
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
            FileType.Missing => Reason.NotFound,
            FileType.Forbidden => Reason.Permission,
            _ => Reason.NotAFile,
        };
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
