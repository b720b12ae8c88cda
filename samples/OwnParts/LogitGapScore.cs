// A score of your own, and the selection method that ranks by it.

using DataFreeKD.Manifests;
using DataFreeKD.Probe.Scores;
using DataFreeKD.Selector.Scores;

namespace DataFreeKD.OwnParts;

/// <summary>How far the largest logit stands above the mean of all.</summary>
internal sealed class LogitGapScore(TableHeader header) : RowScore
{
    private const string Column = "logit_gap";

    public override IReadOnlyList<string> Columns { get; } =
        header.IndexOf(Column) >= 0
            ? [Column]
            : throw new TableException($"{header.Source} has no column {Column}; score the images with it");

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity) => values[0];

    /// <summary>Makes both known to the rest of the program.</summary>
    public static void Register()
    {
        ExtraScore.Register(new ExtraScore(Column, "own", ScoreNeeds.Head, answer => [answer.Logits!.amax([1]) - answer.Logits.mean([1])]));
        ScoreCatalogue.Register(
            new ScoreMethod("logit-gap", "a largest logit far above the mean", (header, _) => new LogitGapScore(header))
        );
    }
}
