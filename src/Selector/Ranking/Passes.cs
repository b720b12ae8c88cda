// What every pass over the table shares: the options, the method bound to the table, progress and cancellation.

using DataFreeKD.Manifests;
using DataFreeKD.Selector.Scores;

namespace DataFreeKD.Selector.Ranking;

/// <summary>Opens passes over one scores table.</summary>
internal sealed class Passes
{
    private readonly IProgress<long>? progress;
    private long read;

    public Passes(SelectOptions options, IProgress<long>? progress, CancellationToken cancel)
    {
        Options = options;
        this.progress = progress;
        Cancel = cancel;
        using TableReader table = Table.Open(options.Scores);
        options.Set.Check(table.Header);
        Quotas = QuotaFile.Of(options);
        Score = ScoreCatalogue.Find(options.Method).Bind(table.Header, options);
    }

    public SelectOptions Options { get; }

    public RowScore Score { get; }

    /// <summary>Quotas of a file; null without one.</summary>
    public QuotaFile? Quotas { get; }

    public CancellationToken Cancel { get; }

    public PoolScan Scan() => Scan(Options.Scores);

    /// <summary>Over another table with the columns of the scores.</summary>
    public PoolScan Scan(string table) => new(table, Score, Report);

    /// <summary>The error of a table that is not the one of an earlier pass.</summary>
    public TableException Changed() => new($"{Options.Scores} changed while it was read; select again when whatever writes it is done");

    public void Report(int rows)
    {
        Cancel.ThrowIfCancellationRequested();
        progress?.Report(read += rows);
    }
}
