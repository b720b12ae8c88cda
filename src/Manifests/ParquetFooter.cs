// A Parquet file's footer is walked before the library reads it: the library takes the number of a list's elements at its word, and a
// field's type to be what the format says, whatever the file says. A damaged footer keeps it busy for hours.

using System.Buffers.Binary;
using Parquet;

namespace DataFreeKD.Manifests;

/// <summary>
/// Checks that a footer, in Thrift's compact protocol, holds every element that its lists, sets, maps and texts claim, and that the fields
/// which the format knows have its types.
/// </summary>
internal ref struct ParquetFooter
{
    private const int TrailerBytes = 8,
        MostDepth = 32;

    private readonly ReadOnlySpan<byte> bytes;
    private int at;

    private ParquetFooter(ReadOnlySpan<byte> bytes) => this.bytes = bytes;

    /// <summary>Opens a file whose footer holds what it claims.</summary>
    /// <exception cref="InvalidDataException">The footer claims more than it holds.</exception>
    public static ParquetReader Open(Stream stream)
    {
        Check(stream);
        return Blocking.Wait(() => ParquetReader.CreateAsync(stream, leaveStreamOpen: true));
    }

    /// <summary>What an exception of the library says to a user.</summary>
    public static string Tell(Exception problem) =>
        problem is OutOfMemoryException ? "a length in it is more than memory holds" : problem.Message.TrimEnd('.');

    // Leaves the stream at its beginning. A file without a footer is left to the library, which says so.
    private static void Check(Stream stream)
    {
        if (stream.Length < TrailerBytes)
            return;
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        stream.Seek(-TrailerBytes, SeekOrigin.End);
        stream.ReadExactly(trailer);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        if (trailer[4..].SequenceEqual("PAR1"u8) && length <= stream.Length - TrailerBytes && length <= int.MaxValue)
        {
            byte[] footer = new byte[length];
            stream.Seek(-TrailerBytes - (long)length, SeekOrigin.End);
            stream.ReadExactly(footer);
            new ParquetFooter(footer).Struct(ParquetFields.Footer, 0);
        }
        stream.Seek(0, SeekOrigin.Begin);
    }

    private void Struct(ParquetFields? known, int depth)
    {
        if (depth > MostDepth)
            throw Damaged();
        long id = 0;
        while (true)
        {
            int head = Byte();
            if (head == 0)
                return;
            // A field's number, where it is no small step from the last one: zigzag.
            id =
                head >> 4 == 0
                    ? Number() is var number
                        ? (long)(number >> 1) ^ -(long)(number & 1)
                        : 0
                    : id + (head >> 4);
            int type = head & 0xF;
            ParquetField? field = known?[id];
            if (field is { } one && !one.Has(type))
                throw Damaged();
            // A field that is true or false has its value in its type.
            if (type > 2)
                Value(type, field, depth);
        }
    }

    private void Value(int type, ParquetField? field, int depth)
    {
        switch (type)
        {
            case 1 or 2 or 3:
                Skip(1);
                return;
            case 4 or 5 or 6:
                Number();
                return;
            case 7:
                Skip(8);
                return;
            case 8:
                Skip(Number());
                return;
            case 9 or 10:
                int head = Byte();
                ulong elements = head >> 4 == 15 ? Number() : (ulong)(head >> 4);
                ParquetField? element = field?.Element;
                if (elements > 0 && element is { } one && !one.Has(head & 0xF))
                    throw Damaged();
                Elements(elements, head & 0xF, null, element, depth);
                return;
            case 11:
                ulong pairs = Number();
                if (pairs > 0)
                    Elements(pairs, Byte() is var types ? types >> 4 : 0, types & 0xF, null, depth);
                return;
            case 12:
                Struct(field?.Fields, depth + 1);
                return;
            default:
                throw Damaged();
        }
    }

    // Every element takes a byte or more.
    private void Elements(ulong count, int type, int? second, ParquetField? element, int depth)
    {
        if (depth > MostDepth || count > (ulong)(bytes.Length - at))
            throw Damaged();
        for (ulong i = 0; i < count; i++)
        {
            Value(type, element, depth + 1);
            if (second is { } value)
                Value(value, null, depth + 1);
        }
    }

    private int Byte() => at < bytes.Length ? bytes[at++] : throw Damaged();

    private ulong Number()
    {
        ulong number = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            int next = Byte();
            number |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return number;
        }
        throw Damaged();
    }

    private void Skip(ulong count)
    {
        if (count > (ulong)(bytes.Length - at))
            throw Damaged();
        at += (int)count;
    }

    private static InvalidDataException Damaged() => new("its footer claims more than it holds");
}
