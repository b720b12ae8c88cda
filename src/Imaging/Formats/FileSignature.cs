// What a file is that is decoded by nothing here, by its first bytes: so that the reason can say it.

using System.Buffers.Binary;

namespace DataFreeKD.Imaging.Formats;

/// <summary>Names formats by their magic numbers.</summary>
internal static class FileSignature
{
    private const string Image = Reason.UnsupportedFormat + "/",
        Other = Reason.NotAnImage + "/";

    // Bytes looked at for the first element of an SVG: comments may come before it.
    private const int TextWindow = 4096;

    private static readonly (byte[] Magic, string Reason)[] Prefixes =
    [
        ([.. "II*\0"u8], Image + "tiff"),
        ([.. "MM\0*"u8], Image + "tiff"),
        ([.. "II+\0"u8], Image + "tiff"),
        ([.. "MM\0+"u8], Image + "tiff"),
        ([0xff, 0x0a], Image + "jxl"),
        ([0, 0, 0, 0x0c, .. "JXL "u8], Image + "jxl"),
        ([0, 0, 0, 0x0c, .. "jP  "u8], Image + "jp2"),
        ([0xff, 0x4f, 0xff, 0x51], Image + "jp2"),
        ([.. "8BPS"u8], Image + "psd"),
        ([.. "gimp xcf"u8], Image + "xcf"),
        ([.. "qoif"u8], Image + "qoi"),
        ([.. "DDS "u8], Image + "dds"),
        ([.. "icns"u8], Image + "icns"),
        ([0x76, 0x2f, 0x31, 0x01], Image + "exr"),
        ([.. "#?RADIANCE"u8], Image + "hdr"),
        ([.. "#?RGBE"u8], Image + "hdr"),
        ([.. "FLIF"u8], Image + "flif"),
        ([.. "BPG"u8, 0xfb], Image + "bpg"),
        ([.. "II"u8, 0xbc, 0x01], Image + "jxr"),
        ([.. "IIRO"u8], Image + "raw"),
        ([.. "IIRS"u8], Image + "raw"),
        ([.. "IIU\0"u8], Image + "raw"),
        ([.. "FUJIFILMCCD-RAW"u8], Image + "raw"),
        ([.. "FOVb"u8], Image + "raw"),
        ([0x8a, .. "MNG"u8], Image + "mng"),
        ([0x8b, .. "JNG"u8], Image + "jng"),
        ([.. "SIMPLE  ="u8], Image + "fits"),
        ([.. "AT&TFORM"u8], Image + "djvu"),
        ([.. "/* XPM */"u8], Image + "xpm"),
        ([0xd7, 0xcd, 0xc6, 0x9a], Image + "wmf"),
        ([.. "%!PS"u8], Image + "eps"),
        ([0xc5, 0xd0, 0xd3, 0xc6], Image + "eps"),
        ([0x01, 0xda, 0, 1], Image + "sgi"),
        ([0x01, 0xda, 0, 2], Image + "sgi"),
        ([0x01, 0xda, 1, 1], Image + "sgi"),
        ([0x01, 0xda, 1, 2], Image + "sgi"),
        ([0x59, 0xa6, 0x6a, 0x95], Image + "sun_raster"),
        ([.. "DanM"u8], Image + "msp"),
        ([.. "LinS"u8], Image + "msp"),
        ([.. "BLP1"u8], Image + "blp"),
        ([.. "BLP2"u8], Image + "blp"),
        ([.. "NRRD000"u8], Image + "nrrd"),
        ([0xab, .. "KTX "u8], Image + "ktx"),
        ([.. "Image type: "u8], Image + "im"),
        ([.. "II\x1a\0\0\0HEAPCCDR"u8], Image + "raw"),
        ([0, .. "MRM"u8], Image + "raw"),
        ([.. "%PDF"u8], Other + "pdf"),
        ([0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11], Other + "asf"),
        ([.. "MATLAB 5.0 MAT-file"u8], Other + "mat"),
        ([0x0a, 0x23, 0xd7, 0xce], Other + "recordio"),
        ([0xff, 0xff, 0xff, 0xff, 0x10], Other + "arrow"),
        ([.. "MZ"u8], Other + "program"),
        ([.. "version https://git-lfs"u8], Other + "git_lfs_pointer"),
        ([0x1a, 0x45, 0xdf, 0xa3], Other + "matroska"),
        ([.. "OggS"u8], Other + "ogg"),
        ([.. "fLaC"u8], Other + "flac"),
        ([.. "ID3"u8], Other + "mp3"),
        ([.. "FLV\x01"u8], Other + "flv"),
        ([0, 0, 1, 0xba], Other + "mpeg"),
        ([0, 0, 1, 0xb3], Other + "mpeg"),
        ([0x1f, 0x8b], Other + "gzip"),
        ([.. "PK\x03\x04"u8], Other + "zip"),
        // Archives, and packed files that may be such, of kinds that are not opened.
        ([.. "BZh"u8], Image + "bzip2"),
        ([0xfd, .. "7zXZ\0"u8], Image + "xz"),
        ([0x5d, 0, 0], Image + "lzma"),
        ([0x28, 0xb5, 0x2f, 0xfd], Image + "zstd"),
        ([0x04, 0x22, 0x4d, 0x18], Image + "lz4"),
        ([.. "LZIP"u8], Image + "lzip"),
        ([0x1f, 0x9d], Image + "compress"),
        ([0xff, 6, 0, 0, .. "sNaPpY"u8], Image + "snappy"),
        ([.. "7z"u8, 0xbc, 0xaf, 0x27, 0x1c], Image + "7z"),
        ([.. "Rar!\x1a\x07"u8], Image + "rar"),
        ([.. "07070"u8], Image + "cpio"),
        ([.. "MSCF"u8], Image + "cab"),
        ([.. "!<arch>\n"u8], Other + "ar"),
        ([.. "PAR1"u8], Other + "parquet"),
        ([0x93, .. "NUMPY"u8], Other + "npy"),
        ([0x89, .. "HDF"u8], Other + "hdf5"),
        ([.. "SQLite format 3\0"u8], Other + "sqlite"),
        ([.. "ARROW1"u8], Other + "arrow"),
        ([0x80, 0x02], Other + "pickle"),
        ([0x80, 0x03], Other + "pickle"),
        ([0x80, 0x04, 0x95], Other + "pickle"),
        ([0x80, 0x05, 0x95], Other + "pickle"),
        ([0x7f, .. "ELF"u8], Other + "program"),
        ([0, 5, 0x16, 7], Other + "appledouble"),
        ([0, 0, 0, 1, .. "Bud1"u8], Other + "ds_store"),
        ([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], Other + "ole"),
    ];

