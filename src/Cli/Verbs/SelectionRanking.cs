// A selection method as a cascade has to know it: scoring knows no selection, and selection no scoring.

using DataFreeKD.Manifests;
using DataFreeKD.Probe;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Selector;
using DataFreeKD.Selector.Scores;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Joins the two.</summary>
internal static class SelectionRanking
{
    /// <summary>The ranking of a method of <c>dfkd select</c>, fitted to the sample that it is asked about.</summary>
    public static CascadeRanking Of(string method) => new(method, columns =>
    {
        RowScore score;
        try
        {
            score = ScoreCatalogue.Find(method).Bind(new TableHeader(columns, "--cascade"), new SelectOptions { Scores = "", Output = "", Method = method });
        }
        catch (TableException error)
        {
            throw new ScoreException(error.Message);
        }
        return (score.Columns, sample =>
        {
            if (score.NeedsFit) score.Fit(sample);
            return [.. Enumerable.Range(0, sample[0].Length).Select(row => score.Evaluate([.. sample.Select(column => column[row])], (ulong)row))];
        }
        );
    });
}
