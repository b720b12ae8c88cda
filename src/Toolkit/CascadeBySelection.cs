// A selection method as a cascade has to know it: scoring knows no selection, and selection no scoring.

using DataFreeKD.Manifests;
using DataFreeKD.Probe;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Selector;
using DataFreeKD.Selector.Scores;

namespace DataFreeKD.Toolkit;

/// <summary>A selection method for a cascade of scoring (<see cref="CascadeOptions.Ranking"/>), which ranks the images that it may drop as
/// the selection will.</summary>
internal static class CascadeBySelection
{
    /// <summary>The ranking of a selection method, fitted to the sample that it is asked about.</summary>
    /// <param name="method">A name of <see cref="ScoreCatalogue"/>.</param>
    /// <exception cref="SelectionException">There is no such method.</exception>
    public static CascadeRanking Of(string method) => new(method, columns =>
        {
            RowScore score;
            try
            {
                score = ScoreCatalogue
                    .Find(method)
                    .Bind(
                        new TableHeader(columns, "the cascade's sample"),
                        new SelectOptions
                        {
                            Scores = "",
                            Output = "",
                            Method = method,
                        }
                    );
            }
            catch (TableException error)
            {
                throw new ScoreException(error.Message) { Options = error.Options };
            }
            return (score.Columns, sample =>
            {
                if (score.NeedsFit)
                    score.Fit(sample);
                return
                [
                    .. Enumerable
                        .Range(0, sample[0].Length)
                        .Select(row => score.Evaluate([.. sample.Select(column => column[row])], (ulong)row)),
                ];
            }
            );
        });
}
