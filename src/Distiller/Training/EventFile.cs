// TensorBoard events: TorchSharp's message classes in TFRecords with masked CRC-32C. TorchSharp's SummaryWriter names its files itself and
// only appends, while a resumed run writes its file again.

using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;
using Tensorboard;

namespace DataFreeKD.Distiller.Training;

/// <summary>Writes scalars that TensorBoard shows.</summary>
internal sealed class EventFile : IDisposable
{
    private readonly FileStream stream;

    /// <summary>Creates <c>events.out.tfevents.dfkd</c> in a folder, replacing an earlier one.</summary>
    public EventFile(string folder)
    {
        stream = new FileStream(Path.Combine(folder, "events.out.tfevents.dfkd"), FileMode.Create, FileAccess.Write, FileShare.Read);
        // This opens every event file.
        Write(new Event { FileVersion = "brain.Event:2" });
    }

    /// <summary>Appends scalars at a step; NaN values are left out.</summary>
    public void Append(long step, IEnumerable<KeyValuePair<string, double>> scalars)
    {
        Summary summary = new();
        foreach ((string tag, double value) in scalars)
        {
            if (!double.IsNaN(value))
                summary.Value.Add(new Summary.Types.Value { Tag = tag, SimpleValue = (float)value });
        }
        Write(new Event { Step = step, Summary = summary });
    }

    /// <summary>Hands everything to the operating system.</summary>
    public void Flush() => stream.Flush();

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    /// <summary>TFRecord's masked CRC-32C: the CRC rotated right by 15 bits plus a constant.</summary>
    public static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xA282EAD8;
    }

    private void Write(Event message)
    {
        message.WallTime = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        byte[] data = message.ToByteArray();
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)data.Length);
        stream.Write(length);
        WriteCrc(length);
        stream.Write(data);
        WriteCrc(data);
    }

    private void WriteCrc(ReadOnlySpan<byte> data)
    {
        Span<byte> crc = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(crc, MaskedCrc(data));
        stream.Write(crc);
    }
}
