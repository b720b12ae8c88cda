// TensorBoard events: TFRecords of Event messages with masked CRC-32C, written by hand (two message types, scalars only).

using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace DataFreeKD.Distiller.Training;

/// <summary>Writes scalars that TensorBoard shows.</summary>
internal sealed class EventFile : IDisposable
{
    private readonly FileStream stream;

    /// <summary>Creates <c>events.out.tfevents.dfkd</c> in a folder, replacing an earlier one.</summary>
    public EventFile(string folder)
    {
        stream = new FileStream(Path.Combine(folder, "events.out.tfevents.dfkd"), FileMode.Create, FileAccess.Write, FileShare.Read);
        // Event.file_version (field 3) opens every event file.
        Write(0, body => Bytes(body, 3, "brain.Event:2"u8));
    }

    /// <summary>Appends scalars at a step; NaN values are left out.</summary>
    public void Append(long step, IEnumerable<KeyValuePair<string, double>> scalars)
    {
        using MemoryStream summary = new();
        Span<byte> single = stackalloc byte[4];
        foreach ((string tag, double value) in scalars)
        {
            if (double.IsNaN(value))
                continue;
            using MemoryStream entry = new();
            Bytes(entry, 1, Encoding.UTF8.GetBytes(tag));
            entry.WriteByte((2 << 3) | 5);
            BinaryPrimitives.WriteSingleLittleEndian(single, (float)value);
            entry.Write(single);
            Bytes(summary, 1, entry.ToArray());
        }
        Write(step, body => Bytes(body, 5, summary.ToArray()));
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

    private void Write(long step, Action<MemoryStream> fill)
    {
        using MemoryStream body = new();
        Span<byte> eight = stackalloc byte[8];
        body.WriteByte((1 << 3) | 1);
        BinaryPrimitives.WriteDoubleLittleEndian(eight, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0);
        body.Write(eight);
        body.WriteByte(2 << 3);
        Varint(body, (ulong)step);
        fill(body);

        byte[] data = body.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(eight, (ulong)data.Length);
        stream.Write(eight);
        Crc(eight);
        stream.Write(data);
        Crc(data);
    }

    private void Crc(ReadOnlySpan<byte> data)
    {
        Span<byte> four = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(four, MaskedCrc(data));
        stream.Write(four);
    }

    private static void Bytes(MemoryStream to, int field, ReadOnlySpan<byte> value)
    {
        to.WriteByte((byte)((field << 3) | 2));
        Varint(to, (ulong)value.Length);
        to.Write(value);
    }

    private static void Varint(MemoryStream to, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            to.WriteByte((byte)(value | 0x80));
        to.WriteByte((byte)value);
    }
}
