// The keys of tinyvit: specs.

using static DataFreeKD.Models.FreeSpec;

namespace DataFreeKD.Models;

/// <summary><c>tinyvit:img=32,stem=1,dims=32/64/96/128,depths=1/1/2/1,heads=1/2/3/4</c>; what is left out is of the 5M model, its windows
/// cut to the maps.</summary>
internal static class TinyVitSpec
{
    public static FreeSpec Grammar { get; } =
        new FreeSpec<TinyVitConfig>(
            new TinyVitConfig(),
            ("stem", (c, v) => c with { StemStride = Whole(v) }),
            ("img", (c, v) => (c with { ImageSize = Whole(v) }).WithFittingWindows()),
            ("dims", (c, v) => c with { Widths = Stages(v) }),
            ("depths", (c, v) => c with { Depths = Stages(v) }),
            ("heads", (c, v) => c with { Heads = Stages(v) }),
            ("windows", (c, v) => c with { Windows = Stages(v) }),
            ("classes", (c, v) => c with { Classes = Whole(v) })
        )
        {
            Family = "tinyvit",
            Example = "tinyvit:img=32,stem=1,dims=32/64/96/128,depths=1/1/2/1,heads=1/2/3/4",
            Required = ["img"],
        };

    private static StageSizes Stages(string value) =>
        value.Split('/') is [var a, var b, var c, var d]
            ? new StageSizes(Whole(a), Whole(b), Whole(c), Whole(d))
            : throw new FormatException("list of four numbers such as 32/64/96/128");
}
