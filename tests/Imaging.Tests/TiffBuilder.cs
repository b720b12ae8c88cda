// Writes TIFFs of any layout, for tests.

using System.Buffers.Binary;
using System.IO.Compression;

namespace DataFreeKD.Imaging.Tests;

/// <summary>Writes samples of 8 bits as a TIFF.</summary>
/// <param name="little">Whether the lowest byte of a number comes first.</param>
internal sealed class TiffBuilder(bool little)
{
    public string Packing { get; init; } = "plain";

    public string Blocks { get; init; } = "one";

    public int Bits { get; init; } = 8;

    public int Extra { get; init; } = -1;

    public int Without { get; init; }

    public bool Planar { get; init; }

    public bool Differences { get; init; }

    public bool Reversed { get; init; }

    public int[] Map { get; init; } = [];

    public IReadOnlyList<(int Tag, int Value)> More { get; init; } = [];

    /// <summary>The file; <paramref name="claimed"/> is a height other than the true one.</summary>
    public byte[] Write(byte[] pixels, int width, int height, int samples, int meaning, int claimed = 0)
    {
        (int blockWidth, int blockHeight) = Blocks switch
        {
            "tiles" => (16, 16),
            "strips" => (width, 3),
            _ => (width, height),
        };
        List<byte[]> blocks = new();
        int own = Planar ? 1 : samples;
        for (int plane = 0; plane < (Planar ? samples : 1); plane++)
            for (int top = 0; top < height; top += blockHeight)
                for (int left = 0; left < width; left += blockWidth)
                {
                    List<byte> rows = new();
                    int last = Blocks == "tiles" ? top + blockHeight : Math.Min(height, top + blockHeight);
                    for (int y = top; y < last; y++)
                    {
                        int[] row =
                        [
                            .. from x in Enumerable.Range(left, blockWidth)
                    from sample in Enumerable.Range(plane, own)
                    select x < width && y < height ? pixels[(((y * width) + x) * samples) + sample] : 0,
                ];
                        rows.AddRange(Row(row, own));
                    }
                    byte[] packed = Packed([.. rows]);
                    blocks.Add(Reversed ? [.. packed.Select(Turned)] : packed);
                }
        return Assemble(blocks, width, claimed > 0 ? claimed : height, samples, meaning, blockWidth, blockHeight);
    }

    private byte[] Assemble(List<byte[]> blocks, int width, int height, int samples, int meaning, int blockWidth, int blockHeight)
    {
        int compression = Packing switch
        {
            "deflate" => 8,
            "lzw" => 5,
            "packbits" => 32773,
            _ => 1,
        };
        SortedDictionary<int, (int Type, int[] Values)> tags = new()
        {
            [256] = (4, [width]),
            [257] = (4, [height]),
            [258] = (3, [.. Enumerable.Repeat(Bits, samples)]),
            [259] = (3, [compression]),
            [262] = (3, [meaning]),
            [277] = (3, [samples]),
        };
        MemoryStream file = new();
        file.Write(new byte[8]);
        int[] offsets = new int[blocks.Count];
        for (int i = 0; i < blocks.Count; i++)
        {
            offsets[i] = (int)file.Position;
            file.Write(blocks[i]);
        }
        bool tiles = Blocks == "tiles";
        tags[tiles ? 324 : 273] = (4, offsets);
        tags[tiles ? 325 : 279] = (4, [.. blocks.Select(block => block.Length)]);
        if (tiles)
            (tags[322], tags[323]) = ((3, [blockWidth]), (3, [blockHeight]));
        else
            tags[278] = (4, [Blocks == "one" ? height : blockHeight]);
        if (Planar)
            tags[284] = (3, [2]);
        if (Differences)
            tags[317] = (3, [2]);
        if (Reversed)
            tags[266] = (3, [2]);
        if (Extra >= 0)
            tags[338] = (3, [Extra]);
        if (Map.Length > 0)
            tags[320] = (3, Map);
        foreach ((int tag, int value) in More)
            tags[tag] = (tag is 330 or 254 ? 4 : 3, [value]);
        tags.Remove(Without);
        return Directory(file, tags);
    }

