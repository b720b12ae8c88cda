// Shards that are nothing: what the handing out alone costs. A part is an empty file, so that the coordinator looks at a real folder.
//   FleetBench coordinate nats://127.0.0.1:4222 FOLDER SHARDS
//   FleetBench work nats://127.0.0.1:4222 FOLDER

using System.Diagnostics;
using System.Globalization;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Fleet;

const string stage = "nothing",
    version = "bench";
EngineOptions engine = new() { Address = args[1] };
string folder = Path.GetFullPath(args[2]);
Directory.CreateDirectory(folder);
Stopwatch clock = Stopwatch.StartNew();
if (args[0] == "work")
{
    await Worker.RunAsync(
        engine,
        [new Nothing(stage)],
        new WorkerOptions
        {
            Root = folder,
            Version = version,
            IdleExit = TimeSpan.FromSeconds(10),
        }
    );
    return;
}
int shards = int.Parse(args[3], CultureInfo.InvariantCulture),
    seen = -1;
double first = 0;
await Coordinator.RunAsync(
    engine,
    new FleetRun
    {
        Stage = stage,
        Folder = folder,
        Plan = "bench",
        Version = version,
        Profile = "native",
        Shards = shards,
        Rows = shards,
    },
    new CoordinatorOptions
    {
        Look = Look,
        Note = Console.Error.WriteLine,
        Progress = now =>
        {
            if (seen < 0 && now.Done > 0)
                (seen, first) = (now.Done, clock.Elapsed.TotalSeconds);
        },
    }
);
using Process own = Process.GetCurrentProcess();
Console.WriteLine(
    string.Create(
        CultureInfo.InvariantCulture,
        $"{shards} shards in {clock.Elapsed.TotalSeconds:F1} s (the first {seen} were seen at {first:F1} s), coordinator {own.PeakWorkingSet64 >> 20} MiB, {own.TotalProcessorTime.TotalSeconds:F1} CPU s"
    )
);

ShardStanding Look()
{
    bool[] done = new bool[shards];
    int count = 0;
    foreach (string file in Directory.EnumerateFiles(folder))
    {
        done[int.Parse(Path.GetFileName(file), CultureInfo.InvariantCulture)] = true;
        count++;
    }
    return new ShardStanding([.. Enumerable.Range(0, shards).Where(shard => !done[shard])], [], count, Conflict: false);
}

internal sealed class Nothing(string stage) : IShardStage
{
    public string Name => stage;

    public ShardOutcome Run(ShardMessage message, PoolRoot root, Action<long> rows, Func<bool> holds, CancellationToken cancel)
    {
        File.WriteAllBytes(Path.Combine(message.Folder, message.Shard.ToString(CultureInfo.InvariantCulture)), []);
        rows(1);
        return ShardOutcome.Done;
    }

    public void Dispose() { }
}
