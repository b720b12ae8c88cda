// Reading a scores table, which selection does up to three times over tens of millions of rows.

using System.Globalization;
using BenchmarkDotNet.Attributes;
using DataFreeKD.Manifests;

namespace DataFreeKD.Micro;

/// <summary>100,000 rows of 16 columns from a CSV file.</summary>
[MemoryDiagnoser]
public class TableBenchmarks
{
    private const int Rows = 100_000;
    private readonly string path = Path.Combine(Path.GetTempPath(), $"dfkd-micro-{Environment.ProcessId}.csv");

    [GlobalSetup]
    public void Setup()
    {
        Random random = new(0);
        string[] columns = ["path", "sha256", "status", "reason", .. Enumerable.Range(0, 12).Select(index => $"figure_{index}")];
        using TableWriter writer = Table.Create(path, columns);
        for (int row = 0; row < Rows; row++)
        {
            writer.Write([
                $"images/{row:D8}.jpg",
                new string('a', 64),
                "ok",
                "",
                .. Enumerable.Range(0, 12).Select(_ => random.NextSingle().ToString("R", CultureInfo.InvariantCulture)),
            ]);
        }
        writer.Commit();
    }

    [GlobalCleanup]
    public void Cleanup() => File.Delete(path);

    [Benchmark(Description = "cursor, one number a row")]
    public double Cursor()
    {
        using TableReader reader = Table.Open(path);
        double sum = 0;
        while (reader.Read())
            sum += reader.Number(4);
        return sum;
    }

    [Benchmark(Description = "every field as text")]
    public int EveryRow()
    {
        using TableReader reader = Table.Open(path);
        return reader.Rows().Count();
    }
}
