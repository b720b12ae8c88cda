// Batches on workers: the bytes of one worker whatever their number, and the batch size that the teacher asks for.

using DataFreeKD.Manifests;
using SkiaSharp;

namespace DataFreeKD.Probe.Tests;

public sealed class WorkerTests
{
    [Fact]
    public void The_number_of_workers_changes_no_byte()
    {
        using ScoringWorld world = new();
        ScoreOptions options = ScoreRunTests.Options(world, world.Images("images", 41, brokenEvery: 7)) with
        {
            BatchSize = null,
            ExtraScores = ["all"],
            ReactClip = 1,
            CopySample = 30,
        };
        foreach (int workers in new[] { 1, 2, 5 })
            ScoringWorld.Score(options with { Output = world[$"{workers}.csv"], Workers = workers });
        Assert.Equal(File.ReadAllBytes(world["1.csv"]), File.ReadAllBytes(world["2.csv"]));
        Assert.Equal(File.ReadAllBytes(world["1.csv"]), File.ReadAllBytes(world["5.csv"]));
    }

    [Fact]
    public void A_fast_decode_keeps_the_size_of_the_file_and_sees_nearly_the_same()
    {
        using ScoringWorld world = new();
        string directory = Directory.CreateDirectory(world["photos"]).FullName;
        for (int i = 0; i < 6; i++)
            File.WriteAllBytes(Path.Combine(directory, $"{i}.jpg"), Gradient(300 + i, 200));
        ScoreOptions options = ScoreRunTests.Options(world, directory);
        ScoringWorld.Score(options with { Output = world["exact.csv"] });
        ScoringWorld.Score(options with { Output = world["fast.csv"], FastDecode = true });

        List<TableRow> exact = ScoringWorld.Rows(world["exact.csv"]),
            fast = ScoringWorld.Rows(world["fast.csv"]);
        Assert.Equal(
            exact.Select(row => (row["path"], row["sha256"], row["width"], row["height"])),
            fast.Select(row => (row["path"], row["sha256"], row["width"], row["height"]))
        );
        Assert.Equal("305", fast[5]["width"]);
        Assert.NotEqual(exact.Select(row => row["entropy"]), fast.Select(row => row["entropy"]));
        foreach ((TableRow a, TableRow b) in exact.Zip(fast))
            Assert.Equal(
                double.Parse(a["entropy"]!, System.Globalization.CultureInfo.InvariantCulture),
                double.Parse(b["entropy"]!, System.Globalization.CultureInfo.InvariantCulture),
                0.05
            );
    }

    private static byte[] Gradient(int width, int height)
    {
        using SKBitmap bitmap = new(width, height);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                bitmap.SetPixel(
                    x,
                    y,
                    new SKColor(
                        (byte)(x * 255 / width),
                        (byte)(y * 255 / height),
                        (byte)(128 + (60 * Math.Sin(x / 9.0) * Math.Cos(y / 7.0)))
                    )
                );
        }
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        return data.ToArray();
    }
}
