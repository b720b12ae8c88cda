// Scores joined with answers by file name.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Measures;

/// <summary>The rows of a scores table that have an answer.</summary>
internal sealed class TruthJoin
{
    private readonly List<TableRow> rows = [];
    private readonly List<bool> positive = [];
    private readonly List<string> sources = [];
    private readonly List<long> places = [];
    private readonly string naturalSource;

    private TruthJoin(TableHeader header, string naturalSource)
    {
        Header = header;
        this.naturalSource = naturalSource;
    }

    public TableHeader Header { get; }

    public int Rows => rows.Count;

    /// <summary>0-based places of the rows in the scores table.</summary>
    public IReadOnlyList<long> Places => places;

    /// <summary>Rows of the scores table.</summary>
    public long RowsInTable { get; private set; }

    public bool[] Positive => [.. positive];

    public bool[] Everything => [.. sources.Select(_ => true)];

    /// <summary>The natural rest and the commonest source of positives: no outliers, no copies.</summary>
    public bool[] Natural
    {
        get
        {
            string planted = sources.Where((_, at) => positive[at]).CountBy(source => source).MaxBy(pair => pair.Value).Key;
            return [.. sources.Select(source => source == naturalSource || source == planted)];
        }
    }

    /// <summary>What is in distribution, and what is of the sources named.</summary>
    public bool[] AgainstSources(IReadOnlyList<string> named) =>
        [.. sources.Select((source, at) => positive[at] || named.Contains(source))];

    /// <summary>Refuses sources of which no row is.</summary>
    /// <exception cref="TableException">Names the source, and those there are.</exception>
    public void RequireSources(IReadOnlyList<string> named)
    {
        string? missing = named.FirstOrDefault(source => !sources.Where((_, at) => !positive[at]).Contains(source));
        if (missing is null)
            return;
        string[] there = [.. sources.Where((_, at) => !positive[at]).Distinct().Order(StringComparer.Ordinal)];
        throw new TableException(
            $"{Header.Source}: no row is of the source '{missing}' and out of distribution; there are {string.Join(", ", there)}"
        );
    }

    public bool[] WithoutNatural => [.. sources.Select(source => source != naturalSource)];

    public static TruthJoin Of(string scoresPath, string truthPath, string? naturalSource)
    {
        Dictionary<string, (string Source, bool Positive)> answers = Answers(truthPath);
        using TableReader scores = Table.Open(scoresPath);
        TruthJoin join = new(scores.Header, naturalSource ?? CommonestOutside(answers));
        int path = scores.Header.Require("path");
        int status = scores.Header.Require("status");
        // A crawl names files by content; the name in the pool is then that of the source.
        int source = scores.Header.IndexOf("source");
        for (long place = 0; scores.Read(); place++)
        {
            join.RowsInTable = place + 1;
            if (!scores.Is(status, Status.Ok))
                continue;
            if (
                !answers.TryGetValue(FileName(scores.Text(path)), out (string Source, bool Positive) answer)
                && (source < 0 || !answers.TryGetValue(FileName(scores.Text(source)), out answer))
            )
                continue;
            join.rows.Add(scores.Row());
            join.places.Add(place);
            join.positive.Add(answer.Positive);
            join.sources.Add(answer.Source);
        }
        if (!join.positive.Contains(true))
            throw new TableException(
                $"{scoresPath}: no file name is a key of {truthPath} that is in distribution; the two must be of the same pool"
            );
        return join;
    }

    public double[] Numbers(string column) => [.. rows.Select(row => Manifests.Numbers.Parse(row[column], row, column))];

    public double Auroc(double[] values, bool[] among) =>
        RankingMeasures.Auroc([.. values.Where((_, at) => among[at])], [.. positive.Where((_, at) => among[at])]);

    private static Dictionary<string, (string Source, bool Positive)> Answers(string truthPath)
    {
        using TableReader truth = Table.Open(truthPath);
        (int key, int source, int inside) = (
            truth.Header.Require("key"),
            truth.Header.Require("source"),
            truth.Header.Require("in_distribution")
        );
        Dictionary<string, (string, bool)> answers = new(StringComparer.Ordinal);
        while (truth.Read())
            answers[truth.Text(key)] = (truth.Text(source), truth.Is(inside, "1"));
        return answers;
    }

    private static string CommonestOutside(Dictionary<string, (string Source, bool Positive)> answers) =>
        answers
            .Values.Where(answer => !answer.Positive)
            .CountBy(answer => answer.Source)
            .OrderByDescending(pair => pair.Value)
            .ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => pair.Key)
            .FirstOrDefault("");

    // The name of a file, or of a member of an archive.
    private static string FileName(string path) => path[(path.LastIndexOfAny(['/', ':']) + 1)..];
}
