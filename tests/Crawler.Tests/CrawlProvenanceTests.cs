// The record beside a manifest: every option that is set, and the hash of every file that was named.

using System.Reflection;
using DataFreeKD.Crawler.Store;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Tests;

public sealed class CrawlProvenanceTests
{
    [Fact]
    public void Options_are_named_as_on_the_command_line()
    {
        SortedDictionary<string, string> options = CrawlProvenance.Options(
            new CrawlOptions
            {
                Sources = ["a", "b.csv"],
                Store = "store",
                MinSide = 32,
                NearDuplicateRadius = 3,
                ImagesPerShard = 1000,
                FollowLinks = true,
                Limits = new DecodeLimits
                {
                    Formats = new HashSet<string> { "tiff", "tga" },
                },
                Reencode = new ReencodeOptions(256, ResizeMode.KeepRatio, true, EncodeFormat.Webp, 90, false),
                Web = new WebOptions
                {
                    Depth = 2,
                    MaxFetches = 500,
                    Contact = "me@example.org",
                    Buckets = new() { Region = "eu-1" },
                    Columns = new("link"),
                },
            }
        );

        Dictionary<string, string> expected = new()
        {
            ["sources"] = "a\nb.csv",
            ["min-side"] = "32",
            ["near-duplicates"] = "3",
            ["shards"] = "1000",
            ["follow-links"] = "True",
            ["allow-formats"] = "tga,tiff",
            ["side"] = "256",
            ["resize"] = "KeepRatio",
            ["only-if-bigger"] = "True",
            ["format"] = "Webp",
            ["quality"] = "90",
            ["depth"] = "2",
            ["max-fetches"] = "500",
            ["contact"] = "me@example.org",
            ["s3-region"] = "eu-1",
            ["url-column"] = "link",
        };
        Assert.Equal(expected, options.Where(option => expected.ContainsKey(option.Key)).ToDictionary());
    }

    [Theory]
    [InlineData(typeof(WebOptions))]
    [InlineData(typeof(ReencodeOptions))]
    [InlineData(typeof(DecodeLimits))]
    [InlineData(typeof(CrawlOptions))]
    public void Every_option_with_a_value_is_there(Type type)
    {
        // By name but for those that the command line calls otherwise, and those that are groups or code.
        string[] otherwise = ["mode", "formats", "store", "made", "web", "limits", "reencode", "buckets", "columns", "steering"];
        CrawlOptions options = new()
        {
            Sources = ["a"],
            Store = "store",
            NearDuplicateRadius = 1,
            ImagesPerShard = 1,
        };
        object[] groups = [options.Web, options.Reencode, options.Limits, options];
        SortedDictionary<string, string> recorded = CrawlProvenance.Options(options);

        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            string name = string.Concat(
                property.Name.Select((letter, i) => char.IsUpper(letter) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(letter) : $"{letter}")
            );
            string text = OptionsText.Text(property.GetValue(groups.Single(group => group.GetType() == type)));
            if (text.Length > 0 && !otherwise.Contains(name) && name is not ("near-duplicate-radius" or "images-per-shard"))
                Assert.Equal(text, recorded[name]);
        }
    }

    [Fact]
    public void Files_that_were_named_have_their_hash_and_images_of_folders_none()
    {
        using CrawlWorld world = new();
        string wild = world.Images("wild", 2),
            more = world.Images("more", 1),
            list = world["list.csv"];
        File.WriteAllText(list, "path\nmore/000.bmp\n");

        world.Crawl([wild, list, world["more/000.bmp"]]);

        Provenance made = Provenance.ReadBeside(world.Manifest)!;
        Assert.Equal(
            new Dictionary<string, string>
            {
                [ManifestPath.ToTable(list, world.Manifest)] = Provenance.HashFile(list, TestContext.Current.CancellationToken),
                [ManifestPath.ToTable(Path.Combine(more, "000.bmp"), world.Manifest)] = Provenance.HashFile(
                    Path.Combine(more, "000.bmp"),
                    TestContext.Current.CancellationToken
                ),
            },
            made.Inputs.ToDictionary()
        );
        Assert.Equal(("crawl", $"{wild}\n{list}\n{world["more/000.bmp"]}"), (made.Command, made.Options["sources"]));
    }
}
