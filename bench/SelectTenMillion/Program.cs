// Selects 1,000 of 10 million drawn rows and prints the seconds and the peak memory: dotnet run -c Release --project bench/SelectTenMillion [rows] [folder]

using System.Diagnostics;
using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector;

int rows = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 10_000_000;
string folder = args.Length > 1 ? args[1] : Path.Combine(Path.GetTempPath(), "dfkd-bench");
string scores = Path.Combine(folder, $"scores-{rows}.csv");
if (!File.Exists(scores)) Draw(scores, rows);
Console.WriteLine($"{scores}: {new FileInfo(scores).Length / 1e9:F2} GB");

SelectionSummary summary = SelectionRun.Execute(new SelectOptions { Scores = scores, Output = Path.Combine(folder, "selected.csv"), Budget = 1000 });
Process.GetCurrentProcess().Refresh();
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{summary.Selected} of {summary.Rows} rows in {summary.Seconds:F1} s, peak {Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:F0} MB"));

static void Draw(string path, int rows)
{
    Random random = new(0);
    byte[] content = new byte[32];
    using TableWriter table = Table.Create(path, [.. Columns.Scores, "probe_variance_3", "probe_cosine_3"]);
    for (int row = 0; row < rows; row++)
    {
        random.NextBytes(content);
        float entropy = (float)(random.NextDouble() * 2.3), ce = entropy / 2, variance = (float)Math.Exp(random.NextDouble() * 4 - 2);
        int prediction = random.Next(10);
        table.Write([$"images/{row:D8}.jpg", Convert.ToHexStringLower(content), "224", "224", "ok", "", $"{prediction}", $"class{prediction}", Numbers.Format(MathF.Exp(-ce)), Numbers.Format(entropy), Numbers.Format(-5 + entropy), Numbers.Format(ce), Numbers.Format(variance), Numbers.Format(1 / MathF.Sqrt(1 + variance))]);
    }
    table.Commit();
}
