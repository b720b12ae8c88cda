// Activations between the passes of a block: in memory up to a budget, beyond it in a temporary file.

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>What is kept of a batch.</summary>
internal enum Stream
{
    /// <summary>The teacher's stream, <c>[B, T, D]</c>.</summary>
    Teacher,

    /// <summary>What the student is to reach at the end of its block: the teacher's stream there, <c>[B, T, D]</c>.</summary>
    Ahead,

    /// <summary>The student's stream, <c>[B, T, d]</c>.</summary>
    Student,
}

/// <summary>Float32 tensors by kind and batch. A tensor put again replaces the earlier one, and has its shape.</summary>
internal sealed class ActivationStore(long memory) : IDisposable
{
    private readonly Dictionary<(Stream Kind, int Batch), torch.Tensor> inMemory = [];
    private readonly Dictionary<(Stream Kind, int Batch), (long Offset, long[] Shape)> inFile = [];
    private SafeFileHandle? file;
    private long held,
        written;

    /// <summary>Keeps a copy.</summary>
    public void Put(Stream kind, int batch, torch.Tensor value)
    {
        (Stream, int) key = (kind, batch);
        long bytes = value.numel() * sizeof(float);
        if (inMemory.TryGetValue(key, out torch.Tensor? slot))
        {
            slot.copy_(value);
        }
        else if (!inFile.ContainsKey(key) && held + bytes <= memory)
        {
            held += bytes;
            inMemory[key] = value.detach().cpu().clone().DetachFromDisposeScope();
        }
        else
        {
            Write(key, value, bytes);
        }
    }

    /// <summary>What was put, on <paramref name="device"/>; not to be changed in place.</summary>
    public torch.Tensor Get(Stream kind, int batch, torch.Device device)
    {
        if (inMemory.TryGetValue((kind, batch), out torch.Tensor? slot))
            return slot.to(device);
        (long offset, long[] shape) = inFile[(kind, batch)];
        float[] values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        Span<byte> bytes = MemoryMarshal.AsBytes(values.AsSpan());
        for (int done = 0; done < bytes.Length;)
        {
            int read = RandomAccess.Read(file!, bytes[done..], offset + done);
            if (read == 0)
                throw new IOException("the temporary file of activations is shorter than what was written to it");
            done += read;
        }
        return torch.tensor(values, shape, device: device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (torch.Tensor tensor in inMemory.Values)
            tensor.Dispose();
        inMemory.Clear();
        file?.Dispose();
    }

    private void Write((Stream, int) key, torch.Tensor value, long bytes)
    {
        file ??= File.OpenHandle(ScratchFolder.NewFile(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        if (!inFile.TryGetValue(key, out (long Offset, long[] Shape) place))
            inFile[key] = place = (written, value.shape);
        using DisposeScope scope = torch.NewDisposeScope();
        RandomAccess.Write(file, value.detach().cpu().contiguous().bytes, place.Offset);
        written = Math.Max(written, place.Offset + bytes);
    }
}
