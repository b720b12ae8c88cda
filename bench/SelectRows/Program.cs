// Draws a scores table of any size, selects from it, and compares with what DuckDB finds. One step a process, so that each one's memory is
// its own:
//   draw TABLE ROWS                       a .csv or .parquet of the contract's columns
//   select TABLE OUT METHOD BUDGET QUOTA  quota: none or equal
//   judge TABLE OUT BUDGET QUOTA          of a selection by entropy; exit code 1 where the answers differ

using System.Diagnostics;
using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector;
using DataFreeKD.SelectRows;

long Count(int at) => long.Parse(args[at], CultureInfo.InvariantCulture);
ClassQuota Quota(int at) => Enum.Parse<ClassQuota>(args[at], ignoreCase: true);

switch (args.ElementAtOrDefault(0))
{
    case "draw":
        Engine.Draw(args[1], Count(2));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{args[1]}: {new FileInfo(args[1]).Length / 1e9:F2} GB"));
        return 0;
    case "select":
        SelectionSummary summary = SelectionRun.Execute(
            new SelectOptions
            {
                Scores = args[1],
                Output = args[2],
                Method = args[3],
                Budget = Count(4),
                Quota = Quota(5),
                Overwrite = true,
            }
        );
        using (Process self = Process.GetCurrentProcess())
        {
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{args[3]}, {args[5]}: {summary.Selected:N0} of {summary.Rows:N0} rows in {summary.Seconds:F1} s, {self.TotalProcessorTime.TotalSeconds:F1} CPU s, peak {self.PeakWorkingSet64 / 1e6:F0} MB, {summary.DuplicatesDropped:N0} copies dropped"
                )
            );
        }
        return 0;
    case "judge":
        Stopwatch clock = Stopwatch.StartNew();
        List<string> expected = Engine.Best(args[1], Count(3), Quota(4));
        double seconds = clock.Elapsed.TotalSeconds;
        using (TableReader table = Table.Open(args[2]))
        {
            int path = table.Header.Require("path");
            string folder = Path.GetDirectoryName(Path.GetFullPath(args[1]))!;
            bool same = table
                .Rows()
                .Select(row => Path.GetRelativePath(folder, ManifestPath.FromTable(row.Fields[path], args[2])))
                .SequenceEqual(expected);
            using Process self = Process.GetCurrentProcess();
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"DuckDB: {(same ? "the same" : "OTHER")} {expected.Count:N0} rows in the same order, {seconds:F1} s, {self.TotalProcessorTime.TotalSeconds:F1} CPU s, peak {self.PeakWorkingSet64 / 1e6:F0} MB"
                )
            );
            return same ? 0 : 1;
        }
    default:
        Console.Error.WriteLine("usage: draw TABLE ROWS | select TABLE OUT METHOD BUDGET none|equal | judge TABLE OUT BUDGET none|equal");
        return 2;
}
