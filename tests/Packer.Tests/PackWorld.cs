// A small selection with its images, and what is packed of it.

using System.Security.Cryptography;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Packer.Tests;

/// <summary>Builds a selection row by row beside its images.</summary>
internal sealed class PackWorld : IDisposable
{
    public static readonly string[] Header =
    [
        "path",
        "sha256",
        "width",
        "height",
        "status",
        "reason",
        "prediction",
        "class_name",
        "confidence",
        "entropy",
        "source",
        "license",
        "caption",
        "rank",
        "selection_score",
        "weight",
    ];

    private readonly TempFolder folder = new();
    private readonly List<string?[]> rows = [];

    public string this[string name] => folder[name];

    /// <summary>The bytes of the image of a seed.</summary>
    public static byte[] Image(int seed) => NoiseBitmap.Of(6 + seed, 5, seed);

    /// <summary>Writes an image and adds its row.</summary>
    public PackWorld Add(
        string path,
        int prediction = 0,
        string className = "cat",
        string? source = null,
        string? caption = null,
        string? license = null
    )
    {
        string file = folder[path];
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, Image(rows.Count));
        return Row(path, prediction, className, source, caption, license);
    }

    /// <summary>Adds the row of an image that is written elsewhere.</summary>
    public PackWorld Row(
        string path,
        int? prediction = 0,
        string className = "cat",
        string? source = null,
        string? caption = null,
        string? license = null,
        string status = Status.Ok
    )
    {
        int at = rows.Count;
        rows.Add([
            path,
            Convert.ToHexStringLower(SHA256.HashData(Image(at))),
            $"{6 + at}",
            "5",
            status,
            "",
            $"{prediction}",
            className,
            "0.5",
            Numbers.Format(at / 8.0),
            source,
            license,
            caption,
            $"{at + 1}",
            Numbers.Format(-at / 8.0),
            "1",
        ]);
        return this;
    }

    /// <summary>Writes the table.</summary>
    public string Table(string name = "run/selected.csv")
    {
        using TableWriter writer = Manifests.Table.Create(folder[name], Header);
        foreach (string?[] row in rows)
            writer.Write([Path.IsPathRooted(row[0]!) ? row[0] : ManifestPath.ToTable(folder[row[0]!], folder[name]), .. row[1..]]);
        writer.Commit();
        return folder[name];
    }

    public PackOptions Options(PackFormat format, string output = "out/pack") =>
        new()
        {
            Selection = Table(),
            Output = folder[output],
            Format = format,
        };

    public static PackSummary Pack(PackOptions options) => PackRun.Execute(options, cancel: TestContext.Current.CancellationToken);

    /// <summary>The files of a folder, by their paths in it, but for what holds seconds.</summary>
    public static SortedDictionary<string, byte[]> Files(string folder) =>
        new(
            Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Where(file => Path.GetFileName(file) != "provenance.json")
                .ToDictionary(file => Path.GetRelativePath(folder, file).Replace('\\', '/'), File.ReadAllBytes),
            StringComparer.Ordinal
        );

    public void Dispose() => folder.Dispose();
}
