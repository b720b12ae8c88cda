// A built-in 5×7 font, so that pictures carry text on machines that have no fonts.

using System.Collections.Frozen;

namespace DataFreeKD.Imaging.Sheets;

/// <summary>Draws upper-case Latin letters, digits and punctuation; lower case is drawn as upper case, anything else as a box.</summary>
internal static class PixelFont
{
    /// <summary>Pixels from a character to the next, at scale 1.</summary>
    public const int Advance = 6;

    /// <summary>Height of a character at scale 1.</summary>
    public const int Height = 7;

    private const ulong Box = 0x7E318C63F;

    // Seven rows of five bits each, the top row in the highest bits.
    private static readonly FrozenDictionary<char, ulong> Glyphs = new Dictionary<char, ulong>
    {
        [' '] = 0,
        ['!'] = 0x108421004,
        ['"'] = 0x294A00000,
        ['#'] = 0x295F57D4A,
        ['%'] = 0x672222273,
        ['&'] = 0x32544564D,
        ['\''] = 0x108400000,
        ['('] = 0x088842082,
        [')'] = 0x208210888,
        ['*'] = 0x009575480,
        ['+'] = 0x0084F9080,
        [','] = 0x000003088,
        ['-'] = 0x0000F8000,
        ['.'] = 0x00000018C,
        ['/'] = 0x042222210,
        ['0'] = 0x3A75AD72E,
        ['1'] = 0x11842108E,
        ['2'] = 0x3A213221F,
        ['3'] = 0x7C441062E,
        ['4'] = 0x08CA97C42,
        ['5'] = 0x7E1E0862E,
        ['6'] = 0x1910F462E,
        ['7'] = 0x7C2221108,
        ['8'] = 0x3A317462E,
        ['9'] = 0x3A317844C,
        [':'] = 0x018C03180,
        [';'] = 0x018C03088,
        ['<'] = 0x088882082,
        ['='] = 0x001F07C00,
        ['>'] = 0x208208888,
        ['?'] = 0x3A2131004,
        ['@'] = 0x3A37ADE0E,
        ['A'] = 0x3A31FC631,
        ['B'] = 0x7A31F463E,
        ['C'] = 0x3A308422E,
        ['D'] = 0x7A318C63E,
        ['E'] = 0x7E10F421F,
        ['F'] = 0x7E10F4210,
        ['G'] = 0x3A30BC62E,
        ['H'] = 0x4631FC631,
        ['I'] = 0x38842108E,
        ['J'] = 0x1C4210A4C,
        ['K'] = 0x4654C5251,
        ['L'] = 0x42108421F,
        ['M'] = 0x4775AC631,
        ['N'] = 0x4739ACE71,
        ['O'] = 0x3A318C62E,
        ['P'] = 0x7A31F4210,
        ['Q'] = 0x3A318D64D,
        ['R'] = 0x7A31F5251,
        ['S'] = 0x3E107043E,
        ['T'] = 0x7C8421084,
        ['U'] = 0x46318C62E,
        ['V'] = 0x46318A944,
        ['W'] = 0x4631AD771,
        ['X'] = 0x462A22A31,
        ['Y'] = 0x462A21084,
        ['Z'] = 0x7C222221F,
        ['['] = 0x39084210E,
        ['\\'] = 0x420820821,
        [']'] = 0x38421084E,
        ['_'] = 0x00000001F,
        ['|'] = 0x108421084,
        ['~'] = 0x0009AC800,
    }.ToFrozenDictionary();

    /// <summary>Draws <paramref name="text"/> with its top left corner at (<paramref name="x"/>, <paramref name="y"/>); what leaves the
    /// image is not drawn.</summary>
    public static void Draw(Span<byte> pixels, int width, string text, int x, int y, int scale, byte level)
    {
        foreach (char c in text)
        {
            ulong glyph = Glyphs.GetValueOrDefault(char.ToUpperInvariant(c), Box);
            for (int row = 0; row < Height * scale; row++)
            {
                for (int column = 0; column < 5 * scale; column++)
                {
                    bool set = (glyph >> (34 - row / scale * 5 - column / scale) & 1) != 0;
                    int left = x + column;
                    if (set && left >= 0 && left < width && (y + row) * width + left is var at && at * 3 + 3 <= pixels.Length)
                        pixels.Slice(at * 3, 3).Fill(level);
                }
            }
            x += Advance * scale;
        }
    }

    /// <summary>The text cut to <paramref name="width"/> pixels, its middle replaced by two dots where it is longer.</summary>
    public static string Fit(string text, int width, int scale)
    {
        int room = Math.Max(0, (width + scale) / (Advance * scale));
        if (text.Length <= room)
            return text;
        if (room <= 4)
            return text[..room];
        int head = (room - 2) / 2,
            tail = room - 2 - head;
        return string.Concat(text.AsSpan(0, head), "..", text.AsSpan(text.Length - tail));
    }
}