    private byte[] Directory(MemoryStream file, SortedDictionary<int, (int Type, int[] Values)> tags)
    {
        int start = (int)file.Position,
            behind = start + 2 + (12 * tags.Count) + 4;
        MemoryStream entries = new();
        MemoryStream values = new();
        Number(entries, 3, tags.Count);
        foreach ((int tag, (int type, int[] all)) in tags)
        {
            MemoryStream own = new();
            foreach (int value in all)
                Number(own, type, value);
            Number(entries, 3, tag);
            Number(entries, 3, type);
            Number(entries, 4, all.Length);
            if (own.Length <= 4)
            {
                entries.Write(own.ToArray());
                entries.Write(new byte[4 - own.Length]);
                continue;
            }
            Number(entries, 4, behind + (int)values.Position);
            values.Write(own.ToArray());
        }
        Number(entries, 4, 0);
        file.Write(entries.ToArray());
        file.Write(values.ToArray());
        byte[] bytes = file.ToArray();
        (little ? "II*\0"u8 : "MM\0*"u8).CopyTo(bytes);
        MemoryStream head = new();
        Number(head, 4, start);
        head.ToArray().CopyTo(bytes, 4);
        return bytes;
    }

    private byte[] Row(int[] row, int own)
    {
        if (Differences)
            row = [.. row.Select((value, i) => i < own ? value : value - row[i - own])];
        if (Bits == 16)
        {
            // The low byte is 0: differences of high bytes are differences of the whole.
            byte[] wide = new byte[2 * row.Length];
            for (int i = 0; i < row.Length; i++)
                wide[(2 * i) + (little ? 1 : 0)] = (byte)row[i];
            return wide;
        }
        if (Bits == 8)
            return [.. row.Select(value => (byte)value)];
        byte[] packed = new byte[((row.Length * Bits) + 7) / 8];
        for (int i = 0; i < row.Length; i++)
            packed[i * Bits / 8] |= (byte)(row[i] >> (8 - Bits) << (8 - Bits - (i * Bits % 8)));
        return packed;
    }

    private byte[] Packed(byte[] rows)
    {
        switch (Packing)
        {
            case "deflate":
                MemoryStream deflated = new();
                using (ZLibStream zlib = new(deflated, CompressionLevel.Optimal, leaveOpen: true))
                    zlib.Write(rows);
                return deflated.ToArray();
            case "packbits":
                return PackBits(rows);
            case "lzw":
                return Lzw(rows);
            default:
                return rows;
        }
    }

    // Runs where there are any, else as they are.
    private static byte[] PackBits(byte[] rows)
    {
        List<byte> packed = new() { 128 };
        for (int i = 0; i < rows.Length;)
        {
            int run = 1;
            while (run < 128 && i + run < rows.Length && rows[i + run] == rows[i])
                run++;
            packed.AddRange(run > 1 ? [(byte)(257 - run), rows[i]] : [0, rows[i]]);
            i += run;
        }
        return [.. packed];
    }

    private static byte[] Lzw(byte[] rows)
    {
        List<byte> packed = new();
        int held = 0,
            bits = 0,
            width = 9;
        Dictionary<string, int> codes = [];
        Reset();
        Put(256);
        string text = "";
        foreach (byte value in rows)
        {
            if (codes.ContainsKey(text + (char)value))
            {
                text += (char)value;
                continue;
            }
            Put(codes[text]);
            codes.Add(text + (char)value, codes.Count + 2);
            text = ((char)value).ToString();
            if (codes.Count + 2 == 4095)
            {
                Put(256);
                Reset();
            }
            else if (codes.Count + 2 >= (1 << width) - 1 + 1)
            {
                width++;
            }
        }
        if (text.Length > 0)
            Put(codes[text]);
        Put(257);
        Put(0);
        return [.. packed];

        void Reset()
        {
            width = 9;
            codes = Enumerable.Range(0, 256).ToDictionary(value => ((char)value).ToString(), value => value);
        }

        void Put(int code)
        {
            held = (held << width) | code;
            bits += width;
            while (bits >= 8)
            {
                bits -= 8;
                packed.Add((byte)(held >> bits));
                held &= (1 << bits) - 1;
            }
        }
    }

    private static byte Turned(byte value)
    {
        int turned = 0;
        for (int bit = 0; bit < 8; bit++)
            turned |= ((value >> bit) & 1) << (7 - bit);
        return (byte)turned;
    }

    private void Number(MemoryStream stream, int type, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (little)
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        else if (type == 3)
            BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        else
            BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        stream.Write(bytes[..(type == 3 ? 2 : 4)]);
    }
}
