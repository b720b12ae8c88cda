// Handing a selection on, as a user does it.

using System.Diagnostics;
using System.Text.Json;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class PackTests(TinyWorld world)
{
    [Fact]
    public void What_is_packed_as_shards_or_copies_scores_as_the_selection_did()
    {
        using TempFolder folder = new();
        JsonElement shards = Json("pack", world.Selected, "--to", "webdataset", "--shard-size", "64", "-o", folder["shards"]);
        Assert.Equal(
            (200, 4, "webdataset"),
            (shards.GetProperty("packed").GetInt64(), shards.GetProperty("shards").GetInt64(), shards.GetProperty("format").GetString())
        );
        Json("pack", world.Selected, "--to", "folders", "--copy", "-o", folder["folders"]);

        string[] inputs = [folder["shards/*.tar"], folder["folders/manifest.csv"]];
        foreach (string input in inputs)
        {
            JsonElement score = Json(
                "score",
                input,
                "--teacher",
                world.Teacher,
                "-o",
                folder[$"scores-{Array.IndexOf(inputs, input)}.csv"]
            );
            Assert.Equal(200, score.GetProperty("counts").GetProperty("ok").GetInt64());
        }
        Assert.Equal(Hashes(world.Selected), Hashes(folder["scores-0.csv"]));
        Assert.Equal(Hashes(world.Selected), Hashes(folder["scores-1.csv"]));
    }

    [Fact]
    public void An_earlier_pack_is_not_replaced_unasked_and_a_format_is_a_must()
    {
        using TempFolder folder = new();
        Programs.RunDfkd("pack", world.Selected, "--to", "coco", "-o", folder["out"]).Succeeds();
        Assert.Contains(
            "--overwrite",
            Programs.RunDfkd("pack", world.Selected, "--to", "coco", "-o", folder["out"]).Refuses(),
            StringComparison.Ordinal
        );
        Programs.RunDfkd("pack", world.Selected, "--to", "coco", "-o", folder["out"], "--overwrite").Succeeds();
        Assert.Contains("--to", Programs.RunDfkd("pack", world.Selected, "-o", folder["other"]).Refuses(), StringComparison.Ordinal);
        Assert.Contains(
            "--shard-size",
            Programs.RunDfkd("pack", world.Selected, "--to", "coco", "--shard-size", "5", "-o", folder["other"]).Refuses(),
            StringComparison.Ordinal
        );
        // The pool is a folder of this machine.
        Assert.Contains(
            "source",
            Programs.RunDfkd("pack", world.Selected, "--to", "urls", "-o", folder["urls.txt"]).Refuses(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Packing_never_maps_libtorch()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc/<pid>/maps is Linux's");
        using TempFolder folder = new();
        using Process process = Programs.Start(Programs.Dfkd, "pack", world.Selected, "--to", "imagefolder", "-o", folder["out"]);
        (HashSet<string> libraries, int looks, int code) = ProcessMaps.Watch(process);
        Assert.Equal(0, code);
        Assert.True(looks > 5, $"only {looks} looks at the maps");
        Assert.DoesNotContain(libraries, name =>
            name.Contains("torch", StringComparison.OrdinalIgnoreCase) && name.Contains(".so", StringComparison.Ordinal)
        );
    }

    private static IEnumerable<string?> Hashes(string table)
    {
        using Manifests.TableReader reader = Manifests.Table.Open(table);
        return [.. reader.Rows(TestContext.Current.CancellationToken).Select(row => row["sha256"]).Order(StringComparer.Ordinal)];
    }

    private static JsonElement Json(params string[] args) =>
        JsonDocument.Parse(Programs.RunDfkd([.. args, "--json"]).Succeeds().Output).RootElement;
}