    /// <summary>Why the file is not decoded: <c>unsupported_format/heic</c> for a picture, <c>not_an_image/pdf</c> for what is none,
    /// <c>unknown_format</c> for what cannot be told (text among it).</summary>
    public static string ReasonOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= 12 && bytes[4..].StartsWith("ftyp"u8))
            return Box(bytes);
        if (bytes.StartsWith("RIFF"u8) && bytes.Length >= 12)
            return Riff(bytes[8..]);
        if (Film(bytes) is { } film)
            return Other + film;
        if (Icon(bytes) is { } icon)
            return Image + icon;
        if (Netpbm(bytes) is { } netpbm)
            return Image + netpbm;
        if (bytes.Length >= 132 && bytes[128..].StartsWith("DICM"u8))
            return Image + "dicom";
        foreach ((byte[] magic, string reason) in Prefixes)
        {
            if (bytes.StartsWith(magic))
                return bytes.Length >= 10 && reason == Image + "tiff" && bytes[8..].StartsWith("CR"u8) ? Image + "raw" : reason;
        }
        if (Header(bytes) is { } other)
            return Image + other;
        if (IsTarga(bytes))
            return Image + "tga";
        return IsSvg(bytes) ? Image + "svg" : Reason.UnknownFormat;
    }

    /// <summary>Whether bytes begin as an archive, or a packed file, of a kind that is not opened.</summary>
    public static bool IsPacked(ReadOnlySpan<byte> bytes)
    {
        string reason = ReasonOf(bytes);
        return reason.StartsWith(Image, StringComparison.Ordinal) && Packed.Contains(reason[Image.Length..]);
    }

    private static readonly HashSet<string> Packed =
    [
        "bzip2",
        "xz",
        "lzma",
        "zstd",
        "lz4",
        "lzip",
        "compress",
        "snappy",
        "7z",
        "rar",
        "cpio",
        "cab",
    ];

    /// <summary>Whether it ends as a new Targa file does, or begins as an old one must; the format has no magic number.</summary>
    public static bool IsTarga(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 44 && bytes[^18..].SequenceEqual("TRUEVISION-XFILE.\0"u8))
            return true;
        if (
            bytes.Length < 19
            || bytes[1] > 1
            || bytes[2] is not (1 or 2 or 3 or 9 or 10 or 11)
            || bytes[16] is not (8 or 15 or 16 or 24 or 32)
            || (bytes[17] & 0xc0) != 0
        )
            return false;
        bool palette = bytes[2] is 1 or 9;
        if (
            palette != (bytes[1] == 1)
            || palette != (bytes[7] is 15 or 16 or 24 or 32)
            || (!palette && BinaryPrimitives.ReadUInt16LittleEndian(bytes[5..]) != 0)
        )
            return false;
        int width = BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]),
            height = BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]);
        long pixels = (long)width * height * ((bytes[16] + 7) / 8);
        // Uncompressed pixels must be there; a run holds at most 128.
        return width > 0 && height > 0 && bytes.Length >= (bytes[2] < 8 ? pixels : pixels / 128) + 18;
    }

    /// <summary><c>pbm</c>, <c>pgm</c>, <c>ppm</c>, <c>pam</c> or <c>pfm</c>; null for what is none.</summary>
    public static string? Netpbm(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8 || bytes[0] != 'P' || bytes[2] is not ((byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r'))
            return null;
        return bytes[1] switch
        {
            (byte)'1' or (byte)'4' => "pbm",
            (byte)'2' or (byte)'5' => "pgm",
            (byte)'3' or (byte)'6' => "ppm",
            (byte)'7' => "pam",
            (byte)'F' or (byte)'f' => "pfm",
            _ => null,
        };
    }

    // ISO/IEC 14496-12: the brand, and those that it is compatible with.
    private static string Box(ReadOnlySpan<byte> bytes)
    {
        int length = (int)Math.Min((uint)bytes.Length, BinaryPrimitives.ReadUInt32BigEndian(bytes));
        bool heic = false,
            generic = false;
        for (int at = 8; at + 4 <= Math.Max(length, 12); at = at == 8 ? 16 : at + 4)
        {
            if (at + 4 > bytes.Length)
                break;
            ReadOnlySpan<byte> brand = bytes.Slice(at, 4);
            if (brand.SequenceEqual("avif"u8) || brand.SequenceEqual("avis"u8))
                return Image + "avif";
            if (brand.SequenceEqual("crx "u8))
                return Image + "raw";
            heic |= brand[..3].SequenceEqual("hei"u8) || brand[..3].SequenceEqual("hev"u8);
            generic |= brand.SequenceEqual("mif1"u8) || brand.SequenceEqual("msf1"u8) || brand.SequenceEqual("mif2"u8);
            if (brand.SequenceEqual("jxl "u8))
                return Image + "jxl";
            if (brand.SequenceEqual("jp2 "u8) || brand.SequenceEqual("jpx "u8))
                return Image + "jp2";
        }
        return heic ? Image + "heic"
            : generic ? Image + "heif"
            : Other + (bytes[8..].StartsWith("qt  "u8) ? "mov" : "mp4");
    }

    private static string Riff(ReadOnlySpan<byte> kind) =>
        kind.StartsWith("AVI "u8) ? Other + "avi"
        : kind.StartsWith("ACON"u8) ? Image + "ani"
        : Other + "riff";

    // Films without a magic number: QuickTime's boxes, MPEG's transport packets of 188 bytes.
    private static string? Film(ReadOnlySpan<byte> bytes)
    {
        const int packet = 188;
        if (
            bytes.Length >= 16
            && bytes[4..8] is var box
            && (box.SequenceEqual("moov"u8) || box.SequenceEqual("mdat"u8) || box.SequenceEqual("wide"u8))
        )
            return "mov";
        foreach ((int first, int length) in (ReadOnlySpan<(int, int)>)[(0, packet), (4, packet + 4)])
        {
            if (
                bytes.Length > first + (2 * length)
                && bytes[first] == 'G'
                && bytes[first + length] == 'G'
                && bytes[first + (2 * length)] == 'G'
            )
                return "mpeg";
        }
        return null;
    }

    // Pictures whose header must make sense, since its magic number alone is too short, or comes late.
    private static string? Header(ReadOnlySpan<byte> bytes)
    {
        if (
            bytes.Length >= 128
            && bytes[0] == 10
            && bytes[1] is 0 or 2 or 3 or 4 or 5
            && bytes[2] == 1
            && bytes[3] is 1 or 2 or 4 or 8
            && bytes[65] is >= 1 and <= 4
        )
            return "pcx";
        // A bitmap without the header of its file.
        if (
            bytes.Length >= 40
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes) is 40 or 108 or 124
            && BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]) == 1
            && bytes[14] is 1 or 4 or 8 or 16 or 24 or 32
            && bytes[15] == 0
        )
            return "dib";
        if (bytes.Length >= 44 && bytes.StartsWith((ReadOnlySpan<byte>)[1, 0, 0, 0]) && bytes[40..44].SequenceEqual(" EMF"u8))
            return "emf";
        if (bytes.Length >= 348 && bytes[344..348] is var nifti && (nifti.SequenceEqual("n+1\0"u8) || nifti.SequenceEqual("ni1\0"u8)))
            return "nifti";
        return bytes.StartsWith("#define "u8) && bytes[..Math.Min(bytes.Length, 256)].IndexOf("_width "u8) > 0 ? "xbm" : null;
    }

    private static string? Icon(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 22 || bytes[0] != 0 || bytes[1] != 0 || bytes[2] is not (1 or 2) || bytes[3] != 0 || bytes[9] != 0)
            return null;
        int pictures = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
        return pictures is > 0 and < 256
            ? bytes[2] == 1
                ? "ico"
                : "cur"
            : null;
    }

    private static bool IsSvg(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> text = bytes[..Math.Min(bytes.Length, TextWindow)];
        if (text.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
            text = text[3..];
        return text.TrimStart(" \t\r\n"u8).StartsWith("<"u8)
            && text.IndexOf("<svg"u8) is >= 0 and var at
            && text[..at].IndexOf("<html"u8) < 0;
    }
}
