// Files that appear whole or not at all.

using System.Text;

namespace DataFreeKD.Core;

/// <summary>Writes under a temporary name in the same folder, flushes to disk, then renames over the target. What a killed writer of the
/// same target left is removed.</summary>
internal sealed class AtomicFile : IDisposable
{
    private readonly string target;
    private readonly string temporary;
    private readonly FileStream stream;
    private bool closed;

    /// <summary>Starts writing <paramref name="path"/>; its folder is created where absent.</summary>
    /// <exception cref="IOException">The folder cannot be written to, or <paramref name="path"/> is a folder, a pipe or a
    /// device.</exception>
    public AtomicFile(string path)
    {
        target = Path.GetFullPath(path);
        if (Directory.Exists(target))
            throw new IOException($"{path} is a folder; name a file");
        if (FileFacts.Of(target).Type == FileType.Special)
            throw new IOException($"{path} is a pipe, a socket or a device, and is not replaced by a file; name a file");
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        Leftovers.Remove(target);
        temporary = TemporaryName.For(target);
        // Elsewhere than on Windows the lock is held to the rename and past it, so it is a shared one: whoever reads the target at once is
        // let in,
        // and who looks for leftovers wants the file alone. On Windows an open file can be renamed only where it is shared so.
        stream = new FileStream(
            temporary,
            FileMode.CreateNew,
            FileAccess.ReadWrite,
            OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.Read,
            64 << 10
        );
    }

    /// <summary>The stream to write to; readable and seekable.</summary>
    public Stream Stream => stream;

    /// <summary>Flushes to disk and renames; without it the target stays as it was.</summary>
    /// <param name="durable">False leaves the flush to a caller who flushes many files at once.</param>
    public void Commit(bool durable = true)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        stream.Flush(flushToDisk: durable);
        File.Move(temporary, target, overwrite: true);
        closed = true;
        stream.Dispose();
    }

    /// <summary>Whether a file's name is one that files have here while they are written.</summary>
    public static bool IsTemporary(string path) => TemporaryName.Read(Path.GetFileName(path)) is not null;

    /// <summary>Writes a whole text (UTF-8, no BOM) atomically.</summary>
    public static void WriteAllText(string path, string text) =>
        WriteAllBytes(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false).GetBytes(text));

    /// <summary>Writes bytes atomically.</summary>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> bytes)
    {
        using AtomicFile file = new(path);
        file.Stream.Write(bytes);
        file.Commit();
    }

    /// <summary>Writes what <paramref name="write"/> puts into the stream, atomically.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        using AtomicFile file = new(path);
        write(file.Stream);
        file.Commit();
    }

    /// <summary>Closes and, without a <see cref="Commit"/>, deletes what was written.</summary>
    public void Dispose()
    {
        if (closed)
            return;
        closed = true;
        try
        {
            // Before it is closed, where that works: another writer could take a closed one for a leftover.
            File.Delete(temporary);
        }
        finally
        {
            stream.Dispose();
        }
    }
}
