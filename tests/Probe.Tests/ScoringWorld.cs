// A small world to score: a random teacher, images drawn from a seed, archives and tables of them.

using System.Formats.Tar;
using System.IO.Compression;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Testing;

namespace DataFreeKD.Probe.Tests;

internal sealed class ScoringWorld : IDisposable
{
    private readonly TempFolder folder = new();

    public string this[string name] => folder[name];

    /// <summary>Writes a random teacher (8 × 8 pixels, two blocks) and returns its directory.</summary>
    public string Teacher(int classes = 5, long seed = 1)
    {
        string directory = folder[$"teacher-{classes}-{seed}"];
        using VisionTransformer model = new(
            new VitConfig
            {
                ImageSize = 8,
                PatchSize = 4,
                Width = 12,
                Depth = 2,
                Heads = 3,
                MlpHidden = 24,
                Classes = classes,
            },
            seed
        );
        ModelStore.Save(
            directory,
            model,
            new Preprocessing { ImageSize = 8, CropPct = 1 },
            [.. Enumerable.Range(0, classes).Select(index => $"class {index}")]
        );
        return directory;
    }

    /// <summary>A folder of images 000.bmp, 001.bmp, ...; those whose number is divisible by <paramref name="brokenEvery"/> are not
    /// images.</summary>
    public string Images(string name, int count, int brokenEvery = int.MaxValue, int seed = 0)
    {
        string directory = Directory.CreateDirectory(folder[name]).FullName;
        for (int i = 0; i < count; i++)
            File.WriteAllBytes(
                Path.Combine(directory, $"{i:D3}.bmp"),
                i % brokenEvery == brokenEvery - 1 ? "no image"u8.ToArray() : NoiseBitmap.Of(12, 9, seed + i)
            );
        return directory;
    }

    public string Tar(string name, string directory)
    {
        string path = folder[name];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using Stream file = name.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(File.Create(path), CompressionLevel.Fastest)
            : File.Create(path);
        using TarWriter tar = new(file);
        foreach (string image in Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal))
            tar.WriteEntry(image, Path.GetFileName(image));
        return path;
    }

    public string Zip(string name, string directory)
    {
        using ZipArchive zip = ZipFile.Open(folder[name], ZipArchiveMode.Create);
        foreach (string image in Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal))
            zip.CreateEntryFromFile(image, Path.GetFileName(image));
        return folder[name];
    }

    public void Dispose() => folder.Dispose();

    /// <summary>Scores, stopped by the test's own token or by <paramref name="stop"/>.</summary>
    public static ScoreSummary Score(ScoreOptions options, Action<ScoreProgress>? hear = null, CancellationTokenSource? stop = null) =>
        ScoreRun.Execute(
            options,
            hear is null ? null : new Heard<ScoreProgress>(hear),
            stop?.Token ?? TestContext.Current.CancellationToken
        );

    /// <summary>Scores, and is stopped when a batch has been reported so often.</summary>
    public static void Interrupt(ScoreOptions options, int batches)
    {
        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            Score(
                options,
                _ =>
                {
                    if (--batches == 0)
                        stop.Cancel();
                },
                stop
            )
        );
    }

    public static List<TableRow> Rows(string table)
    {
        using TableReader reader = Table.Open(table);
        return [.. reader.Rows(TestContext.Current.CancellationToken)];
    }
}

/// <summary>Progress that is heard at once, on the thread that reports it.</summary>
internal sealed class Heard<T>(Action<T> hear) : IProgress<T>
{
    public void Report(T value) => hear(value);
}
