// A format of packs: one JSON line an image, with the image in it.

using System.Text.Json;
using DataFreeKD.Packer;

namespace DataFreeKD.OwnParts;

/// <summary>Lines such as <c>{"name": "a.jpg", "class": "cat", "image": "base64..."}</c>, as some labelling tools take them.</summary>
internal static class JsonLines
{
    public static PackFormat Format { get; } = new("json-lines", Write, ".jsonl");

    private static void Write(PackContents contents)
    {
        using StreamWriter lines = new(contents.Output);
        foreach (PackedImage image in contents.Images())
            lines.WriteLine(
                JsonSerializer.Serialize(
                    new
                    {
                        name = Path.GetFileName(image.Path),
                        @class = image.ClassName,
                        image = image.Bytes.ToArray(),
                    }
                )
            );
    }
}
