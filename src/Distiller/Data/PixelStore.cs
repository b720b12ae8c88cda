// All training images, decoded and resized once: uint8 [n, S, S, 3], in memory or in a memory-mapped temporary file.

using System.IO.MemoryMappedFiles;

namespace DataFreeKD.Distiller.Data;

/// <summary>Square RGB images of one size. Slots may be written and read from many threads, each slot by one at a time.</summary>
internal sealed class PixelStore : IDisposable
{
    private const int BlockBytes = 64 << 20;

    private readonly byte[][]? blocks;
    private readonly MemoryMappedFile? file;
    private readonly MemoryMappedViewAccessor? view;
    private readonly int perBlock;

    public PixelStore(int count, int side, long maxMemory)
    {
        (Count, Side) = (count, side);
        perBlock = Math.Max(1, BlockBytes / ImageBytes);
        if ((long)count * ImageBytes <= maxMemory)
        {
            blocks =
            [
                .. Enumerable
                    .Range(0, (count + perBlock - 1) / perBlock)
                    .Select(block => new byte[Math.Min(perBlock, count - (block * perBlock)) * ImageBytes]),
            ];
            return;
        }
        string scratch = ScratchFolder.NewFile();
        FileStream stream = new(scratch, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 4096, FileOptions.DeleteOnClose);
        try
        {
            FreeSpace.Require(scratch, (long)count * ImageBytes);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
        file = MemoryMappedFile.CreateFromFile(
            stream,
            null,
            (long)count * ImageBytes,
            MemoryMappedFileAccess.ReadWrite,
            HandleInheritability.None,
            leaveOpen: false
        );
        view = file.CreateViewAccessor();
    }

    /// <summary>Slots.</summary>
    public int Count { get; }

    /// <summary>Side of each image, pixels.</summary>
    public int Side { get; }

    /// <summary>Bytes of an image.</summary>
    public int ImageBytes => checked(Side * Side * 3);

    /// <summary>Copies an image into its slot.</summary>
    public void Write(int slot, ReadOnlySpan<byte> pixels)
    {
        if (blocks is not null)
            pixels[..ImageBytes].CopyTo(Slot(slot));
        else
            view!.SafeMemoryMappedViewHandle.WriteSpan((ulong)slot * (ulong)ImageBytes, pixels[..ImageBytes]);
    }

    /// <summary>Copies an image out of its slot.</summary>
    public void Read(int slot, Span<byte> pixels)
    {
        if (blocks is not null)
            Slot(slot).CopyTo(pixels);
        else
            view!.SafeMemoryMappedViewHandle.ReadSpan((ulong)slot * (ulong)ImageBytes, pixels[..ImageBytes]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        view?.Dispose();
        file?.Dispose();
    }

    private Span<byte> Slot(int slot) => blocks![slot / perBlock].AsSpan(slot % perBlock * ImageBytes, ImageBytes);
}
