// A folder of some forty kinds of files, each with the reason that a stage must give for it.

using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace DataFreeKD.Testing;

internal static class EveryKind
{
    /// <summary>Writes the files; gives each one's path and its reason, empty where it is an image.</summary>
    public static IReadOnlyDictionary<string, string> Write(string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "deep/er"));
        Dictionary<string, string> expected = new(StringComparer.Ordinal);
        int seed = 100;
        foreach (
            string name in (ReadOnlySpan<string>)
                [
                    "a.bmp",
                    "b.jpg.1",
                    "photo.jpg@w=1",
                    "noext",
                    "wrong.PNG",
                    "upper.JPG",
                    "deep/er/below.bmp",
                    "image.txt",
                    "späce and ünicode.bmp",
                ]
        )
            Add(name, NoiseBitmap.Of(12, 9, seed++), "");
        Add("a.ppm", [.. "P6\n2 2\n255\n"u8, .. Enumerable.Range(1, 12).Select(value => (byte)value)], "");
        Add("a.tga", [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 24, 0x20, 1, 2, 3, 4, 5, 6], "");
        Add("tiny.gif", Convert.FromBase64String("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"), "");

        foreach (
            (string name, string start, string reason) in (ReadOnlySpan<(string, string, string)>)
                [
                    ("a.heic", "\0\0\0\u0018ftypheic\0\0\0\0mif1heic", "unsupported_format/heic"),
                    ("a.avif", "\0\0\0\u001cftypavif\0\0\0\0avifmif1miaf", "unsupported_format/avif"),
                    ("a.jxl", "\u00ff\n\u00fa\u001f\u0041\u0090", "unsupported_format/jxl"),
                    ("b.jxl", "\0\0\0\u000cJXL \r\n\u0087\n", "unsupported_format/jxl"),
                    ("a.jp2", "\0\0\0\u000cjP  \r\n\u0087\n", "unsupported_format/jp2"),
                    ("a.dng", "II*\0\u0010\0\0\0CR\u0002\0", "unsupported_format/raw"),
                    ("a.cr3", "\0\0\0\u0018ftypcrx \0\0\0\u0001crx isom", "unsupported_format/raw"),
                    ("a.tif", "II*\0\u0008\0\0\0", "truncated"),
                    ("a.pam", "P7\nWIDTH 1\nHEIGHT 1\n", "unsupported_format/pam"),
                    ("a.psd", "8BPS\0\u0001", "unsupported_format/psd"),
                    ("a.ico", "\0\0\u0001\0\u0001\0\u0010\u0010\0\0\u0001\0\u0020\0\u0068\u0004\0\0\u0016\0\0\0", "unsupported_format/ico"),
                    ("a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format/svg"),
                    ("a.exr", "\u0076\u002f\u0031\u0001\u0002", "unsupported_format/exr"),
                    ("a.mp4", "\0\0\0\u0018ftypmp42\0\0\0\0mp42isom", "not_an_image/mp4"),
                    ("heic-named.jpg", "\0\0\0\u0018ftypheic\0\0\0\0mif1heic", "unsupported_format/heic"),
                    ("a.pdf", "%PDF-1.7\n", "not_an_image/pdf"),
                    ("a.parquet", "PAR1....PAR1", "not_an_image/parquet"),
                    ("a.gz", "\u001f\u008b\u0008\0\0\0\0\0\0\0", "not_an_image/gzip"),
                    ("a.npy", "\u0093NUMPY\u0001\0", "not_an_image/npy"),
                    ("notes.txt", "a line of text", "unknown_format"),
                    ("labels.csv", "path,label\na.bmp,1\n", "unknown_format"),
                    ("meta.json", "{\"a\": 1}", "unknown_format"),
                    ("page.jpg", "<html>not found</html>", "unknown_format"),
                    (".hidden", "secret", "unknown_format"),
                    ("noise.bin", "\u0007\u0011\u0099\u0013\u00aa", "unknown_format"),
                    ("empty.jpg", "", "empty"),
                    ("cut.png", "\u0089PNG\r\n\u001a\n\0\0\0\rIHDR\0\0", "truncated"),
                    (
                        "huge.png",
                        "\u0089PNG\r\n\u001a\n\0\0\0\rIHDR\u00ff\u00ff\u009a\u0070\u00ff\u00ff\u0096\u0088\u0010\0\0\0\0\0\0\0\0",
                        "too_many_pixels"
                    ),
                    ("huge.gif", "GIF89a\u00ff\u00ff\u00ff\u00ff\0\0\0", "too_many_pixels"),
                ]
        )
            Add(name, Encoding.Latin1.GetBytes(start), reason);

        using (TarWriter tar = new(File.Create(Path.Combine(folder, "shard.tar"))))
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "a.jpg") { DataStream = new MemoryStream([1]) });
        expected["shard.tar"] = "archive";
        using (ZipArchive zip = ZipFile.Open(Path.Combine(folder, "zip.jpg"), ZipArchiveMode.Create))
            zip.CreateEntry("a.jpg").Open().Dispose();
        expected["zip.jpg"] = "archive";
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(Path.Combine(folder, "link.jpg"), "a.bmp");
            File.CreateSymbolicLink(Path.Combine(folder, "dangling.jpg"), "nowhere.jpg");
            expected["link.jpg"] = expected["dangling.jpg"] = "link";
            using System.Diagnostics.Process made = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(folder, "pipe.jpg")]);
            made.WaitForExit();
            expected["pipe.jpg"] = "not_a_file";
        }
        return expected;

        void Add(string name, byte[] bytes, string reason)
        {
            File.WriteAllBytes(Path.Combine(folder, name), bytes);
            expected[name] = reason;
        }
    }
}
