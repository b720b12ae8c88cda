// annotations.json as the rules of COCO's layout have it.

using System.Text.Json;
using DataFreeKD.Manifests;

namespace DataFreeKD.Packer.Tests;

public sealed class CocoTests : IDisposable
{
    private readonly PackWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public void Every_annotation_leads_to_an_image_and_a_category_and_every_image_to_its_file()
    {
        world
            .Add("images/a.jpg", 3, "dog \"Rex\"", "https://a.example/1", "déjà <vu>", "CC-BY-4.0")
            .Add("images/gone.jpg")
            .Add("images/b.jpg", license: "https://b.example/license")
            .Add("images/c.jpg", 3, "dog \"Rex\"");
        File.Delete(world["images/gone.jpg"]);
        PackWorld.Pack(world.Options(PackFormat.Coco));

        JsonElement coco = Read();
        Assert.Equal(["info", "licenses", "images", "annotations", "categories"], coco.EnumerateObject().Select(property => property.Name));
        JsonElement[] images = Items(coco, "images"),
            annotations = Items(coco, "annotations"),
            categories = Items(coco, "categories"),
            licenses = Items(coco, "licenses");
        Assert.Equal([1, 2, 3], images.Select(image => image.GetProperty("id").GetInt32()));
        Assert.Equal(
            images.Select(image => image.GetProperty("id").GetInt32()),
            annotations.Select(annotation => annotation.GetProperty("image_id").GetInt32())
        );
        Assert.Equal(
            [(1, "cat"), (4, "dog \"Rex\"")],
            categories.Select(category => (category.GetProperty("id").GetInt32(), category.GetProperty("name").GetString()!))
        );
        Assert.Equal([4, 1, 4], annotations.Select(annotation => annotation.GetProperty("category_id").GetInt32()));
        Assert.Equal(["CC-BY-4.0", "https://b.example/license"], licenses.Select(license => license.GetProperty("name").GetString()));
        Assert.Equal(["", "https://b.example/license"], licenses.Select(license => license.GetProperty("url").GetString()));

        Assert.Equal(
            (1, "https://a.example/1", "déjà <vu>"),
            (
                images[0].GetProperty("license").GetInt32(),
                images[0].GetProperty("coco_url").GetString(),
                images[0].GetProperty("caption").GetString()
            )
        );
        Assert.False(images[2].TryGetProperty("license", out _));
        // Row 3 of the table, the second that was packed.
        Assert.Equal(
            (8, 5, 2),
            (
                images[1].GetProperty("width").GetInt32(),
                images[1].GetProperty("height").GetInt32(),
                images[1].GetProperty("license").GetInt32()
            )
        );
        Assert.Equal(PackWorld.Image(2), File.ReadAllBytes(world[$"out/pack/{images[1].GetProperty("file_name").GetString()}"]));
        Assert.Equal([0, 0, 8, 5], annotations[1].GetProperty("bbox").EnumerateArray().Select(side => side.GetInt32()));
        Assert.Equal(
            (40, 0, 0.5),
            (
                annotations[1].GetProperty("area").GetInt32(),
                annotations[1].GetProperty("iscrowd").GetInt32(),
                annotations[1].GetProperty("score").GetDouble()
            )
        );
        JsonElement scores = annotations[1].GetProperty("scores");
        Assert.Equal(
            (0.25, -0.25, 3),
            (
                scores.GetProperty("entropy").GetDouble(),
                scores.GetProperty("selection_score").GetDouble(),
                scores.GetProperty("rank").GetInt32()
            )
        );
    }

    [Fact]
    public void An_image_without_a_prediction_has_no_annotation()
    {
        world.Row("a.jpg", prediction: null, className: "");
        File.WriteAllBytes(world["a.jpg"], PackWorld.Image(0));
        PackWorld.Pack(world.Options(PackFormat.Coco));
        Assert.Single(Items(Read(), "images"));
        Assert.Empty(Items(Read(), "annotations"));
    }

    [Fact]
    public void A_table_of_paths_alone_is_measured()
    {
        world.Add("images/a.jpg");
        using (TableWriter table = Table.Create(world["paths.csv"], ["path"]))
        {
            table.Write(["images/a.jpg"]);
            table.Commit();
        }
        PackWorld.Pack(
            new PackOptions
            {
                Selection = world["paths.csv"],
                Output = world["out/pack"],
                Format = PackFormat.Coco,
            }
        );
        JsonElement image = Assert.Single(Items(Read(), "images"));
        Assert.Equal((6, 5), (image.GetProperty("width").GetInt32(), image.GetProperty("height").GetInt32()));
    }

    private JsonElement Read() => JsonDocument.Parse(File.ReadAllBytes(world["out/pack/annotations.json"])).RootElement;

    private static JsonElement[] Items(JsonElement coco, string name) => [.. coco.GetProperty(name).EnumerateArray()];
}
