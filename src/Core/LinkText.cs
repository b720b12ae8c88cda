// Links that were copied as their text: git without core.symlinks, archives and disks without links leave a small file with the way to
// another.

using System.Text;

namespace DataFreeKD.Core;

/// <summary>Tells a small file whose only content is the relative path of another file.</summary>
internal static class LinkText
{
    /// <summary>Bytes that such a file has at most.</summary>
    public const int Longest = 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The file that the text of the one at <paramref name="path"/> leads to; null where it is no such text, or leads to no
    /// regular file. One step is taken, never a chain of them.</summary>
    public static string? TargetOf(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (file.Length is 0 or > Longest)
                return null;
            byte[] text = new byte[file.Length];
            return file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false) == text.Length ? TargetOf(path, text) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>The same of a file whose bytes were read already.</summary>
    public static string? TargetOf(string path, ReadOnlySpan<byte> text)
    {
        if (text.Length is 0 or > Longest || text.ContainsAnyInRange((byte)0, (byte)31))
            return null;
        try
        {
            string way = Strict.GetString(text),
                full = Path.GetFullPath(path);
            if (Path.IsPathRooted(way) || way.Trim().Length != way.Length)
                return null;
            string target = Path.GetFullPath(way.Replace('/', Path.DirectorySeparatorChar), Path.GetDirectoryName(full)!);
            return target != full && FileFacts.Of(target).Type == FileType.Regular ? target : null;
        }
        catch (ArgumentException)
        {
            // No UTF-8, or no path.
            return null;
        }
    }

    /// <summary>The file that is meant: where the text leads, or the path itself.</summary>
    public static string Resolved(string path) => TargetOf(path) ?? path;
}
