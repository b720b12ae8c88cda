// The options that make a selection a set, and how they become the library's record.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Selector;
using DataFreeKD.Selector.Sets;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Near duplicates, spread, difficulty and order on the command line.</summary>
internal sealed class SetOptionSet
{
    private readonly Option<int?> nearDuplicates = CommonOptions.OwnCount(
        "--near-duplicates",
        "Drop images whose perceptual hash differs in at most N bits from that of a better one; 4 is a good choice (a crawl's manifest has hashes)"
    );
    private readonly Option<double?> nearCosine = CommonOptions.OwnFigure(
        "--near-cosine",
        "Drop images whose embedding has at least this cosine with a better one's, e.g. 0.98"
    );
    private readonly Option<string?> embeddings = new("--embeddings")
    {
        Description = "Embeddings of the scores' rows (.npy or .parquet), or none [default: those that dfkd score wrote with the table]",
        HelpName = "FILE|none",
    };
    private readonly Choice<Diversity> diversity = new(
        "--diversity",
        "Spread the images of each class over the embeddings: k-centre takes the farthest ones, facility the most representative ones"
    );
    private readonly Option<double> candidates = CommonOptions.Figure(
        "--candidates",
        "Candidates per kept image of a class, for --diversity and --difficulty",
        new SetOptions().Candidates
    );
    private readonly Option<string?> difficulty = new("--difficulty")
    {
        Description = "Shares by the teacher's confidence, e.g. easy:0.5,medium:0.3,hard:0.2",
        HelpName = "MIX",
    };
    private readonly Choice<RowOrder> order = new(
        "--order",
        "Order of the rows: best first, or from easy to hard (for distill --curriculum)"
    );

    /// <summary>All, in the order of the help.</summary>
    public Option[] All => [nearDuplicates, nearCosine, embeddings, diversity.Option, candidates, difficulty, order.Option];

    /// <summary>The record that the arguments mean.</summary>
    /// <exception cref="UsageException">The mix cannot be read.</exception>
    public SetOptions In(ParseResult parsed) =>
        new()
        {
            NearDuplicates = parsed.GetValue(nearDuplicates),
            NearCosine = parsed.GetValue(nearCosine),
            Embeddings = parsed.GetValue(embeddings) is { } file
                ? file == SetOptions.NoEmbeddings
                    ? file
                    : Path.GetFullPath(file)
                : null,
            Diversity = diversity.In(parsed),
            Candidates = parsed.GetValue(candidates),
            Difficulty = parsed.GetValue(difficulty) is { } mix ? Mix(mix) : null,
            Order = order.In(parsed),
        };

    private static DifficultyMix Mix(string text)
    {
        Dictionary<string, double> shares = new(StringComparer.Ordinal)
        {
            ["easy"] = 0,
            ["medium"] = 0,
            ["hard"] = 0,
        };
        HashSet<string> given = [];
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] pair = part.Split(':');
            if (
                pair.Length != 2
                || !shares.ContainsKey(pair[0])
                || !double.TryParse(pair[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double share)
            )
                throw new UsageException(
                    $"--difficulty {text}: '{part}' is not easy:X, medium:X or hard:X; give e.g. easy:0.5,medium:0.3,hard:0.2"
                );
            if (!given.Add(pair[0]))
                throw new UsageException($"--difficulty {text}: {pair[0]} is there twice");
            shares[pair[0]] = share;
        }
        return new DifficultyMix(shares["easy"], shares["medium"], shares["hard"]);
    }
}
