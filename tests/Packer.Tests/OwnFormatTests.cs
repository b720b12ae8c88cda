// Formats that a program adds.

using System.Globalization;

namespace DataFreeKD.Packer.Tests;

public sealed class OwnFormatTests : IDisposable
{
    private static readonly PackFormat Flat = new("flat", contents =>
    {
        foreach (PackedImage image in contents.Images())
        {
            if (image["width"] == "7")
                image.Skip("too_narrow");
            else
                File.WriteAllBytes(Path.Combine(contents.Output, $"{image.Number}-{image.ClassName}"), image.Bytes.Span);
        }
    });

    private static readonly PackFormat Lines = new(
        "lines",
        contents =>
            File.WriteAllLines(
                contents.Output,
                contents.Images().Select(image => string.Create(CultureInfo.InvariantCulture, $"{image.Prediction} {image.Path}"))
            ),
        ".txt"
    );

    private readonly PackWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public void A_folder_is_filled_and_skipped_images_are_counted()
    {
        world.Add("images/a.jpg").Add("images/b.jpg", 3, "dog").Add("images/c.jpg");

        PackSummary summary = PackWorld.Pack(world.Options(Flat));

        Assert.Equal((2, 3, "flat"), (summary.Packed, summary.Rows, summary.Format));
        Assert.Equal(1, summary.Skipped["too_narrow"]);
        Assert.Equal(["1-cat", "2-cat"], PackWorld.Files(world["out/pack"]).Keys);
        Assert.Equal(File.ReadAllBytes(world["images/c.jpg"]), File.ReadAllBytes(world["out/pack/2-cat"]));
    }

    [Fact]
    public void A_file_appears_whole_and_with_its_provenance()
    {
        world.Add("images/a.jpg").Add("images/b.jpg", 3, "dog");
        PackOptions options = world.Options(Lines, "out/list.txt");

        PackWorld.Pack(options);

        Assert.Equal(2, File.ReadAllLines(options.Output).Length);
        Assert.EndsWith(world["images/b.jpg"], File.ReadAllLines(options.Output)[1], StringComparison.Ordinal);
        Assert.Contains("\"to\": \"lines\"", File.ReadAllText(world["out/list.json"]), StringComparison.Ordinal);
        Assert.Contains(
            "ends in .txt",
            Assert.Throws<PackException>((options with { Output = "list.csv" }).Validate).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_format_that_fails_or_writes_nothing_leaves_nothing()
    {
        world.Add("images/a.jpg");
        PackFormat fails = new("fails", _ => throw new InvalidDataException("no")),
            idle = new("idle", contents => _ = contents.Images().Count(), ".bin");

        Assert.Throws<InvalidDataException>(() => PackWorld.Pack(world.Options(fails, "fails/pack")));
        Assert.Contains(
            "'idle' wrote nothing",
            Assert.Throws<PackException>(() => PackWorld.Pack(world.Options(idle, "idle/pack.bin"))).Message,
            StringComparison.Ordinal
        );

        Assert.False(Directory.Exists(world["fails/pack"]));
        Assert.False(File.Exists(world["idle/pack.bin"]));
    }

    [Fact]
    public void A_registered_format_is_found_by_its_name_and_names_are_taken_once()
    {
        PackFormat own = new($"own-{Guid.NewGuid():N}", _ => { });
        PackFormat.Register(own);

        Assert.Same(own, PackFormat.Find(own.Name));
        Assert.Throws<ArgumentException>(() => PackFormat.Register(own));
        Assert.Throws<ArgumentException>(() => PackFormat.Register(new("webdataset", _ => { })));
        Assert.Throws<ArgumentException>(() => PackFormat.Register(new("a b", _ => { })));
    }
}
