// What every pass over the table shares: the options, the method bound to the table, progress and cancellation.

using DataFreeKD.Manifests;
using DataFreeKD.Selector.Core;
using DataFreeKD.Selector.Embeddings;
using DataFreeKD.Selector.Scores;

namespace DataFreeKD.Selector.Ranking;

/// <summary>Opens passes over one scores table.</summary>
internal sealed class Passes : IDisposable
{
    private readonly IProgress<long>? progress;
    private long read;

    public Passes(SelectOptions options, IProgress<long>? progress, CancellationToken cancel)
    {
        Embeddings = EmbeddingRows.Of(options);
        options = options with { Set = options.Set with { Embeddings = Embeddings.Path ?? SetOptions.NoEmbeddings } };
        Options = options;
        this.progress = progress;
        Cancel = cancel;
        using TableReader table = Table.Open(options.Scores);
        options.Set.Check(table.Header);
        Quotas = QuotaFile.Of(options);
        Score = ScoreCatalogue.Find(options.Method).Bind(table.Header, options);
    }

    /// <summary>With the embeddings in force.</summary>
    public SelectOptions Options { get; }

    /// <summary>The embeddings of the rows, or why there are none.</summary>
    public EmbeddingRows Embeddings { get; }

    /// <summary>Where each row lies to the pool's confident core, once the score is fitted to it; else null.</summary>
    public CorePlaces? Core { get; set; }

    public RowScore Score { get; }

    /// <summary>Quotas of a file; null without one.</summary>
    public QuotaFile? Quotas { get; }

    public CancellationToken Cancel { get; }

    public PoolScan Scan() => Scan(Options.Scores);

    /// <summary>Over another table with the columns of the scores.</summary>
    public PoolScan Scan(string table) => new(table, Score, Report, table == Options.Scores ? Core?.Read() : null);

    /// <summary>Refuses a set that is made by embeddings where there are none.</summary>
    /// <exception cref="SelectionException">There are none; the message says why.</exception>
    public void RequireEmbeddings()
    {
        if (Embeddings.Path is null && Options.Set.NeedsEmbeddings)
            throw new SelectionException(
                $"{(Options.Set.NearCosine.HasValue ? "near duplicates by cosine need" : "diversity needs")} embeddings: {Embeddings.Why}"
            );
    }

    public void Dispose() => Core?.Dispose();

    /// <summary>The error of a table that is not the one of an earlier pass.</summary>
    public TableException Changed() => new($"{Options.Scores} changed while it was read; select again when whatever writes it is done");

    public void Report(int rows)
    {
        Cancel.ThrowIfCancellationRequested();
        progress?.Report(read += rows);
    }
}
