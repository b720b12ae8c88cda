// The first directory of a TIFF: its tags, by number, with their values wherever the file keeps them.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Reads tags (TIFF 6.0, section 2). Nothing is allocated that the file does not hold.</summary>
internal sealed class TiffDirectory
{
    // Bytes of a value, by the number of its type (TIFF 6.0, and the 64-bit ones of BigTIFF).
    private static ReadOnlySpan<byte> TypeBytes => [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

    // Of one tag; real files have some thousands of strips.
    private const int MostValues = 1 << 20;

    private const int Byte = 1,
        Short = 3,
        Long = 4,
        Directory = 13;

    private readonly Dictionary<int, (int Type, uint Count, int At)> tags = [];

    private TiffDirectory(bool little) => IsLittle = little;

    /// <summary>Whether numbers have their lowest byte first.</summary>
    public bool IsLittle { get; }

    /// <summary>Whether another directory follows.</summary>
    public bool HasNext { get; private set; }

    /// <summary>Reads the first directory.</summary>
    /// <param name="bytes">The file, which begins as a TIFF does.</param>
    /// <param name="reason">Why there is none.</param>
    public static TiffDirectory? Read(ReadOnlySpan<byte> bytes, out string? reason)
    {
        TiffDirectory directory = new(bytes[0] == 'I');
        reason = bytes.Length < 8 ? Reason.Truncated : directory.Read(bytes, UInt32(bytes[4..], directory.IsLittle));
        return reason is null ? directory : null;
    }

    /// <summary>Whether the directory has a tag.</summary>
    public bool Has(int tag) => tags.ContainsKey(tag);

    /// <summary>A tag's only, or first, value; <paramref name="otherwise"/> where it is not there.</summary>
    public long Value(ReadOnlySpan<byte> bytes, int tag, long otherwise) =>
        tags.TryGetValue(tag, out (int Type, uint Count, int At) field) && field.Count > 0 ? ValueAt(bytes, field, 0) : otherwise;

    /// <summary>A tag's values; none where it is not there, or its values are no whole numbers within the file.</summary>
    public long[] Values(ReadOnlySpan<byte> bytes, int tag)
    {
        if (!tags.TryGetValue(tag, out (int Type, uint Count, int At) field) || field.Type is not (Byte or Short or Long or Directory))
            return [];
        if (field.Count > MostValues)
            return [];
        if (field.At + ((long)field.Count * TypeBytes[field.Type]) > bytes.Length)
            return [];
        long[] values = new long[field.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = ValueAt(bytes, field, i);
        return values;
    }

    private string? Read(ReadOnlySpan<byte> bytes, uint start)
    {
        if (start < 8 || start + 2L > bytes.Length)
            return Reason.Truncated;
        if (ClaimsMore(bytes, start))
            return Reason.DecodeError;
        int count = UInt16(bytes[(int)start..], IsLittle);
        for (int i = 0; i < count; i++)
        {
            long at = start + 2 + (12L * i);
            if (at + 12 > bytes.Length)
                return Reason.Truncated;
            ReadOnlySpan<byte> entry = bytes.Slice((int)at, 12);
            int type = UInt16(entry[2..], IsLittle);
            uint values = UInt32(entry[4..], IsLittle);
            // Up to four bytes stand in the entry itself, more elsewhere.
            long place = LengthOf(type, values) <= 4 ? at + 8 : UInt32(entry[8..], IsLittle);
            if (place < bytes.Length)
                tags.TryAdd(UInt16(entry, IsLittle), (type, values, (int)place));
        }
        long end = start + 2 + (12L * count);
        HasNext = end + 4 <= bytes.Length && UInt32(bytes[(int)end..], IsLittle) != 0;
        return null;
    }

    private long ValueAt(ReadOnlySpan<byte> bytes, (int Type, uint Count, int At) field, int index)
    {
        int size = field.Type < TypeBytes.Length ? TypeBytes[field.Type] : 0;
        long at = field.At + ((long)index * size);
        if (at + size > bytes.Length)
            return -1;
        ReadOnlySpan<byte> value = bytes[(int)at..];
        return field.Type switch
        {
            Byte => value[0],
            Short => UInt16(value, IsLittle),
            Long or Directory => UInt32(value, IsLittle),
            _ => -1,
        };
    }

    // Tags that share bytes make a small file a large one, for whoever copies what each of them claims.
    private bool ClaimsMore(ReadOnlySpan<byte> bytes, uint directory)
    {
        long claimed = 0;
        for (long at = directory; at != 0 && at + 2 <= bytes.Length;)
        {
            int count = UInt16(bytes[(int)at..], IsLittle);
            long end = at + 2 + (12L * count);
            claimed += end - at;
            for (long entry = at + 2; entry < end && entry + 12 <= bytes.Length; entry += 12)
            {
                long length = LengthOf(UInt16(bytes[((int)entry + 2)..], IsLittle), UInt32(bytes[((int)entry + 4)..], IsLittle));
                claimed += length > 4 ? length : 0;
            }
            if (claimed > bytes.Length)
                return true;
            at = end + 4 <= bytes.Length ? UInt32(bytes[(int)end..], IsLittle) : 0;
        }
        return false;
    }

    private static long LengthOf(int type, uint count) => (type < TypeBytes.Length ? TypeBytes[type] : 0) * (long)count;

    private static ushort UInt16(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint UInt32(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
