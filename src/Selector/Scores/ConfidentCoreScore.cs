// The confident core's term of the default, alone.

using DataFreeKD.Manifests;
using DataFreeKD.Selector.Core;
using DataFreeKD.Selector.Statistics;

namespace DataFreeKD.Selector.Scores;

/// <summary>Score = −d, with d the relative distance to the pool's confident core (<see cref="CoreModel"/>), which is found by the
/// default's other terms.</summary>
internal sealed class ConfidentCoreScore(TableHeader header, SelectOptions options) : RowScore, ICoreScore
{
    private readonly CombinedScore first = new(header, options);

    public override IReadOnlyList<string> Columns => first.Columns;

    public override bool NeedsFit => true;

    public bool WantsCore => true;

    public bool NeedsCore => true;

    public override void Fit(IReadOnlyList<double[]> sample) => first.Fit(sample);

    public double Seed(ReadOnlySpan<double> values) => first.Seed(values);

    public void FitCore(RobustScale seed, RobustScale nearness, RobustScale discriminant) { }

    public override double Evaluate(ReadOnlySpan<double> values, ulong identity) => -values[^2];
}
