// Archives: every member is walked, and those that are images are read.

using System.Formats.Tar;
using System.IO.Compression;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Testing;

namespace DataFreeKD.Fuzz.Targets;

/// <summary>One form of archive.</summary>
internal sealed class ArchiveTarget(string name, string extension) : Target
{
    public override string Name => name;

    public override string Extension => extension;

    public override string Family => "archives";

    protected override IReadOnlyList<string> Words =>
        extension == ".zip"
            ?
            [
                "PK\u0003\u0004",
                "PK\u0001\u0002",
                "PK\u0005\u0006",
                "PK\u0006\u0006",
                "PK\u0006\u0007",
                "\xff\xff\xff\xff",
                "../",
                "\0",
                "\u0008\0",
                "\u0001\0",
            ]
            :
            [
                "ustar\0",
                "ustar  ",
                "77777777777",
                "\x80\0\0\0\0\0\0\u0010",
                "../../",
                "/etc/passwd",
                "L",
                "x",
                "path=",
                "27 path=",
                "size=99999999999\n",
                "\0\0\0\0\0\0\0\0",
            ];

    protected override IReadOnlyList<byte[]> Samples() =>
        extension == ".zip"
            ? [Zip(CompressionLevel.Fastest), Zip(CompressionLevel.NoCompression)]
            : [Tar(TarEntryFormat.Ustar), Tar(TarEntryFormat.Pax), Tar(TarEntryFormat.Gnu)];

    protected override byte[] Wrapped(int sample, byte[] bytes)
    {
        if (extension != ".tar.gz")
            return bytes;
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        byte[] file = packed.ToArray();
        // Every fourth is broken outside too.
        if (bytes.Length % 4 == 1)
            file[bytes[0] % file.Length] ^= 0x10;
        return file;
    }

    public override void Read(byte[] bytes, string file)
    {
        InputOptions options = new() { MaxBytes = 1 << 20 };
        string[] paths = [.. ImageInputs.Enumerate(file, options).Select(found => found.Path)];
        foreach (ImageInput input in ImageInputs.Read(paths, options))
            _ = input.Path;
        _ = ImageInputs.Paths(file, options).Count();
    }

    public override void ReadWhole(byte[] bytes, string file)
    {
        int images = ImageInputs.Read([.. ImageInputs.Enumerate(file).Select(found => found.Path)]).Count(input => input.Bytes is not null);
        if (images < 2)
            throw new InvalidOperationException($"a sample has {images} images");
    }

    private static byte[] Zip(CompressionLevel level)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string member, byte[] content) in Members())
            {
                using Stream entry = zip.CreateEntry(member, level).Open();
                entry.Write(content);
            }
        }
        return stream.ToArray();
    }

    private static byte[] Tar(TarEntryFormat format)
    {
        using MemoryStream stream = new();
        using (TarWriter tar = new(stream, format, leaveOpen: true))
        {
            foreach ((string member, byte[] content) in Members())
            {
                TarEntry entry = format switch
                {
                    TarEntryFormat.Pax => new PaxTarEntry(TarEntryType.RegularFile, member),
                    TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, member),
                    _ => new UstarTarEntry(TarEntryType.RegularFile, member),
                };
                entry.DataStream = new MemoryStream(content);
                tar.WriteEntry(entry);
            }
        }
        return stream.ToArray();
    }

    private static IEnumerable<(string Name, byte[] Content)> Members() =>
        [
            ("000.bmp", NoiseBitmap.Of(6, 5, 1)),
            ("000.txt", [.. "a caption"u8]),
            ("000.json", [.. "{\"label\": 3}"u8]),
            ("deep/er/001.bmp", NoiseBitmap.Of(3, 3, 2)),
            ("001.cls", [.. "3"u8]),
            ("readme.md", [.. "# not an image"u8]),
        ];
}
