// The grammar of free model specs: vit:key=value,key=value.

using System.Globalization;

namespace DataFreeKD.Models;

/// <summary>Parses the options of a spec over a base architecture.</summary>
internal static class FreeSpec
{
    public const string Family = "vit";
    public const string Example = "vit:img=32,patch=4,dim=96,depth=6,heads=3";

    private static readonly string[] Required = ["img", "patch", "dim", "depth", "heads"];

    private static readonly Dictionary<string, Func<VitConfig, string, VitConfig>> Keys = new(StringComparer.Ordinal)
    {
        ["img"] = (c, v) => c with { ImageSize = Whole(v) },
        ["patch"] = (c, v) => c with { PatchSize = Whole(v) },
        ["dim"] = (c, v) => c with { Width = Whole(v) },
        ["depth"] = (c, v) => c with { Depth = Whole(v) },
        ["heads"] = (c, v) => c with { Heads = Whole(v) },
        ["mlp"] = (c, v) => c with { MlpHidden = (int)(c.Width * double.Parse(v, NumberStyles.Float, CultureInfo.InvariantCulture)) },
        ["classes"] = (c, v) => c with { Classes = Whole(v) },
        ["distilled"] = (c, v) => c with { Distilled = Flag(v) },
        ["registers"] = (c, v) => c with { RegisterTokens = Whole(v) },
        ["layerscale"] = (c, v) => c with { LayerScale = Flag(v) },
        ["noembedclass"] = (c, v) => c with { NoEmbedClass = Flag(v) },
    };

    /// <param name="spec">The whole spec, for messages.</param>
    /// <param name="options">What follows the colon.</param>
    /// <param name="start">What the keys change.</param>
    /// <param name="complete">Whether every dimension must be named.</param>
    public static VitConfig Parse(string spec, string options, VitConfig start, bool complete)
    {
        Dictionary<string, string> given = new(StringComparer.Ordinal);
        foreach (string item in options.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = item.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? item : item[..equals].Trim();
            if (!Keys.ContainsKey(key)) throw new ModelException($"'{spec}' has the key '{key}'; keys are {string.Join(", ", Keys.Keys)} (example: {Example})");
            // A bare flag is true.
            if (!given.TryAdd(key, equals < 0 ? "true" : item[(equals + 1)..].Trim())) throw new ModelException($"'{spec}' gives '{key}' twice");
        }
        string[] missing = [.. Required.Where(k => complete && !given.ContainsKey(k))];
        if (missing.Length > 0) throw new ModelException($"'{spec}' does not give {string.Join(", ", missing)} (example: {Example})");
        double ratio = (double)start.MlpHidden / start.Width;
        VitConfig config = start;
        // In the table's order: the MLP ratio is of the width given, wherever it stands in the text.
        foreach ((string key, Func<VitConfig, string, VitConfig> set) in Keys)
        {
            if (key == "mlp" && config.Width != start.Width) config = config with { MlpHidden = (int)(config.Width * ratio) };
            if (!given.TryGetValue(key, out string? value)) continue;
            try
            {
                config = set(config, value);
            }
            catch (Exception e) when (e is FormatException or OverflowException)
            {
                throw new ModelException($"'{spec}' gives '{key}' the value '{value}', which is no {(key is "distilled" or "layerscale" or "noembedclass" ? "true or false" : "number")}", e);
            }
        }
        return config.Validated();
    }

    private static int Whole(string value) => int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);

    private static bool Flag(string value) => value switch { "1" => true, "0" => false, _ => bool.Parse(value) };
}
