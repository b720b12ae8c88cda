// What a model is and costs, as a table for people.

using System.Globalization;

namespace DataFreeKD.Models;

/// <summary>Figures of a model and the table that <c>dfkd inspect</c> prints.</summary>
/// <param name="Parameters">Trainable numbers.</param>
/// <param name="MacsPerImage">Multiply-accumulates of one image's matrix products; norms, softmax and activations are left out, as is
/// usual.</param>
/// <param name="Rows">Label and value, in the order of printing.</param>
internal sealed record ModelSummary(long Parameters, long MacsPerImage, IReadOnlyList<(string Label, string Value)> Rows)
{
    /// <summary>Describes a loaded model.</summary>
    public static ModelSummary Describe(LoadedModel loaded)
    {
        ModelConfig c = loaded.Model.Config;
        Preprocessing p = loaded.Preprocessing;
        long parameters = loaded.Model.ParameterCount(),
            macs = Macs(c);
        return new ModelSummary(
            parameters,
            macs,
            [
                ("weights", loaded.WeightsPath),
                .. c is VitConfig vit
                    ? OfVit(vit)
                    : [("input", Text($"{c.ImageSize}×{c.ImageSize}")), ("layers", $"{c.Family}, {c.Summary}")],
                (
                    "classes",
                    c.Classes == 0
                        ? "none (no head)"
                        : Text(
                            $"{c.Classes}{(loaded.ClassNames.Count > 0 ? $" ({string.Join(", ", loaded.ClassNames.Take(4))}{(loaded.ClassNames.Count > 4 ? ", …" : "")})" : ", unnamed")}"
                        )
                ),
                (
                    "preprocessing",
                    Text(
                        $"{(p.Squash ? "squashed" : $"short side {Math.Floor(p.ImageSize / p.CropPct)}, centre crop")} to {p.ImageSize}, {p.Interpolation.Name()}, mean [{string.Join(", ", p.Mean)}], deviation [{string.Join(", ", p.Std)}]"
                    )
                ),
                ("parameters", Text($"{parameters:N0}")),
                ("MACs an image", Text($"{macs:N0}")),
            ]
        );
    }

    /// <summary>Multiply-accumulates of one image: convolutions, linear maps, attention's and involution's products.</summary>
    public static long Macs(ModelConfig config) => config.MultiplyAccumulates();

    /// <summary>The table, one row a line, labels aligned.</summary>
    public override string ToString() =>
        string.Join('\n', Rows.Select(r => $"{r.Label.PadRight(Rows.Max(o => o.Label.Length))}  {r.Value}"));

    private static (string, string)[] OfVit(VitConfig c) =>
        [
            ("input", Text($"{c.ImageSize}×{c.ImageSize}, patch {c.PatchSize}: {c.Grid}×{c.Grid} = {c.Patches} patches")),
            (
                "tokens",
                Text(
                    $"{c.Patches + c.PrefixTokens} [class 1, distillation {(c.Distilled ? 1 : 0)}{(c.CrossBias ? ", convolution 1, involution 1" : "")}, registers {c.RegisterTokens}, patches {c.Patches}]"
                )
            ),
            (
                "blocks",
                Text(
                    $"{c.Depth} of width {c.Width}, {c.Heads} heads of {c.Width / c.Heads}, MLP {c.MlpHidden}{(c.SwiGlu ? " (SwiGLU)" : "")}"
                )
            ),
            ("parts", Parts(c)),
        ];

    private static string Parts(VitConfig c)
    {
        string[] parts =
        [
            c.QkvBias ? "qkv bias" : "no qkv bias",
            .. c.LayerScale ? ["LayerScale"] : Array.Empty<string>(),
            .. c.PreNorm ? ["norm before the blocks"] : Array.Empty<string>(),
            .. c.NoEmbedClass ? ["positions for patches only"] : Array.Empty<string>(),
            Text($"LayerNorm ε {c.LayerNormEpsilon}"),
        ];
        return string.Join(", ", parts);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
