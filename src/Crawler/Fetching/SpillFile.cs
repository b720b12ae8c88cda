// Targets that wait on disk, so that a host with a million of them costs no memory.

using System.Text.Json;
using DataFreeKD.Crawler.Addresses;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>Blocks of targets in one file for all hosts. Scratch: nothing in it outlives the run. Not thread-safe.</summary>
internal sealed class SpillFile(string path) : IDisposable
{
    private FileStream? file;
    private int blocks;
    private long end;

    /// <summary>Where a block lies.</summary>
    public readonly record struct Block(long Offset, int Length);

    public Block Write(List<WebTarget> targets)
    {
        if (file is null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(targets, TargetJson.Default.ListWebTarget);
        Block block = new(end, bytes.Length);
        RandomAccess.Write(file.SafeFileHandle, bytes, block.Offset);
        end += bytes.Length;
        blocks++;
        return block;
    }

    public List<WebTarget> Take(Block block)
    {
        byte[] bytes = new byte[block.Length];
        for (int at = 0; at < bytes.Length;)
        {
            int read = RandomAccess.Read(file!.SafeFileHandle, bytes.AsSpan(at), block.Offset + at);
            if (read == 0)
                throw new IOException($"{path} is shorter than what was written to it");
            at += read;
        }
        if (--blocks == 0)
        {
            end = 0;
            file!.SetLength(0);
        }
        return JsonSerializer.Deserialize(bytes, TargetJson.Default.ListWebTarget)!;
    }

    public void Dispose() => file?.Dispose();
}
