// One tiny teacher, a folder of tiny images, and what one process makes of them.

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using DataFreeKD.EndToEnd.Tests;
using DataFreeKD.Fleet.Tests;
using DataFreeKD.Models;
using DataFreeKD.Probe.Tests;

[assembly: AssemblyFixture(typeof(FleetWorld))]

namespace DataFreeKD.Fleet.Tests;

public sealed class FleetWorld : IDisposable
{
    private readonly ScoringWorld world = new();
    private readonly Dictionary<string, string> plain = new(StringComparer.Ordinal);

    public FleetWorld()
    {
        Teacher = world.Teacher();
        Images = world.Images("images", 480);
        Few = world.Images("few", 160);
        SlowTeacher = world["slow-teacher"];
        using VisionTransformer model = new(
            new VitConfig
            {
                ImageSize = 48,
                PatchSize = 4,
                Width = 48,
                Depth = 4,
                Heads = 4,
                MlpHidden = 96,
                Classes = 5,
            },
            seed: 2
        );
        ModelStore.Save(SlowTeacher, model, new Preprocessing { ImageSize = 48, CropPct = 1 }, ["a", "b", "c", "d", "e"]);
    }

    public string Teacher { get; }

    public string Images { get; }

    /// <summary>A part of the images.</summary>
    public string Few { get; }

    /// <summary>A teacher whose shards last long enough to be met at work.</summary>
    public string SlowTeacher { get; }

    /// <summary>The pool that holds teacher, images and tables.</summary>
    public string Pool => Path.GetDirectoryName(Images)!;

    public string this[string name] => world[name];

    public void Dispose() => world.Dispose();

    /// <summary>The command that scores images.</summary>
    public string[] Score(string output, string? images = null) =>
        ["score", images ?? Images, "--teacher", Teacher, "--batch-size", "2", "--scores", "all", "--threads", "1", "-o", output];

    /// <summary>The command that scores a few images slowly.</summary>
    public string[] ScoreSlowly(string output) =>
        ["score", Few, "--teacher", SlowTeacher, "--batch-size", "1", "--views", "8", "--threads", "1", "-o", output];

    /// <summary>The table of one process, made once a name.</summary>
    /// <param name="command">Its command, but for the output.</param>
    /// <param name="name">The table's name.</param>
    public string Plain(Func<string, string[]> command, string name)
    {
        if (!plain.TryGetValue(name, out string? table))
        {
            table = world[$"plain-{name}/{name}"];
            Programs.RunDfkd(command(table)).Succeeds();
            plain[name] = table;
        }
        return table;
    }

    /// <summary>Whether a table and all that lies beside it are those of one process, and nothing else is there.</summary>
    /// <param name="command">The command of the one process, but for the output.</param>
    /// <param name="output">The table, in a folder of its own that lies in the pool as the other's does.</param>
    public void Same(Func<string, string[]> command, string output)
    {
        string name = Path.GetFileName(output),
            whole = Plain(command, name),
            stem = Path.GetFileNameWithoutExtension(name);
        string[] files =
        [
            .. Directory.EnumerateFiles(Path.GetDirectoryName(whole)!, stem + ".*").Select(file => Path.GetFileName(file)).Order(),
        ];
        string folder = Path.GetDirectoryName(output)!;
        Assert.Contains(files, file => file.EndsWith(".npy", StringComparison.Ordinal));
        Assert.Equal(files, Directory.EnumerateFileSystemEntries(folder).Select(file => Path.GetFileName(file)).Order());
        foreach (string file in files)
        {
            string one = Path.Combine(Path.GetDirectoryName(whole)!, file),
                other = Path.Combine(folder, file);
            if (file == stem + ".json")
                Assert.Equal(Untimed(one), Untimed(other));
            // A zip has the times of its entries.
            else if (!file.EndsWith(".zip", StringComparison.Ordinal))
                Assert.True(File.ReadAllBytes(one).AsSpan().SequenceEqual(File.ReadAllBytes(other)), $"{file} differs");
        }
    }

    private static string Untimed(string provenance)
    {
        JsonNode node = JsonNode.Parse(File.ReadAllText(provenance))!;
        node["seconds"] = 0;
        return node.ToJsonString();
    }
}

/// <summary>A dfkd that runs.</summary>
internal sealed class Running : IDisposable
{
    private const int Terminate = 15,
        Continue = 18,
        Stop = 19;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private readonly Process process;
    private readonly Task<string> output,
        error;

    private Running(string program, string[] args)
    {
        process = Programs.Start(program, args);
        (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
    }

    public bool HasEnded => process.HasExited;

    public int Id => process.Id;

    public static Running Start(params string[] args) => new(Programs.Dfkd, args);

    /// <summary>With environment variables, <c>NAME=VALUE</c> each.</summary>
    public static Running StartIn(string[] environment, params string[] args) =>
        new("/usr/bin/env", [.. environment, Programs.Dfkd, .. args]);

    public static Running Worker(NatsServer server, FleetWorld world) =>
        Start(["worker", "--engine", server.Address, "--root", world.Pool, "--threads", "1"]);

    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    public void Freeze() => Signal(Stop);

    public void Thaw() => Signal(Continue);

    /// <summary>Ends it as a scheduler does.</summary>
    public Finished End()
    {
        Signal(Terminate);
        return Ended();
    }

    /// <summary>Waits for its own end.</summary>
    public Finished Ended()
    {
        if (!process.WaitForExit(Limit))
        {
            process.Kill();
            Assert.Fail($"dfkd {string.Join(' ', process.StartInfo.ArgumentList)} did not end: {output.Result}\n{error.Result}");
        }
        return new Finished(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Stops it (SIGSTOP) while it is at a shard that nobody has finished, and gives the shard.</summary>
    /// <param name="table">The run's table.</param>
    /// <param name="coordinator">Its coordinator, which must not end meanwhile.</param>
    public int FreezeAtShard(string table, Running coordinator) => FreezeAt(table + ".parts", coordinator);

    /// <summary>The same by the folder that holds the attempts.</summary>
    public int FreezeAt(string folder, Running? coordinator = null)
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            foreach (Running one in (Running[])[this, coordinator ?? this])
                Assert.False(one.HasEnded, one.HasEnded ? one.error.Result : "");
            Assert.True(Stopwatch.GetElapsedTime(began) < Limit, $"it never began a shard of {folder}");
            Thread.Sleep(10);
            if (!Directory.Exists(Path.Combine(folder, "attempts")))
                continue;
            Freeze();
            // Only now what is seen stays as it is.
            if (Held() is { } shard && !File.Exists(Path.Combine(folder, $"{shard:D8}.json")))
                return shard;
            Thaw();
        }
    }

    public void Dispose()
    {
        if (!process.HasExited)
            Kill();
        process.Dispose();
    }

    // The shard of the attempt that the process has open.
    private int? Held() =>
        Directory
            .EnumerateFiles($"/proc/{process.Id}/fd")
            .Select(file => new FileInfo(file).LinkTarget)
            .Where(file => file?.EndsWith("/started.json", StringComparison.Ordinal) == true)
            .Select(file => (int?)int.Parse(Path.GetFileName(Path.GetDirectoryName(file!)!).Split('.')[0], CultureInfo.InvariantCulture))
            .FirstOrDefault();

    private void Signal(int signal) => Assert.True(Send(process.Id, signal) == 0 || process.HasExited, "no signal");

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Send(int process, int signal);
}
