// Which candidate is a near duplicate of a better one.

using System.Numerics;
using DataFreeKD.Manifests;
using DataFreeKD.Manifests.Looks;
using DataFreeKD.Selector.Embeddings;
using DataFreeKD.Selector.Ranking;

namespace DataFreeKD.Selector.Sets;

/// <summary>A candidate that stays out.</summary>
/// <param name="Ranked">Its score and place.</param>
/// <param name="Like">Row of the better candidate that it is like.</param>
/// <param name="By">Column of the hash, or <c>embedding</c>.</param>
/// <param name="Distance">Bits of the hashes, or 1 − cosine.</param>
internal readonly record struct NearCopy(RankedRow Ranked, long Like, string By, double Distance);

/// <summary>Asked of candidates best first, remembers those that are like none before.</summary>
internal sealed class NearDuplicates
{
    private readonly IReadOnlyList<RankedRow> ranked;
    private readonly Look?[]? looks;
    private readonly NearDuplicateIndex? index;
    private readonly CosineNeighbours? neighbours;

    /// <summary>Reads what the options compare of all candidates.</summary>
    public NearDuplicates(Passes passes, IReadOnlyList<RankedRow> ranked)
    {
        this.ranked = ranked;
        SetOptions options = passes.Options.Set;
        if (options.NearDuplicates is { } radius)
        {
            looks = Looks(passes, ranked, out bool coloured);
            index = new NearDuplicateIndex(radius, coloured ? NearDuplicateIndex.DefaultColourTolerance : null);
        }
        if (options.NearCosine is { } cosine)
            neighbours = new CosineNeighbours(Vectors = UnitVectors.Read(options.Embeddings!, [.. ranked.Select(row => row.Row)]), cosine);
    }

    /// <summary>The candidates' vectors, where cosines are compared.</summary>
    public UnitVectors? Vectors { get; }

    /// <summary>The near duplicate that a candidate is; null where it is like no better one, which it then is for those to come.</summary>
    public NearCopy? FindOrAdd(int at)
    {
        if (neighbours?.Find(at) is { } near)
            return new NearCopy(ranked[at], ranked[near.Like].Row, "embedding", Math.Max(0, 1 - near.Cosine));
        if (looks?[at] is { } look && index!.FindOrAdd(look.Hash, look.Colours.GetValueOrDefault(), at) is { } like)
            return new NearCopy(
                ranked[at],
                ranked[(int)like].Row,
                Columns.Hash,
                BitOperations.PopCount(look.Hash ^ looks[(int)like]!.Value.Hash)
            );
        neighbours?.Add(at);
        return null;
    }

    // Where rows have colours, one without them cannot be compared.
    private static Look?[] Looks(Passes passes, IReadOnlyList<RankedRow> ranked, out bool coloured)
    {
        Look?[] looks = new Look?[ranked.Count];
        RowVisit.Each(passes, [.. ranked.Select(row => row.Row)], (table, at) =>
        {
            int colours = table.Header.IndexOf(Columns.Colours);
            looks[at] = Look.Parse(table.Text(table.Header.Require(Columns.Hash)), colours >= 0 ? table.Text(colours) : null);
        });
        coloured = looks.Any(look => look is { Colours: not null });
        return coloured ? Array.ConvertAll(looks, look => look is { Colours: null } ? null : look) : looks;
    }
}
