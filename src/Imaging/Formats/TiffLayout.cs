// How the first picture of a TIFF lies in its file, and whether it is of a sort that is read here: all others are refused by name, since a
// wrong guess is a wrong picture without a word.

namespace DataFreeKD.Imaging.Formats;

/// <summary>What a TIFF's samples mean (tag 262).</summary>
internal enum TiffMeaning
{
    /// <summary>Grey, 0 is white.</summary>
    White = 0,

    /// <summary>Grey, 0 is black.</summary>
    Black = 1,

    /// <summary>Red, green, blue.</summary>
    Colours = 2,

    /// <summary>Numbers of a table's colours.</summary>
    Palette = 3,

    /// <summary>Cyan, magenta, yellow, black.</summary>
    Inks = 5,
}

/// <summary>The layout of a picture: blocks are strips, or tiles.</summary>
/// <param name="Directory">The tags.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Bits">Bits of a sample.</param>
/// <param name="Samples">Samples of a pixel.</param>
/// <param name="Compression">Tag 259.</param>
/// <param name="Meaning">Tag 262.</param>
/// <param name="Planar">Whether each sample has blocks of its own.</param>
/// <param name="Differences">Whether a row holds differences (tag 317 is 2).</param>
/// <param name="Reversed">Whether the lowest bit of a byte comes first (tag 266 is 2).</param>
/// <param name="Premultiplied">Whether the fourth sample is an alpha that the colours are multiplied by (tag 338 is 1).</param>
/// <param name="BlockWidth">Pixels.</param>
/// <param name="BlockHeight">Pixels.</param>
/// <param name="Orientation">1 to 8 as in EXIF.</param>
internal sealed record TiffLayout(
    TiffDirectory Directory,
    int Width,
    int Height,
    int Bits,
    int Samples,
    int Compression,
    TiffMeaning Meaning,
    bool Planar,
    bool Differences,
    bool Reversed,
    bool Premultiplied,
    int BlockWidth,
    int BlockHeight,
    int Orientation
)
{
    /// <summary>Not compressed.</summary>
    public const int Plain = 1;

    /// <summary>LZW.</summary>
    public const int Lzw = 5;

    /// <summary>Deflate.</summary>
    public const int Deflate = 8;

    /// <summary>Deflate by its older number.</summary>
    public const int OldDeflate = 32946;

    /// <summary>Runs of bytes.</summary>
    public const int PackBits = 32773;

    private const string Unsupported = Reason.UnsupportedFormat + "/tiff",
        Raw = Reason.UnsupportedFormat + "/raw";

    private const int MostSamples = 8;

    /// <summary>Whether it is a fax: bits by CCITT's codes.</summary>
    public bool IsFax => Compression is 2 or 3 or 4;

    /// <summary>The header and the layout; the latter is null where the header has a reason.</summary>
    /// <param name="bytes">The file, which begins as a TIFF does.</param>
    public static (ImageHeader Header, TiffLayout? Layout) Of(ReadOnlySpan<byte> bytes)
    {
        if (FileSignature.ReasonOf(bytes) is var kind && kind != Unsupported)
            return (new ImageHeader("", 0, 0, kind), null);
        if (TiffDirectory.Read(bytes, out string? reason) is not { } directory)
            return (new ImageHeader("tiff", 0, 0, reason), null);
        if (Refusal(directory, bytes) is { } refusal)
            return (new ImageHeader("", 0, 0, refusal), null);
        long width = directory.Value(bytes, 256, 0),
            height = directory.Value(bytes, 257, 0);
        if (width is <= 0 || height is <= 0)
            return (new ImageHeader("tiff", 0, 0, Reason.DecodeError), null);
        ImageHeader header = new("tiff", width, height, null);
        // Sizes beyond every limit are told as such.
        if (header.Exceeds(Array.MaxLength / 4))
            return (header, null);
        TiffLayout layout = Read(directory, bytes, (int)width, (int)height);
        return layout.Compression == Plain && layout.Bytes > bytes.Length ? (new ImageHeader("tiff", 0, 0, Reason.Truncated), null)
            // The samples, not the pixels, are what packing cannot make of a few bytes.
            : layout.Compression is Lzw or Deflate or OldDeflate or PackBits
            && layout.Bytes > ImageClaim.Large * 3
            && layout.Bytes > ImageClaim.DeflateRatio * bytes.Length
                ? (new ImageHeader("tiff", 0, 0, Reason.TooManyPixels), null)
            : (header, layout);
    }

    // Of all samples, not compressed.
    private long Bytes => Height * (((long)Width * Samples * Bits + 7) / 8);

    private static TiffLayout Read(TiffDirectory directory, ReadOnlySpan<byte> bytes, int width, int height)
    {
        bool tiled = directory.Has(322);
        long[] extra = directory.Values(bytes, 338);
        long rows = directory.Value(bytes, 278, height);
        return new TiffLayout(
            directory,
            width,
            height,
            directory.Values(bytes, 258) is [var bits, ..] ? (int)bits : 1,
            (int)directory.Value(bytes, 277, 1),
            (int)directory.Value(bytes, 259, Plain),
            (TiffMeaning)directory.Value(bytes, 262, -1),
            directory.Value(bytes, 284, 1) == 2 && directory.Value(bytes, 277, 1) > 1,
            directory.Value(bytes, 317, 1) == 2 && directory.Value(bytes, 259, Plain) is Lzw or Deflate or OldDeflate,
            directory.Value(bytes, 266, 1) == 2,
            extra is [1, ..] && directory.Value(bytes, 262, -1) == (int)TiffMeaning.Colours,
            tiled ? (int)directory.Value(bytes, 322, 0) : width,
            tiled ? (int)directory.Value(bytes, 323, 0)
                : rows is > 0 && rows < height ? (int)rows
                : height,
            directory.Value(bytes, 274, 1) is var turned and >= 1 and <= 8 ? (int)turned : 1
        );
    }

    // Why the picture is not read here; null where it is.
    private static string? Refusal(TiffDirectory directory, ReadOnlySpan<byte> bytes)
    {
        bool reduced = (directory.Value(bytes, 254, 0) & 1) != 0;
        // A camera's file: its first picture is a thumbnail, the true one lies in a directory of its own.
        if (directory.Has(50706) || (reduced && directory.Has(330)))
            return Raw;
        long samples = directory.Value(bytes, 277, 1),
            compression = directory.Value(bytes, 259, Plain),
            meaning = directory.Value(bytes, 262, -1);
        long[] bits = directory.Values(bytes, 258),
            formats = directory.Values(bytes, 339);
        // A tag whose values lie beyond the file says nothing; what is left out has a default, this has not.
        if ((directory.Has(258) && bits.Length == 0) || (directory.Has(339) && formats.Length == 0))
            return Reason.DecodeError;
        bool fits =
            !(reduced && directory.HasNext)
            && samples is >= 1 and <= MostSamples
            && (bits.Length is 0 or 1 || bits.Length >= samples)
            && bits.All(one => one == bits[0])
            && (bits.Length == 0 ? 1 : bits[0]) is 1 or 2 or 4 or 8 or 10 or 12 or 14 or 16
            // Whole numbers from 0 on. What is white among floating-point numbers or negative ones, no tag says.
            && formats.All(format => format is 1 or 4)
            && (TiffMeaning)meaning switch
            {
                // Grey that is multiplied by its alpha is not divided here.
                TiffMeaning.White or TiffMeaning.Black => directory.Values(bytes, 338) is not [1, ..],
                TiffMeaning.Colours => samples >= 3,
                TiffMeaning.Palette => samples == 1 && bits is [<= 8, ..],
                TiffMeaning.Inks => samples >= 4 && directory.Value(bytes, 332, 1) == 1,
                _ => false,
            }
            && directory.Value(bytes, 317, 1) is var predictor
            && compression switch
            {
                Plain or PackBits => true,
                Lzw or Deflate or OldDeflate => predictor == 1 || (predictor == 2 && bits is [8 or 16, ..]),
                2 or 3 or 4 => samples == 1 && bits is [] or [1] && meaning <= 1 && !directory.Has(322),
                _ => false,
            }
            && (!directory.Has(322) || (InTiles(directory.Value(bytes, 322, 0)) && InTiles(directory.Value(bytes, 323, 0))));
        return fits ? null : Unsupported;
    }

    private static bool InTiles(long side) => side is > 0 and <= 1 << 16 && side % 16 == 0;
}
