// Scores a folder of images with a teacher and prints the ten images that it is surest of.
// Usage: ScoreFolder TEACHER FOLDER [SCORES.csv]

using DataFreeKD.Core;
using DataFreeKD.Manifests;
using DataFreeKD.Probe;

if (args.Length is < 2 or > 3)
{
    Console.Error.WriteLine("usage: ScoreFolder TEACHER FOLDER [SCORES.csv]");
    return 2;
}
string scores = args.ElementAtOrDefault(2) ?? "scores.csv";
try
{
    ScoreSummary summary = ScoreRun.Execute(
        new ScoreOptions
        {
            Teacher = args[0],
            Sources = [args[1]],
            Output = scores,
            Overwrite = true,
        }
    );
    Console.WriteLine(
        $"{summary.Rows} images at {summary.ImagesPerSecond:F0} a second: {string.Join(", ", summary.Counts.Select(count => $"{count.Value} {count.Key}"))}"
    );
}
catch (Exception problem) when (problem is DataFreeKDException or IOException)
{
    Console.Error.WriteLine($"error: {problem.Message}");
    return 2;
}

using TableReader table = Table.Open(scores);
int entropy = table.Header.Require("entropy"),
    path = table.Header.Require("path"),
    name = table.Header.Require("class_name"),
    status = table.Header.Require("status");

// The ten lowest entropies of a stream of any length.
PriorityQueue<string, double> surest = new();
while (table.Read())
{
    if (!table.Is(status, Status.Ok) || double.IsNaN(table.Number(entropy)))
        continue;
    surest.Enqueue($"{table.Number(entropy):F3} nats  {table.Text(name),-16} {table.Text(path)}", -table.Number(entropy));
    if (surest.Count > 10)
        surest.Dequeue();
}
List<string> lines = [];
while (surest.TryDequeue(out string? line, out _))
    lines.Add(line);
lines.Reverse();
lines.ForEach(Console.WriteLine);
return 0;
