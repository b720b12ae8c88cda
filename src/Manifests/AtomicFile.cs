// Files that appear whole or not at all.

using System.Text;

namespace DataFreeKD.Manifests;

/// <summary>Writes under a temporary name in the same folder, flushes to disk, then renames over the target.</summary>
public sealed class AtomicFile : IDisposable
{
    private readonly string target;
    private readonly string temporary;
    private readonly FileStream stream;
    private bool committed;

    /// <summary>Starts writing <paramref name="path"/>; its folder is created where absent.</summary>
    public AtomicFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        target = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(folder);
        temporary = Path.Combine(folder, $".{Path.GetFileName(target)}.{Environment.ProcessId}.{Guid.NewGuid():N}.tmp");
        stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, 1 << 16);
    }

    /// <summary>The stream to write to.</summary>
    public Stream Stream => stream;

    /// <summary>Flushes to disk and renames; without it the target stays as it was.</summary>
    public void Commit()
    {
        stream.Flush(flushToDisk: true);
        stream.Dispose();
        File.Move(temporary, target, overwrite: true);
        committed = true;
    }

    /// <summary>Writes a whole text (UTF-8, no BOM) atomically.</summary>
    public static void WriteAllText(string path, string text) => WriteAllBytes(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Writes bytes atomically.</summary>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = new AtomicFile(path);
        file.Stream.Write(bytes);
        file.Commit();
    }

    /// <summary>Releases the file; what was not committed is deleted.</summary>
    public void Dispose()
    {
        stream.Dispose();
        if (!committed) File.Delete(temporary);
    }
}
