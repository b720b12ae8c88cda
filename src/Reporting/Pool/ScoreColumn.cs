// The columns of a table that hold scores, and what each says in plain words.

using System.Globalization;
using DataFreeKD.Manifests;

namespace DataFreeKD.Reporting.Pool;

/// <summary>A score of a table.</summary>
/// <param name="Name">Its column.</param>
/// <param name="Index">Where the column stands.</param>
/// <param name="Title">For people.</param>
/// <param name="Meaning">One sentence: what it is, and which way is better.</param>
/// <param name="Direction">1 where higher is more useful, −1 where lower is, 0 where nobody said.</param>
internal sealed record ScoreColumn(string Name, int Index, string Title, string Meaning, int Direction)
{
    // Enough to tell a column of numbers from one of text, and few enough to be read at once.
    private const int RowsLookedAt = 64;

    // More plots than this are not read by anybody.
    private const int Most = 24;

    private static readonly HashSet<string> NotScores =
    [
        .. Columns.Store,
        "prediction",
        "class_name",
        "label",
        "rank",
        "weight",
        "colours",
        "key",
    ];

    private static readonly Dictionary<string, (string Title, string Meaning)> Known = new(StringComparer.Ordinal)
    {
        ["selection_score"] = ("Selection score", "What the selection ranked by; higher is more useful."),
        ["confidence"] = ("Confidence", "The probability of the teacher's first choice; higher means that it is surer."),
        ["entropy"] = ("Entropy, nats", "How undecided the teacher is; lower is better."),
        ["energy"] = (
            "Energy",
            "Minus the logarithm of the summed exponentials of the logits; lower means larger logits, as on familiar images."
        ),
        ["intact"] = (
            "Intact, log-odds",
            "Whether the image is one of the pool's rather than a corrupted copy; below 0 it looks corrupted, higher is better."
        ),
        ["max_logit"] = ("Largest logit", "The teacher's evidence for its first choice; higher is better."),
        ["margin"] = ("Margin", "How far the first choice is ahead of the second, in probability; higher is better."),
        ["gen"] = ("Generalised entropy", "How undecided the teacher is, small probabilities weighing more; lower is better."),
        ["feature_norm"] = ("Feature norm", "How long the vector is that the classifier reads; higher is better."),
        ["weight_cosine"] = ("Cosine to a class's weights", "How well that vector points along the weights of a class; higher is better."),
        ["react_energy"] = ("Energy, large features clipped", "As energy, with unusually large features cut off; lower is better."),
        ["rollout_entropy"] = (
            "Attention rollout, entropy",
            "How evenly the class token looks at the image through all blocks; lower is better."
        ),
        ["rollout_variance"] = ("Attention rollout, variance", "How unevenly it looks through all blocks; higher is better."),
        ["view_agreement"] = ("Agreement over views", "On how many mirrored and cropped views the decision is the same; higher is better."),
        ["view_kl"] = ("Divergence over views, nats", "How much the prediction changes from view to view; lower is better."),
    };

    /// <summary>The scores of a table, those of the contract first, then other columns whose first values are numbers. Columns that repeat
    /// another in other units are left out (the probe's cosine beside its variance, the pseudo-label's cross-entropy beside the
    /// confidence).</summary>
    public static IReadOnlyList<ScoreColumn> In(string table)
    {
        using TableReader reader = Table.Open(table);
        TableHeader header = reader.Header;
        List<ScoreColumn> found = [];
        List<int> unknown = [];
        for (int at = 0; at < header.Columns.Count; at++)
        {
            string name = header.Columns[at];
            if (Known.TryGetValue(name, out (string Title, string Meaning) known))
                found.Add(new ScoreColumn(name, at, known.Title, known.Meaning, ScoreDirection.Of(name)));
            else if (Columns.ProbeBlock(name, "probe_variance_") is { } block)
                found.Add(Variance(name, at, block));
            else if (Columns.ProbeBlock(name, "probe_entropy_") is { } of)
                found.Add(
                    new ScoreColumn(
                        name,
                        at,
                        string.Create(CultureInfo.InvariantCulture, $"Attention probe of block {of}, entropy"),
                        "How evenly the teacher's class token looks at the image: 1 is the same everywhere; lower is better.",
                        ScoreDirection.Of(name)
                    )
                );
            else if (Repeats(name, header) || NotScores.Contains(name))
                continue;
            else
                unknown.Add(at);
        }
        foreach (int at in Numeric(reader, unknown))
            found.Add(new ScoreColumn(header.Columns[at], at, header.Columns[at], "A further column of the table.", 0));
        return [.. found.Take(Most)];
    }

    /// <summary>The current row's value; NaN where it has none. A further column may hold anything: what is no number is none.</summary>
    public double Of(TableReader reader) =>
        Direction != 0 ? reader.Number(Index)
        : double.TryParse(reader.Utf8(Index), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value
        : double.NaN;

    private static ScoreColumn Variance(string name, int at, int block) =>
        new(
            name,
            at,
            string.Create(CultureInfo.InvariantCulture, $"Attention probe of block {block}"),
            "How unevenly the teacher's class token looks at the image: 0 is the same everywhere; higher means that it looks at something.",
            ScoreDirection.Of(name)
        );

    private static bool Repeats(string name, TableHeader header) =>
        (name == "pseudo_label_ce" && header.IndexOf("confidence") >= 0)
        || (Columns.ProbeBlock(name, "probe_cosine_") is { } block && header.IndexOf(Columns.ProbeVariance(block)) >= 0);

    private static IEnumerable<int> Numeric(TableReader reader, List<int> columns)
    {
        Dictionary<int, int> numbers = columns.ToDictionary(at => at, _ => 0);
        HashSet<int> text = [];
        for (int row = 0; row < RowsLookedAt && columns.Count > 0 && reader.Read(); row++)
        {
            foreach (int at in columns)
            {
                string field = reader.Text(at);
                if (field.Length == 0)
                    continue;
                if (double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value))
                    numbers[at]++;
                else
                    text.Add(at);
            }
        }
        return columns.Where(at => numbers[at] > 0 && !text.Contains(at));
    }
}
