// The audit as a table: images to answer, and the answers.

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector.Advice;

/// <summary>What a person said to one image.</summary>
/// <param name="Stratum">The tenth of the ranking that it stands for.</param>
/// <param name="StratumRows">Usable rows of that tenth.</param>
/// <param name="Above">Which share of the pool is ranked above it.</param>
/// <param name="Yes">Whether it is of the teacher's distribution; null where nobody has said so.</param>
/// <param name="Unsure">Whether a person looked and could not tell.</param>
internal sealed record AuditAnswer(int Stratum, long StratumRows, double Above, bool? Yes, bool Unsure);

/// <summary>Writes and reads audit tables.</summary>
internal static class AuditTable
{
    private const string Answer = "answer",
        Stratum = "stratum",
        StratumRows = "stratum_rows",
        Above = "rank_share";

    private static readonly string[] Header = ["path", "class_name", Answer, Stratum, StratumRows, Above, "selection_score"];

    /// <summary>Writes the images without answers, with the provenance beside it.</summary>
    public static void Write(AdviceOptions options, Passes passes, IReadOnlyList<AuditRow> drawn, string scoresHash)
    {
        string?[][] rows = new string?[drawn.Count][];
        SelectOptions place = options.Ranking with { Output = options.Audit };
        RowVisit.Each(passes, [.. drawn.Select(row => row.Row)], (table, at) =>
        {
            AuditRow row = drawn[at];
            string? name = table.Header.IndexOf("class_name") is >= 0 and var column ? table.Text(column) : null;
            rows[at] =
            [
                SelectionTable.PathOf(table, place),
                name,
                null,
                row.Stratum.ToString(CultureInfo.InvariantCulture),
                row.StratumRows.ToString(CultureInfo.InvariantCulture),
                Numbers.Format(row.Above),
                Numbers.Format(row.Score),
            ];
        });
        using (TableWriter writer = Table.Create(options.Audit, Header))
        {
            foreach (string?[] row in rows)
                writer.Write(row);
            writer.Commit();
        }
        new Provenance
        {
            Version = Provenance.ToolVersion,
            Command = "select --advise",
            Options = Drawing(options, passes),
            Seed = options.Ranking.Seed,
            Inputs = new Dictionary<string, string> { [ManifestPath.ToTable(options.Ranking.Scores, options.Audit)] = scoresHash },
            Counts = new Dictionary<string, long> { ["images"] = drawn.Count },
        }.WriteBeside(options.Audit);
    }

    /// <summary>Reads the answers, and refuses those to another ranking.</summary>
    /// <exception cref="SelectionException">The audit was drawn from other scores or by another method.</exception>
    /// <exception cref="TableException">An answer cannot be read; the message names its line.</exception>
    public static IReadOnlyList<AuditAnswer> Read(AdviceOptions options, Passes passes, string scoresHash)
    {
        Provenance made = Provenance.ReadBeside(options.Audit)
            ?? throw new SelectionException(
                $"{options.Audit} has no {Path.GetFileNameWithoutExtension(options.Audit)}.json beside it, which says from which scores it was drawn; put it back, or move the table away and let it be drawn again"
            );
        if (!made.Inputs.Values.Contains(scoresHash))
            throw new SelectionException(
                $"{options.Audit} was drawn from other scores than {options.Ranking.Scores} holds now; its answers say nothing about these: move it away and let it be drawn again"
            );
        foreach ((string name, string value) in Drawing(options, passes))
        {
            string before = made.Options.GetValueOrDefault(name, "");
            if (before != value)
                throw new SelectionException(
                    $"{options.Audit} was drawn with {name} '{before}', not '{value}'; give that one, or move the table away and let it be drawn again"
                );
        }
        using TableReader table = Table.Open(options.Audit);
        int answer = table.Header.Require(Answer),
            stratum = table.Header.Require(Stratum),
            rows = table.Header.Require(StratumRows),
            above = table.Header.Require(Above);
        List<AuditAnswer> answers = [];
        while (table.Read())
        {
            (bool? yes, bool unsure) = Meaning(table.Text(answer), table);
            double tenth = table.Number(stratum),
                share = table.Number(above),
                size = table.Number(rows);
            if (tenth is not (>= 0 and < AuditDraw.Strata) || share is not (> 0 and < 1) || size is not (> 0))
                throw new TableException(
                    $"{options.Audit}: line {table.Line}: {Stratum}, {StratumRows} or {Above} is not as it was drawn; change the column '{Answer}' alone"
                );
            answers.Add(new AuditAnswer((int)tenth, (long)size, share, yes, unsure));
        }
        return answers;
    }

    // What makes the ranking what it is.
    private static SortedDictionary<string, string> Drawing(AdviceOptions options, Passes passes) =>
        new(StringComparer.Ordinal)
        {
            ["method"] = options.Ranking.Method,
            ["embeddings"] = passes.Core is null ? "" : Path.GetFileName(passes.Embeddings.Path!),
            ["blocks"] = string.Join(',', options.Ranking.Blocks),
        };

    private static (bool? Yes, bool Unsure) Meaning(string text, TableReader table) =>
        text.Trim().ToUpperInvariant() switch
        {
            "" => (null, false),
            "YES" or "Y" or "1" or "TRUE" => (true, false),
            "NO" or "N" or "0" or "FALSE" => (false, false),
            "UNSURE" or "U" or "?" => (null, true),
            _ => throw new TableException(
                $"{table.Header.Source}: line {table.Line}: '{text}' is no answer; write yes, no or unsure, or leave it empty"
            ),
        };
}
