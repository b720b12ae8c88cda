// timm's architectures by name: what their tensors cannot tell.

using System.Globalization;

namespace DataFreeKD.Models.Timm;

/// <summary>One name of timm's.</summary>
/// <param name="Name">Without or with weight tag.</param>
/// <param name="Other">Why its forward pass is another than that of the networks here; empty where it is not.</param>
/// <param name="Shape">Shape and parts of a Vision Transformer; null of others.</param>
/// <param name="Preprocessing">Of its default weights, or of the tag's; null where its filter is neither bicubic nor bilinear.</param>
internal sealed record TimmEntry(string Name, string Other, TimmShape? Shape, Preprocessing? Preprocessing);

/// <summary>What timm's constructor of a name builds.</summary>
internal sealed record TimmShape(
    int ImageSize,
    int Patch,
    int Width,
    int Depth,
    int Heads,
    int MlpHidden,
    Activation Activation,
    double Epsilon,
    Pooling Pooling,
    bool PostNorm,
    RotaryPositions? Rotary
)
{
    /// <summary>Heads of its pooling by attention; 0 for as many as its blocks have.</summary>
    public int PoolHeads { get; init; }

    /// <summary>Its pooling by attention reads the tokens before the patches too.</summary>
    public bool PoolPrefix { get; init; }

    /// <summary>Whether there is a norm before its head.</summary>
    public bool FinalNorm { get; init; } = true;
}

/// <summary>The table <c>architectures.csv</c>, which <c>tests/peers/timm_facts.py</c> writes from timm itself.</summary>
internal static class TimmTable
{
    private static readonly Lazy<Dictionary<string, TimmEntry>> Read = new(Parse);

    // Names of other repositories, by timm's.
    private static readonly string[] Endings = ["", "_224", "_patch16_224", "_patch16"];

    /// <summary>The entry of a name: timm's with or without weight tag, with a hub's or a tool's prefix, or without input size as in DINO's
    /// and MAE's code; null of one that is not known.</summary>
    public static TimmEntry? Find(string name)
    {
        string plain = name.Trim();
        plain = plain[(plain.LastIndexOfAny([':', '/']) + 1)..];
        if (Read.Value.TryGetValue(plain, out TimmEntry? tagged))
            return Whole(tagged, plain);
        plain = plain.Split('.', 2)[0];
        foreach (string ending in Endings)
        {
            if (Read.Value.TryGetValue(plain + ending, out TimmEntry? found))
                return found;
        }
        return null;
    }

    /// <summary>Vision Transformers of a width, without rotary positions, whose heads are others; timm's own test models tell nothing of
    /// others.</summary>
    public static IEnumerable<TimmShape> OfWidth(int width) =>
        Read
            .Value.Values.Where(entry => !entry.Name.StartsWith("test_", StringComparison.Ordinal))
            .Select(entry => entry.Shape)
            .OfType<TimmShape>()
            .Where(shape => shape.Width == width && shape.Rotary is null);

    // A row of a tag tells of preprocessing alone.
    private static TimmEntry Whole(TimmEntry tagged, string name) =>
        name.Contains('.', StringComparison.Ordinal) && Read.Value.TryGetValue(name.Split('.', 2)[0], out TimmEntry? bare)
            ? bare with
            {
                Name = name,
                Preprocessing = tagged.Preprocessing,
            }
            : tagged;

    private static Dictionary<string, TimmEntry> Parse()
    {
        using Stream stream = typeof(TimmTable).Assembly.GetManifestResourceStream("architectures.csv")
            ?? throw new InvalidOperationException("the table of timm's architectures is not in the assembly");
        using StreamReader reader = new(stream);
        Dictionary<string, TimmEntry> table = new(StringComparer.Ordinal);
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
        {
            string[] cells = line.Split(',');
            table[cells[0]] = new TimmEntry(
                cells[0],
                cells[1],
                cells[4].Length == 0 || cells[8].Length == 0 ? null : Shape(cells),
                PreprocessingOf(cells)
            );
        }
        return table;
    }

    private static TimmShape Shape(string[] cells) =>
        new(
            Whole(cells[2]),
            Whole(cells[3]),
            Whole(cells[4]),
            Whole(cells[5]),
            Whole(cells[6]),
            Whole(cells[7]),
            ActivationNames.Find(cells[8]) ?? Activation.Gelu,
            double.Parse(cells[9], CultureInfo.InvariantCulture),
            cells[10].Split(' ')[0] switch
            {
                "avg" => Pooling.Average,
                "map" => Pooling.Map,
                _ => Pooling.Token,
            },
            cells[11] == "1",
            cells.Length > 18 && cells[18].Length > 0 ? RotaryPositions.Parse(cells[18]) : null
        )
        {
            // After the pooling's name: its heads, what it reads, and whether a norm comes before the head.
            PoolHeads = cells[10]
                .Split(' ')
                .Select(word => int.TryParse(word, CultureInfo.InvariantCulture, out int heads) ? heads : 0)
                .Max(),
            PoolPrefix = cells[10].Contains(" prefix", StringComparison.Ordinal),
            FinalNorm = !cells[10].Contains(" nonorm", StringComparison.Ordinal),
        };

    private static Preprocessing? PreprocessingOf(string[] cells) =>
        InterpolationNames.Find(cells[14]) is not { } filter
            ? null
            : new()
            {
                ImageSize = Whole(cells[12]),
                CropPct = double.Parse(cells[13], CultureInfo.InvariantCulture),
                Interpolation = filter,
                Mean = Three(cells[15]),
                Std = Three(cells[16]),
                Squash = cells[17] == "squash",
            };

    private static int Whole(string cell) => int.Parse(cell, CultureInfo.InvariantCulture);

    private static float[] Three(string cell) => [.. cell.Split(' ').Select(value => float.Parse(value, CultureInfo.InvariantCulture))];
}
