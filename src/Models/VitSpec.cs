// The keys of vit: specs.

using static DataFreeKD.Models.FreeSpec;

namespace DataFreeKD.Models;

/// <summary><c>vit:img=32,patch=4,dim=96,depth=6,heads=3</c>.</summary>
internal static class VitSpec
{
    /// <summary>The tokens of a Co-advise student, as a spec names them.</summary>
    public const string ThreeTokens = "cls+conv+inv";

    public static FreeSpec Grammar { get; } =
        new FreeSpec<VitConfig>(
            new VitConfig(),
            ("img", (c, v) => c with { ImageSize = Whole(v) }),
            ("patch", (c, v) => c with { PatchSize = Whole(v) }),
            // The MLP keeps its ratio to the width unless told another.
            ("dim", (c, v) => c with { Width = Whole(v), MlpHidden = (int)(Whole(v) * ((double)c.MlpHidden / c.Width)) }),
            ("depth", (c, v) => c with { Depth = Whole(v) }),
            ("heads", (c, v) => c with { Heads = Whole(v) }),
            ("mlp", (c, v) => c with { MlpHidden = (int)(c.Width * Number(v)) }),
            ("classes", (c, v) => c with { Classes = Whole(v) }),
            ("distilled", (c, v) => c with { Distilled = Flag(v) }),
            ("tokens", (c, v) => c with
            {
                CrossBias = v switch
                {
                    "cls" => false,
                    ThreeTokens => true,
                    _ => throw new FormatException($"choice of tokens: cls or {ThreeTokens}"),
                }
            }),
            ("registers", (c, v) => c with { RegisterTokens = Whole(v) }),
            ("layerscale", (c, v) => c with { LayerScale = Flag(v) }),
            ("noembedclass", (c, v) => c with { NoEmbedClass = Flag(v) }),
            ("act", (c, v) =>
                c with
                {
                    Activation = ActivationNames.Find(v)
                        ?? throw new FormatException($"activation: {string.Join(", ", ActivationNames.All)}"),
                }
            ),
            ("pool", (c, v) => c with { Pooling = Pool(v) }),
            ("fcnorm", (c, v) => c with { FcNorm = Flag(v) }),
            ("nocls", (c, v) => c with { ClassToken = !Flag(v) }),
            ("qknorm", (c, v) => c with { QkNorm = Flag(v) }),
            ("postnorm", (c, v) => c with { PostNorm = Flag(v) }),
            ("swiglu", (c, v) => c with { SwiGlu = Flag(v) }),
            ("prenorm", (c, v) => c with { PreNorm = Flag(v) }),
            ("noqkvbias", (c, v) => c with { QkvBias = !Flag(v) }),
            ("rmsnorm", (c, v) => c with { RmsNorm = Flag(v) }),
            ("noprojbias", (c, v) => c with { ProjectionBias = !Flag(v) }),
            ("embednorm", (c, v) => c with { EmbedNorm = Flag(v) }),
            ("attnnorm", (c, v) => c with { AttentionNorm = Flag(v) }),
            ("mlpnorm", (c, v) => c with { MlpNorm = Flag(v) }),
            ("nopos", (c, v) => c with { LearnedPositions = !Flag(v) }),
            ("relbias", (c, v) => c with { RelativeBias = Flag(v) }),
            ("parallel", (c, v) => c with { ParallelBranches = Flag(v) }),
            ("nonorm", (c, v) => c with { FinalNorm = !Flag(v) }),
            ("poolheads", (c, v) => c with { PoolHeads = Whole(v) }),
            ("poolprefix", (c, v) => c with { PoolPrefix = Flag(v) }),
            ("rope", (c, v) => c with { Rotary = RotaryPositions.Parse(v) })
        )
        {
            Family = "vit",
            Example = "vit:img=32,patch=4,dim=96,depth=6,heads=3",
            Required = ["img", "patch", "dim", "depth", "heads"],
        };

    /// <summary>timm's word for a pooling; <c>token+avg</c> is Hugging Face's of DINOv2 and has none.</summary>
    public static string PoolName(Pooling pooling) =>
        pooling switch
        {
            Pooling.Average => "avg",
            Pooling.Map => "map",
            Pooling.TokenAndAverage => "token+avg",
            _ => "token",
        };

    /// <summary>The keys beyond the usual ones, where they differ from the defaults.</summary>
    public static string Rest(VitConfig config) =>
        string.Concat(
            config.Activation == Activation.Gelu ? "" : ",act=" + ActivationNames.Of(config.Activation),
            config.Pooling == Pooling.Token ? "" : ",pool=" + PoolName(config.Pooling),
            config.FcNorm ? ",fcnorm" : "",
            config.ClassToken ? "" : ",nocls",
            config.QkNorm ? ",qknorm" : "",
            config.PostNorm ? ",postnorm" : "",
            config.SwiGlu ? ",swiglu" : "",
            config.PreNorm ? ",prenorm" : "",
            config.QkvBias ? "" : ",noqkvbias",
            config.RmsNorm ? ",rmsnorm" : "",
            config.ProjectionBias ? "" : ",noprojbias",
            config.EmbedNorm ? ",embednorm" : "",
            config.AttentionNorm ? ",attnnorm" : "",
            config.MlpNorm ? ",mlpnorm" : "",
            config.LearnedPositions ? "" : ",nopos",
            config.RelativeBias ? ",relbias" : "",
            config.ParallelBranches ? ",parallel" : "",
            config.FinalNorm ? "" : ",nonorm",
            config.PoolHeads == 0 ? "" : FormattableString.Invariant($",poolheads={config.PoolHeads}"),
            config.PoolPrefix ? ",poolprefix" : "",
            config.Rotary is { } rotary ? ",rope=" + rotary.Text : ""
        );

    private static Pooling Pool(string value) =>
        Enum.GetValues<Pooling>().Where(pooling => PoolName(pooling) == value).Cast<Pooling?>().FirstOrDefault()
        ?? throw new FormatException("pooling: token, avg, map or token+avg");
}
