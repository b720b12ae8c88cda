// Files that appear whole or not at all.

using System.Text;

namespace DataFreeKD.Manifests;

/// <summary>Writes under a temporary name in the same folder, flushes to disk, then renames over the target.</summary>
public sealed class AtomicFile : IDisposable
{
    private static long counter;

    private readonly string target;
    private readonly string temporary;
    private readonly FileStream stream;
    private bool closed;

    /// <summary>Starts writing <paramref name="path"/>; its folder is created where absent.</summary>
    /// <exception cref="IOException">The folder cannot be written to, or <paramref name="path"/> is a folder.</exception>
    public AtomicFile(string path)
    {
        target = Path.GetFullPath(path);
        if (Directory.Exists(target)) throw new IOException($"{path} is a folder; name a file");
        string folder = Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(folder);
        // Unique over processes and threads: two writers of one target must not share a half-written file.
        temporary = Path.Combine(folder, $".{Path.GetFileName(target)}.{Environment.ProcessId}-{Interlocked.Increment(ref counter)}.tmp");
        stream = new FileStream(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 64 << 10);
    }

    /// <summary>The stream to write to; readable and seekable.</summary>
    public Stream Stream => stream;

    /// <summary>Flushes to disk and renames; without it the target stays as it was.</summary>
    /// <param name="durable">False leaves the flush to a caller who flushes many files at once.</param>
    public void Commit(bool durable = true)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        stream.Flush(flushToDisk: durable);
        stream.Dispose();
        File.Move(temporary, target, overwrite: true);
        closed = true;
    }

    /// <summary>Writes a whole text (UTF-8, no BOM) atomically.</summary>
    public static void WriteAllText(string path, string text) => WriteAllBytes(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false).GetBytes(text));

    /// <summary>Writes bytes atomically.</summary>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> bytes)
    {
        using AtomicFile file = new(path);
        file.Stream.Write(bytes);
        file.Commit();
    }

    /// <summary>Closes and, without a <see cref="Commit"/>, deletes what was written.</summary>
    public void Dispose()
    {
        if (closed) return;
        closed = true;
        stream.Dispose();
        File.Delete(temporary);
    }
}
