// A crawl by processes: whatever becomes of them, the store is that of one process, and no host is asked more than it may.

using DataFreeKD.Crawler.Tests.Web;
using DataFreeKD.EndToEnd.Tests;
using DataFreeKD.Testing;

namespace DataFreeKD.Fleet.Tests;

public sealed class CrawlFleetTests : IAsyncLifetime
{
    private const int Hosts = 12,
        PerHost = 20,
        Most = 2;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4),
        Lease = TimeSpan.FromSeconds(3);

    private readonly TempFolder pool = new();
    private FaultyWeb web = null!;

    public async ValueTask InitializeAsync()
    {
        web = await FaultyWeb.Start(Hosts);
        web.Own["/nap"] = async context =>
        {
            await Task.Delay(10);
            await context.Response.Body.WriteAsync(NoiseBitmap.Of(20, 16, int.Parse(context.Request.Query["n"]!)));
        };
        // All lead to one host.
        web.Own["/hop"] = context =>
        {
            context.Response.Redirect($"{web.Url(0, "/nap")}{context.Request.QueryString}");
            return Task.CompletedTask;
        };
        // Of each host's addresses two lead elsewhere, one is missing, and some images are there more than once.
        File.WriteAllLines(
            pool["urls.txt"],
            Enumerable
                .Range(0, Hosts * PerHost)
                .Select(i =>
                    web.Url(
                        i % Hosts,
                        (i / Hosts % 10) switch
                        {
                            3 => $"/hop?n={i}",
                            7 => $"/404/{i}",
                            _ => $"/nap?n={i % 90}",
                        }
                    )
                )
        );
    }

    public async ValueTask DisposeAsync()
    {
        await web.DisposeAsync();
        pool.Dispose();
    }

    [Fact]
    public void Killed_and_frozen_workers_change_no_byte_and_ask_no_host_more_than_it_may()
    {
        using NatsServer server = NatsServer.Start();
        Programs.RunDfkd(Command("whole")).Succeeds();
        string[] command = [.. Command("shared"), "--engine", server.Address, "--engine-lease", $"{Lease.Seconds}", "--partitions", "6"];
        string round = pool["shared.parts/rounds/00000"];
        using Running coordinator = Running.Start(command),
            killed = Worker(server);
        killed.FreezeAt(round, coordinator);
        killed.Kill();
        using Running frozen = Worker(server);
        int held = frozen.FreezeAt(round, coordinator);
        using Running last = Worker(server);
        Assert.True(
            SpinWait.SpinUntil(
                () =>
                    coordinator.HasEnded
                    || Directory
                        .EnumerateFiles(Path.Combine(round, "targets"))
                        .Select(Of)
                        .All(partition => partition == held || IsDone(partition)),
                Limit
            ),
            "the other partitions were not fetched"
        );
        Thread.Sleep(Lease);
        // It holds its partition, so that nobody else asks these hosts.
        Assert.False(coordinator.HasEnded);
        Assert.False(IsDone(held));
        frozen.Thaw();

        coordinator.Ended().Succeeds();
        Same();
        Assert.Contains("is given up: its lease could not be renewed", frozen.End().Succeeds().Error, StringComparison.Ordinal);
        last.End().Succeeds();

        bool IsDone(int partition) => File.Exists(Path.Combine(round, $"{partition:D8}.json"));

        static int Of(string file) => int.Parse(Path.GetFileNameWithoutExtension(file));
    }

    [Fact]
    public void Shares_of_which_one_is_killed_are_finished_by_the_plain_command()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "processes are frozen and looked into as Linux does it");
        Programs.RunDfkd(Command("whole")).Succeeds();
        Programs.RunDfkd([.. Command("shared"), "--plan", "--partitions", "6"]).Succeeds();
        Finished early = Programs.RunDfkd([.. Command("shared"), "--finish"]);
        Assert.Equal(3, early.Code);
        Assert.Matches(@"\d of \d partitions of round 0 are missing: \d", early.Error);
        using (Running share = Running.Start([.. Command("shared"), "--shard", "1/2"]))
        {
            share.FreezeAt(pool["shared.parts/rounds/00000"]);
            share.Kill();
        }
        Programs.RunDfkd([.. Command("shared"), "--shard", "0/2"]).Succeeds();
        Assert.False(File.Exists(pool["shared/manifest.csv"]));
        Programs.RunDfkd(Command("shared")).Succeeds();
        Same();
    }

    [Theory]
    [InlineData("a steered crawl (--steer-by)", "--shard", "0/2", "--steer-by", "teacher", "--max-fetches", "9")]
    [InlineData("exclude each other", "--shard", "0/2", "--finish")]
    [InlineData("--partitions goes with --plan, --shard or --engine", "--partitions", "4")]
    [InlineData("has no plan", "--finish")]
    [InlineData("--dry-run fetches nothing", "--shard", "0/2", "--dry-run")]
    public void What_cannot_be_is_refused_in_one_line(string expected, params string[] more)
    {
        Assert.Contains(expected, Programs.RunDfkd([.. Command("refused"), .. more]).Refuses(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(pool["refused"]) || Directory.Exists(pool["refused.parts"]));
    }

    private Running Worker(NatsServer server) =>
        Running.Start(
            "worker",
            "--engine",
            server.Address,
            "--root",
            pool.Path,
            "--stages",
            "crawl",
            "--allow-network",
            "127.0.0.0/8",
            "--threads",
            "1"
        );

    private string[] Command(string store) =>
        [
            "crawl",
            pool["urls.txt"],
            "-o",
            pool[store],
            "--allow-network",
            "127.0.0.0/8",
            "--connections-per-host",
            $"{Most}",
            "--delay",
            "0.05",
            "--threads",
            "1",
        ];

    private void Same()
    {
        foreach (string file in Files("whole"))
            Assert.True(File.ReadAllBytes(pool[$"whole/{file}"]).AsSpan().SequenceEqual(File.ReadAllBytes(pool[$"shared/{file}"])), file);
        Assert.Equal(Files("whole"), Files("shared"));
        Assert.InRange(web.MostAtATime, 1, Most);
        Assert.False(Directory.Exists(pool["shared.parts"]));
    }

    private string[] Files(string store) =>
        [
            .. Directory
                .EnumerateFiles(pool[store], "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(pool[store], file))
                .Where(file => file != "manifest.json")
                .Order(StringComparer.Ordinal),
        ];
}
