// The keys of resnet: and rednet: specs.

using static DataFreeKD.Models.FreeSpec;

namespace DataFreeKD.Models;

/// <summary><c>resnet:depth=18,img=32,stem=3</c> and <c>rednet:depth=26,img=32,stem=3</c>.</summary>
internal static class ResNetSpec
{
    public static FreeSpec ResNet { get; } = Of(new ResNetConfig(), "resnet", "resnet:depth=18,img=32,stem=3,width=64");

    public static FreeSpec RedNet { get; } =
        Of(new ResNetConfig { Involution = true, Depth = 26 }, "rednet", "rednet:depth=26,img=32,stem=3,width=64");

    private static FreeSpec<ResNetConfig> Of(ResNetConfig start, string family, string example) =>
        new(
            start,
            ("depth", (c, v) => c with { Depth = Whole(v) }),
            ("img", (c, v) => c with { ImageSize = Whole(v) }),
            ("stem", (c, v) => c with
            {
                SmallStem = v switch
                {
                    "3" => true,
                    "7" => false,
                    _ => throw new FormatException("stem: 3 (small images) or 7"),
                }
            }),
            ("width", (c, v) => c with { Width = Whole(v) }),
            ("classes", (c, v) => c with { Classes = Whole(v) })
        )
        {
            Family = family,
            Example = example,
            Required = ["depth", "img"],
        };
}
