// Tables and lists: text in every form, gzipped, Parquet, and embeddings.

using System.IO.Compression;
using System.Text;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Manifests;

namespace DataFreeKD.Fuzz.Targets;

internal static class TableReading
{
    public static void All(string file)
    {
        using (TableReader table = Table.Open(file))
        {
            int columns = table.Header.Columns.Count;
            while (table.Read())
            {
                for (int column = 0; column < columns; column++)
                    _ = table.Text(column);
                Number(table, columns - 1);
            }
        }
        using (TableReader table = Table.Open(file))
            foreach (string path in table.UsablePaths())
                _ = path.Length;
    }

    private static void Number(TableReader table, int column)
    {
        try
        {
            if (column >= 0)
                _ = table.Number(column);
        }
        catch (TableException)
        {
            // Most columns hold none.
        }
    }

    // The same file as a list of web addresses; a list without any is refused, which ends here as well.
    public static void AsList(string file)
    {
        UrlColumns columns = new();
        foreach (string carried in UrlList.CarriedColumns(file, columns))
            _ = carried.Length;
        foreach (ListedUrl url in UrlList.Read(file, columns, CancellationToken.None))
            _ = url.Url;
    }
}

/// <summary>Text tables and lists of addresses.</summary>
internal sealed class TextTableTarget(string name, string extension) : Target
{
    public override string Name => name;

    public override string Extension => extension;

    public override string Family => "tables";

    protected override IReadOnlyList<string> Words =>
        [
            "\"",
            "\"\"",
            "\\\"",
            ",",
            ";",
            "\t",
            "|",
            "\r",
            "\n",
            "\r\n",
            "\0",
            "\xef\xbb\xbf",
            "\xff\xfe",
            "path",
            "url",
            "status",
            "ok",
            "https://example.org/",
            "{",
            "}",
            "[",
            "]",
            ":",
            "null",
            "true",
            "1e999",
            "\\u",
            "\\ud83d",
            "{\"url\":",
            "NaN",
            "#",
        ];

    protected override IReadOnlyList<byte[]> Samples() => [.. Texts().Select(Encoding.UTF8.GetBytes)];

    public override void Read(byte[] bytes, string file) => ByAll(() => TableReading.All(file), () => TableReading.AsList(file));

    private IEnumerable<string> Texts() =>
        extension switch
        {
            ".csv" =>
            [
                "path,sha256,status,reason,entropy\na.jpg,00,ok,,0.5\n\"b, c.jpg\",11,failed,decode_error,\n",
                "url;caption\nhttps://example.org/a.jpg;\"two\nlines \"\"quoted\"\"\"\n",
                "path,confidence,entropy,energy\n"
                    + string.Concat(Enumerable.Range(0, 50).Select(i => FormattableString.Invariant($"{i}.jpg,0.{i},1.{i},-{i}\n"))),
            ],
            ".tsv" => ["url\ttext\nhttps://example.org/a.jpg\ta \"cat\"\nhttps://example.org/b.jpg\tb\\\"c\n"],
            ".jsonl" =>
            [
                "{\"url\": \"https://example.org/a.jpg\", \"caption\": \"a\", \"n\": 1.5}\n{\"url\": \"https://example.org/b.jpg\", \"nested\": {\"x\": [1, 2]}}\n",
            ],
            ".json" =>
            [
                "[{\"url\": \"https://example.org/a.jpg\", \"caption\": null}, {\"url\": \"https://example.org/b.jpg\"}]",
                "{\"url\": [\"https://example.org/a.jpg\", \"https://example.org/b.jpg\"], \"caption\": [\"a\", \"b\"]}",
                "{\"url\": {\"0\": \"https://example.org/a.jpg\", \"1\": \"https://example.org/b.jpg\"}}",
            ],
            _ =>
            [
                "https://example.org/a.jpg\n# a comment\n\nhttps://example.org/b.jpg?x=1\n",
                "path\nphotos/a.jpg\nfile:///tmp/b.jpg\nC:\\c.jpg\n",
            ],
        };
}

/// <summary>A changed table within a good gzip file.</summary>
internal sealed class GzipTableTarget : Target
{
    public override string Name => "csv-gz";

    public override string Extension => ".csv.gz";

    public override string Family => "tables";

    protected override IReadOnlyList<string> Words => ["\"", ",", "\n", "\0", "\x1f\x8b\u0008"];

    protected override IReadOnlyList<byte[]> Samples() =>
        [
            [.. "path,status\na.jpg,ok\nb.jpg,failed\n"u8],
        ];

    protected override byte[] Wrapped(int sample, byte[] bytes)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        byte[] file = packed.ToArray();
        // Every fourth is broken outside too.
        if (bytes.Length % 4 == 1)
            file[bytes[0] % file.Length] ^= (byte)(1 << (bytes[^1] % 8));
        return file;
    }

    public override void Read(byte[] bytes, string file) => ByAll(() => TableReading.All(file), () => TableReading.AsList(file));
}

/// <summary>Parquet as a table, as a list and as images.</summary>
internal sealed class ParquetTarget : Target
{
    public override string Name => "parquet";

    public override string Extension => ".parquet";

    public override string Family => "tables";

    protected override IReadOnlyList<string> Words =>
        ["PAR1", "\u0015\u0000", "\x19\x1c", "\xff\xff\xff\xff\u000f", "path", "image", "\u0000\u0000\u0000\u0080"];

    protected override IReadOnlyList<byte[]> Samples() => [Table(1), Table(200)];

    public override void Read(byte[] bytes, string file) =>
        ByAll(
            () => TableReading.All(file),
            () => TableReading.AsList(file),
            () =>
            {
                if (ParquetImages.Fits(file))
                    foreach (EmbeddedImage image in ParquetImages.Read(file, CancellationToken.None))
                        _ = image.Bytes?.Length;
            }
        );

    private static byte[] Table(int rows)
    {
        string file = Path.Combine(Path.GetTempPath(), $"fuzz-corpus-{Environment.ProcessId}.parquet");
        using (TableWriter writer = Manifests.Table.Create(file, ["path", "status", "prediction", "entropy"]))
        {
            for (int i = 0; i < rows; i++)
                writer.Write([$"{i % 7}.jpg", i % 3 == 0 ? "failed" : "ok", i % 5 == 0 ? null : "3", "0.25"]);
            writer.Commit();
        }
        byte[] bytes = File.ReadAllBytes(file);
        File.Delete(file);
        return bytes;
    }
}

/// <summary>Embeddings beside a table.</summary>
internal sealed class EmbeddingTarget : Target
{
    public override string Name => "npy";

    public override string Extension => ".npy";

    public override string Family => "tables";

    protected override IReadOnlyList<string> Words =>
        [
            "'descr': '<f4'",
            "'<f8'",
            "'|O'",
            "'fortran_order': True",
            "'shape': (",
            "99999999999, 2)",
            "-1",
            "\x93NUMPY\u0001\0",
            "\xff\xff",
        ];

    protected override IReadOnlyList<byte[]> Samples()
    {
        byte[] header = Encoding.ASCII.GetBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3), }".PadRight(117) + "\n");
        return
        [
            [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. header, .. new byte[60]],
        ];
    }

    public override void Read(byte[] bytes, string file)
    {
        using EmbeddingReader reader = EmbeddingReader.Open(file);
        if (reader.Rows > 0)
            reader.Read([0, reader.Rows - 1], (_, row) => _ = row.Length);
    }
}
