// What dfkd select drops of a scored pool with planted copies, by perceptual hash and by embeddings.

using System.Globalization;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests;
using DataFreeKD.Selector;

namespace DataFreeKD.NearDuplicates;

internal static class SelectedCopies
{
    /// <summary>Selects everything but copies and judges the groups; hashes and colours are laid beside the scores first, as a crawl would
    /// have.</summary>
    /// <param name="pool">The planted pool.</param>
    /// <param name="scores">Its scores table, by dfkd score.</param>
    /// <param name="embeddings">The embeddings written with it; null for hashes alone.</param>
    public static void Report(PlantedPool pool, string scores, string? embeddings)
    {
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("dfkd-bench-");
        string table = Path.Combine(scratch.FullName, "scores.csv");
        WriteLooks(pool, scores, table);
        Console.WriteLine($"{pool.NearDuplicates} copies of earlier images beside the exact ones");
        Console.WriteLine("by                    dropped  right  wrong  precision  recall  mean distance  seconds");
        foreach (int radius in (ReadOnlySpan<int>)[0, 2, 4, 6, 8])
            Row($"hash, {radius} bits", new SetOptions { NearDuplicates = radius, Embeddings = embeddings });
        if (embeddings is not null)
        {
            foreach (double cosine in (ReadOnlySpan<double>)[0.999, 0.995, 0.99, 0.98, 0.97, 0.95])
                Row(
                    $"cosine, {cosine.ToString(CultureInfo.InvariantCulture)}",
                    new SetOptions { NearCosine = cosine, Embeddings = embeddings }
                );
            Row(
                "hash, 4 bits, or 0.99",
                new SetOptions
                {
                    NearDuplicates = 4,
                    NearCosine = 0.99,
                    Embeddings = embeddings,
                }
            );
        }
        scratch.Delete(recursive: true);

        void Row(string name, SetOptions set)
        {
            SelectOptions options = new()
            {
                Scores = table,
                Output = Path.Combine(scratch.FullName, "selected.csv"),
                Fraction = 1,
                Quota = ClassQuota.None,
                Overwrite = true,
                Set = set,
            };
            SelectionSummary summary = SelectionRun.Execute(options);
            (int right, int wrong) = Judge(pool, Path.Combine(scratch.FullName, "selected.duplicates.csv"));
            Console.WriteLine(
                $"{name,-20}  {summary.NearDuplicatesDropped,7}  {right,5}  {wrong,5}  {(double)right / (right + wrong),9:F4}  {(double)right / pool.NearDuplicates,6:F4}  {summary.MeanDistance,13:F4}  {summary.Seconds,7:F1}"
            );
        }
    }

    private static (int Right, int Wrong) Judge(PlantedPool pool, string duplicates)
    {
        using TableReader table = Table.Open(duplicates);
        string kept = "";
        int right = 0,
            wrong = 0;
        foreach (TableRow row in table.Rows())
        {
            string name = PlantedPool.NameOf(row["path"]!);
            if (row["kept"] == "true")
                kept = name;
            else if (pool.AreCopies(kept, name))
                right++;
            else
                wrong++;
        }
        return (right, wrong);
    }

    private static void WriteLooks(PlantedPool pool, string scores, string table)
    {
        using TableReader reader = Table.Open(scores);
        using TableWriter writer = Table.Create(table, [.. reader.Header.Columns, Columns.Hash, Columns.Colours]);
        foreach (TableRow row in reader.Rows())
        {
            PoolImage? image = pool.Find(PlantedPool.NameOf(row["path"]!));
            writer.Write([.. row.Fields, image is null ? null : PerceptualHash.Format(image.Hash), image?.Colours.Format()]);
        }
        writer.Commit();
    }
}
