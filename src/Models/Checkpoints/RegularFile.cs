// Only files with bytes of their own are opened: a pipe would keep a run waiting for ever.

namespace DataFreeKD.Models.Checkpoints;

internal static class RegularFile
{
    /// <summary>Refuses pipes, sockets and devices; links are followed.</summary>
    /// <exception cref="ModelException">It is one.</exception>
    public static void Require(string path)
    {
        if (FileFacts.Of(path).Type == FileType.Special)
            throw new ModelException(
                $"'{Shown.Of(path)}' is no regular file but a pipe, a socket or a device; weights are read more than once, so copy them into a file first"
            );
    }
}
