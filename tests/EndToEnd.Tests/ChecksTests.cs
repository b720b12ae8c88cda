// Every verb that writes looks at where it will write before its first image: a name, a folder or a file in its place, a device, a way that
// leads nowhere.

using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class ChecksTests(TinyWorld world)
{
    // The verb, and what its output is: the ending of a file, or none of a folder.
    private static readonly (string Verb, string Ending)[] Writers =
    [
        ("score", ".csv"),
        ("select", ".csv"),
        ("cache", ".cache"),
        ("report", ".html"),
        ("contact-sheet", ".png"),
        ("explain", ".png"),
        ("export", ".onnx"),
        ("urls", ".txt"),
        ("advise", ".csv"),
        ("embeddings", ".npy"),
        ("crawl", ""),
        ("pack", ""),
        ("distill", ""),
        ("train", ""),
        ("prune", ""),
        ("compress", ""),
        ("compare", ""),
    ];

    public static TheoryData<string, string, string> Places
    {
        get
        {
            TheoryData<string, string, string> places = [];
            foreach ((string verb, string ending) in Writers)
            {
                foreach (string place in (string[])["occupied", "device", "below a file", "too long"])
                    places.Add(verb, ending, place);
                if (ending is ".csv" or ".png" or ".npy")
                    places.Add(verb, ending, "ending");
            }
            return places;
        }
    }

    [Theory, MemberData(nameof(Places))]
    public void A_place_that_cannot_be_written_is_refused_before_the_first_image(string verb, string ending, string place)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "has devices");
        using TempFolder folder = new();
        string output = folder["out" + ending];
        switch (place)
        {
            case "occupied" when ending.Length > 0:
                Directory.CreateDirectory(output);
                break;
            case "occupied":
                File.WriteAllText(output, "mine");
                break;
            case "device":
                output = "/dev/full";
                break;
            case "below a file":
                File.WriteAllText(folder["file"], "mine");
                output = folder["file/out" + ending];
                break;
            case "too long":
                output = folder[new string('n', 300) + ending];
                break;
            default:
                output = folder["out.odd"];
                break;
        }
        string[] before = Entries(folder);

        string line = Programs
            .RunDfkd([
                .. VerbCommands.Of(world, folder, verb, output),
                .. verb is "crawl" or "compress" or "compare" ? [] : (string[])["--overwrite"],
            ])
            .Refuses();

        Assert.DoesNotContain("unexpected", line, StringComparison.Ordinal);
        Assert.True(
            line.Contains(Path.GetFileName(output)[..3], StringComparison.Ordinal)
                || place == "too long"
                    && (
                        line.Contains("too long", StringComparison.Ordinal)
                        || line.Contains("file systems take 255", StringComparison.Ordinal)
                    ),
            line
        );
        Assert.Equal(before, Entries(folder).Where(entry => entry != folder["recipes.yaml"]));
    }

    private static string[] Entries(TempFolder folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
