// The TensorBoard file, read back by the format's own rules.

using System.Buffers.Binary;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Testing;
using Tensorboard;

namespace DataFreeKD.Distiller.Tests;

public sealed class EventFileTests
{
    [Fact]
    public void The_masked_crc_is_TFRecords()
    {
        // CRC-32C of "123456789" is 0xE3069283 (RFC 3720); masked: rotated right by 15, plus 0xA282EAD8.
        uint expected = unchecked(((0xE3069283u >> 15) | (0xE3069283u << 17)) + 0xA282EAD8u);
        Assert.Equal(expected, EventFile.MaskedCrc("123456789"u8));
    }

    [Fact]
    public void Every_record_is_framed_and_holds_its_scalar()
    {
        using TempFolder folder = new();
        using (EventFile file = new(folder.Path))
            file.Append(300, [KeyValuePair.Create("loss", 1.5), KeyValuePair.Create("absent", double.NaN)]);
        byte[] bytes = File.ReadAllBytes(folder["events.out.tfevents.dfkd"]);
        List<byte[]> records = [];
        for (int at = 0; at < bytes.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
            Assert.Equal(EventFile.MaskedCrc(bytes.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)));
            Assert.Equal(
                EventFile.MaskedCrc(bytes.AsSpan(at + 12, length)),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length))
            );
            records.Add(bytes[(at + 12)..(at + 12 + length)]);
            at += length + 16;
        }
        Assert.Equal(2, records.Count);
        Event opening = Event.Parser.ParseFrom(records[0]);
        Assert.Equal(("brain.Event:2", 0), (opening.FileVersion, opening.Step));
        Event scalars = Event.Parser.ParseFrom(records[1]);
        Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - scalars.WallTime, -60, 60);
        Assert.Equal(300, scalars.Step);
        Summary.Types.Value loss = Assert.Single(scalars.Summary.Value);
        Assert.Equal(("loss", 1.5f), (loss.Tag, loss.SimpleValue));
        // wall_time (1, double), step (2, varint 300), summary (5) of one value (1): tag (1) and simple_value (2, float).
        byte[] expected =
        [
            0x10,
            0xAC,
            0x02,
            0x2A,
            13,
            0x0A,
            11,
            0x0A,
            4,
            (byte)'l',
            (byte)'o',
            (byte)'s',
            (byte)'s',
            0x15,
            0,
            0,
            0xC0,
            0x3F,
        ];
        Assert.Equal(expected, records[1][9..]);
    }
}
