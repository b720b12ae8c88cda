// Files that appear whole or not at all.

namespace DataFreeKD.Manifests;

/// <summary>Writes under a temporary name in the same folder, flushes to disk, then renames over the target.</summary>
public sealed class AtomicFile : IDisposable
{
    /// <summary>Starts writing <paramref name="path"/>; its folder is created where absent.</summary>
    public AtomicFile(string path) => throw new NotImplementedException();

    /// <summary>The stream to write to.</summary>
    public Stream Stream => throw new NotImplementedException();

    /// <summary>Flushes to disk and renames; without it the target stays as it was.</summary>
    public void Commit() => throw new NotImplementedException();

    /// <summary>Writes a whole text (UTF-8, no BOM) atomically.</summary>
    public static void WriteAllText(string path, string text) => throw new NotImplementedException();

    /// <summary>Writes bytes atomically.</summary>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> bytes) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotImplementedException();
}
