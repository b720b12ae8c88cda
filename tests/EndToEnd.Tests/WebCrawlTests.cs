// dfkd crawl on a small web, as a user's shell runs it.

using System.Diagnostics;
using System.Text.Json;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class WebCrawlTests
{
    private static readonly string[] Loopback = ["--allow-network", "127.0.0.0/8"];

    [Fact]
    public async Task A_dry_run_prints_what_it_would_fetch_and_fetches_nothing()
    {
        await using SmallWeb web = await SmallWeb.Start();
        using TempFolder folder = new();
        File.WriteAllLines(folder["urls.txt"], [web.Url("/image/1"), web.Url("/private/2"), "no address"]);

        Finished finished = Programs
            .RunDfkd(["crawl", folder["urls.txt"], "-o", folder["store"], "--dry-run", "--json", .. Loopback])
            .Succeeds();

        Assert.Equal(
            [$"bad_url\tno address", $"fetch\t{web.Url("/image/1")}", $"robots\t{web.Url("/private/2")}"],
            Lines(finished.Error).Where(line => line.Contains('\t')).Order()
        );
        JsonElement counts = JsonDocument.Parse(finished.Output).RootElement;
        Assert.Equal(
            (1, 1, 1),
            (counts.GetProperty("fetch").GetInt32(), counts.GetProperty("robots").GetInt32(), counts.GetProperty("bad_url").GetInt32())
        );
        Assert.Equal(0, web.Images);
        Assert.False(File.Exists(folder["store/manifest.csv"]));
    }

    [Fact]
    public async Task A_dry_run_of_a_steered_crawl_prints_its_first_round_without_looking_at_the_teacher()
    {
        await using SmallWeb web = await SmallWeb.Start();
        using TempFolder folder = new();
        File.WriteAllLines(folder["urls.txt"], Enumerable.Range(0, 200).Select(i => web.Url($"/image/{i}")));

        Finished finished = Programs
            .RunDfkd([
                "crawl",
                folder["urls.txt"],
                "-o",
                folder["store"],
                "--dry-run",
                "--steer-by",
                folder["no-teacher"],
                "--max-fetches",
                "100",
                .. Loopback,
            ])
            .Succeeds();

        // A round of a small budget is 32 addresses.
        Assert.Equal(32, Lines(finished.Error).Count(line => line.StartsWith("fetch\t", StringComparison.Ordinal)));
        Assert.Equal(0, web.Images);
    }

    [Fact]
    public async Task A_list_of_addresses_may_come_by_standard_input()
    {
        await using SmallWeb web = await SmallWeb.Start();
        using TempFolder folder = new();

        Finished finished = Programs
            .RunDfkdOn(
                $"# two images\n{web.Url("/image/1")}\n\n{web.Url("/image/2")}\n{web.Url("/nothing")}\n",
                ["crawl", "-", "-o", folder["store"], "--json", .. Loopback]
            )
            .Succeeds();

        JsonElement counts = JsonDocument.Parse(finished.Output).RootElement.GetProperty("counts");
        Assert.Equal((2, 1), (counts.GetProperty("ok").GetInt32(), counts.GetProperty("failed/http_404").GetInt32()));
        Assert.Equal(2, Directory.EnumerateFiles(folder["store/images"], "*.bmp", SearchOption.AllDirectories).Count());
    }

    [Fact]
    public async Task An_inner_address_is_refused_unless_its_network_is_allowed()
    {
        await using SmallWeb web = await SmallWeb.Start();
        using TempFolder folder = new();

        // Nothing succeeded, which a script must be able to see.
        Finished refused = Programs.RunDfkd("crawl", web.Url("/image/1"), "-o", folder["store"]);
        Assert.Equal(1, refused.Code);
        Assert.Contains("rejected/address_refused (1)", refused.Error, StringComparison.Ordinal);
        Assert.Contains("address_refused", File.ReadAllText(folder["store/manifest.csv"]), StringComparison.Ordinal);
        Assert.Empty(web.Visits);
    }

    [Fact]
    public async Task A_killed_crawl_run_again_ends_with_the_bytes_of_an_undisturbed_one()
    {
        await using SmallWeb web = await SmallWeb.Start(holdAfter: 60 + 20);
        using TempFolder folder = new();
        File.WriteAllLines(
            folder["urls.txt"],
            Enumerable.Range(0, 60).Select(i => i % 10 == 9 ? web.Url($"/private/{i}") : web.Url($"/image/{i % 45}"))
        );
        string[] command = ["crawl", web.Url("/shard.tar"), folder["urls.txt"], "--quiet", .. Loopback, "-o"];
        Programs.RunDfkd([.. command, folder["whole"]]).Succeeds();
        int first = web.Images;

        Kill(
            () => web.Images > 80 && new FileInfo(folder["killed/.crawl/journal-0.jsonl"]) is { Exists: true, Length: > 0 },
            [.. command, folder["killed"]]
        );
        Assert.False(File.Exists(folder["killed/manifest.csv"]));
        web.Open();
        Programs.RunDfkd([.. command, folder["killed"]]).Succeeds();

        Assert.Equal(File.ReadAllBytes(folder["whole/manifest.csv"]), File.ReadAllBytes(folder["killed/manifest.csv"]));
        Assert.Equal(Images(folder["whole"]), Images(folder["killed"]));
        Assert.False(Directory.Exists(folder["killed/.crawl"]));
        // What had a row was not asked for again.
        Assert.InRange(web.Images, 2 * first + 1, 3 * first - 1);
    }

    private static IEnumerable<string> Images(string store) =>
        Directory
            .EnumerateFiles(Path.Combine(store, "images"), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(store, file))
            .Order(StringComparer.Ordinal);

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static void Kill(Func<bool> when, string[] args)
    {
        using Process process = Programs.Start(Programs.Dfkd, args);
        Task<string> output = process.StandardOutput.ReadToEndAsync(),
            error = process.StandardError.ReadToEndAsync();
        Assert.True(SpinWait.SpinUntil(() => when() || process.HasExited, TimeSpan.FromMinutes(2)), "the moment never came");
        Assert.False(process.HasExited, $"it ended before it could be killed\n{(process.HasExited ? output.Result + error.Result : "")}");
        // SIGKILL on Unix.
        process.Kill();
        process.WaitForExit();
    }
}
