// What makes a selection a set rather than the head of a ranking: copies, spread, difficulty, order.

using DataFreeKD.Manifests;
using DataFreeKD.Manifests.Looks;
using DataFreeKD.Selector.Sets;

namespace DataFreeKD.Selector;

/// <summary>Options of the set. The defaults leave the ranking as it is.</summary>
public sealed record SetOptions
{
    /// <summary>Bits, 0–8, in which the perceptual hashes (<c>phash</c>) of near duplicates may differ; null looks for none. Where the
    /// table has <c>colours</c> too, they must be alike.</summary>
    public int? NearDuplicates { get; init; }

    /// <summary>Cosine of their <see cref="Embeddings"/>, (0, 1], from which on two rows are near duplicates; null looks for
    /// none.</summary>
    public double? NearCosine { get; init; }

    /// <summary>As <see cref="Embeddings"/>: use none.</summary>
    public const string NoEmbeddings = "none";

    /// <summary>Embeddings of the scores table's rows, in its order, .npy or .parquet; <see cref="NoEmbeddings"/> for none.</summary>
    /// <value>Default: null, for those that scoring left beside the table, where the table is still as it left it.</value>
    public string? Embeddings { get; init; }

    /// <summary>How rows are spread over the embeddings.</summary>
    public Diversity Diversity { get; init; } = Diversity.None;

    /// <summary>Candidates for each row to take, 1 or more: a spread or a mix of difficulty chooses among so many best rows of each class.
    /// 1 leaves nothing to choose, more trades score for spread.</summary>
    /// <value>Default: 2.</value>
    public double Candidates { get; init; } = 2;

    /// <summary>Shares of easy, medium and hard rows; null for whatever comes.</summary>
    public DifficultyMix? Difficulty { get; init; }

    /// <summary>In which order the rows are written.</summary>
    public RowOrder Order { get; init; } = RowOrder.Score;

    /// <summary>Whether rows are chosen among more candidates.</summary>
    internal bool Chooses => Diversity != Diversity.None || Difficulty is not null;

    /// <summary>Whether the set is made by embeddings.</summary>
    internal bool NeedsEmbeddings => NearCosine.HasValue || Diversity != Diversity.None;

    /// <summary>Whether near duplicates are dropped.</summary>
    internal bool DropsNear => NearDuplicates.HasValue || NearCosine.HasValue;

    /// <summary>Candidates for each row to take, in force: a third of them must be as many as the mix wants of a third.</summary>
    internal double Factor => Chooses ? Math.Max(Candidates, 3 * (Difficulty?.Largest ?? 0)) : 1;

    /// <summary>Checks that the options make sense together.</summary>
    /// <param name="ranked">Whether the number of rows to take is known.</param>
    /// <exception cref="SelectionException">They do not; the message says what to change.</exception>
    internal void Validate(bool ranked)
    {
        if (NearDuplicates is { } bits && bits is < 0 or > NearDuplicateIndex.LargestRadius)
            throw new SelectionException(
                $"near duplicates within {bits} bits cannot be searched; give 0 to {NearDuplicateIndex.LargestRadius}"
            );
        if (NearCosine is { } cosine && !(cosine is > 0 and <= 1))
            throw new SelectionException($"a cosine of {cosine} is not in (0, 1]; near duplicates have e.g. 0.98 or more");
        if (!(Candidates >= 1) || double.IsInfinity(Candidates))
            throw new SelectionException($"{Candidates} candidates for each row are too few or no number; give 1 or more");
        if (Embeddings == NoEmbeddings && NearCosine.HasValue)
            throw new SelectionException("near duplicates by cosine need embeddings; give the file that dfkd score --embeddings wrote");
        if (Embeddings == NoEmbeddings && Diversity != Diversity.None)
            throw new SelectionException("diversity needs embeddings; give the file that dfkd score --embeddings wrote");
        if (Chooses && !ranked)
            throw new SelectionException(
                "a threshold takes what reaches it and leaves nothing to choose; give a budget, a fraction or rows per class with diversity or difficulty"
            );
        Difficulty?.Validate();
    }

    /// <summary>Checks that a table has the columns asked for, and that the embeddings can be opened.</summary>
    /// <exception cref="TableException">One is missing; the message says what writes it.</exception>
    internal void Check(TableHeader header)
    {
        if (NearDuplicates.HasValue && header.IndexOf(Columns.Hash) < 0)
            throw new TableException(
                $"{header.Source}: there is no column '{Columns.Hash}' to find near duplicates by; score a crawl's manifest.csv, which has one, or find them by embeddings and a cosine"
            );
        if (Embeddings is { } file && file != NoEmbeddings)
            EmbeddingReader.Open(file).Dispose();
        if ((Difficulty is not null || Order == RowOrder.Curriculum) && header.IndexOf("confidence") < 0)
            throw new TableException(
                $"{header.Source}: there is no column 'confidence' to tell easy from hard by; score the images with a teacher that has a classifier head"
            );
    }
}

/// <summary>How rows are spread over the embeddings.</summary>
public enum Diversity
{
    /// <summary>Not at all: the best rows.</summary>
    None,

    /// <summary>No candidate is far from a row taken (<see cref="Sets.KCentre"/>); reaches for the odd ones.</summary>
    KCentre,

    /// <summary>The candidates are near to rows taken on average (<see cref="FacilityLocation"/>); reaches for the typical ones.</summary>
    Facility,
}

/// <summary>The order of a selection's rows.</summary>
public enum RowOrder
{
    /// <summary>Best first.</summary>
    Score,

    /// <summary>Easy to hard, by the teacher's confidence; of equals the better ranked first.</summary>
    Curriculum,
}
