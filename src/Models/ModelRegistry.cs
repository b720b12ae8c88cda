// Names that a user of timm knows, and free specs, to architectures.

namespace DataFreeKD.Models;

/// <summary>Resolves a SPEC: <c>deit_tiny_patch16_224</c>, ... or <c>vit:img=32,patch=4,dim=96,depth=6,heads=3</c>.</summary>
public static class ModelRegistry
{
    /// <summary>All registered names, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. RegistryEntries.All.Keys];

    /// <summary>The architecture of a name or free spec (keys img, patch, dim, depth, heads, mlp (ratio), classes, distilled, registers,
    /// layerscale, noembedclass).</summary>
    /// <remarks>A name may carry overrides after a colon: <c>deit_tiny_patch16_224:classes=10,img=96</c>; and timm's weight tag after a
    /// dot, which is ignored.</remarks>
    /// <exception cref="ModelException">Unknown name (with the nearest ones) or bad key (with the keys that exist).</exception>
    public static ModelConfig Resolve(string spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        (string name, string? options) = Split(spec);
        if (FreeSpec.All.TryGetValue(name, out FreeSpec? family))
            return family.Parse(spec, options ?? "");
        if (Find(name) is not { } entry)
            throw new ModelException($"no model is named '{name}'{Nearest(name)}; a free spec looks like {VitSpec.Grammar.Example}");
        return options is null ? entry.Config : FreeSpec.Of(entry.Config).Override(spec, options, entry.Config);
    }

    /// <summary>timm's default preprocessing of a registered name; for free specs and unknown names the default of the input
    /// size.</summary>
    public static Preprocessing DefaultPreprocessing(string spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        (string name, string? options) = Split(spec);
        RegistryEntry? entry = Find(name);
        if (entry is null && !FreeSpec.All.ContainsKey(name))
            return new Preprocessing();
        int size = Resolve(spec).ImageSize;
        if (entry is null)
            return Preprocessing.DefaultFor(size);
        return options is null || size == entry.Config.ImageSize ? entry.Preprocessing : entry.Preprocessing with { ImageSize = size };
    }

    /// <summary>The entry of a name, or null; a weight tag after a dot is ignored.</summary>
    internal static RegistryEntry? Find(string name) => RegistryEntries.All.GetValueOrDefault(name.Split('.', 2)[0]);

    private static (string Name, string? Options) Split(string spec)
    {
        int colon = spec.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (spec.Trim(), null) : (spec[..colon].Trim(), spec[(colon + 1)..]);
    }

    private static string Nearest(string name)
    {
        string[] near =
        [
            .. Names
                .Select(n => (Name: n, Distance: Distance(name, n)))
                .Where(p => p.Distance <= Math.Max(3, name.Length / 3))
                .OrderBy(p => p.Distance)
                .ThenBy(p => p.Name, StringComparer.Ordinal)
                .Take(3)
                .Select(p => p.Name),
        ];
        return near.Length == 0 ? $" (there are {Names.Count}, such as {Names[0]})" : $"; did you mean {string.Join(", ", near)}?";
    }

    // Levenshtein, two rows.
    private static int Distance(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)],
            current = new int[b.Length + 1];
        for (int i = 1; i <= Math.Min(a.Length, 200); i++)
        {
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            (previous, current) = (current, previous);
        }
        return previous[b.Length];
    }
}
