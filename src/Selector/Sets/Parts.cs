// Spread over many candidates: in parts that are small enough for an exact choice.

using DataFreeKD.Selector.Embeddings;

namespace DataFreeKD.Selector.Sets;

/// <summary>
/// Up to a limit the choice is made among all candidates at once. Above it they are dealt out by rank, like cards, into parts of
/// about equal size and quality, and each part chooses its share (as the parts of GreeDi do: Mirzasoleiman et al., "Distributed
/// submodular maximization", NIPS 2013), so that time grows with the candidates and not with their square.
/// </summary>
internal static class Parts
{
    // 64 MiB of likeness.
    private const int LargestFacility = 4096;

    // A pass over all candidates for each row taken; no square of memory.
    private const int LargestKCentre = 65_536;

    /// <summary>The places of the rows taken.</summary>
    /// <param name="diversity">How to spread.</param>
    /// <param name="vectors">Candidates, best first.</param>
    /// <param name="count">How many to take, at most all.</param>
    /// <param name="largest">Candidates of a part; null for the method's own limit.</param>
    /// <param name="cancel">Stops the work.</param>
    public static int[] Choose(Diversity diversity, UnitVectors vectors, int count, int? largest = null, CancellationToken cancel = default)
    {
        int limit = largest ?? (diversity == Diversity.Facility ? LargestFacility : LargestKCentre);
        int parts = (vectors.Count + limit - 1) / limit;
        List<int> chosen = new(count);
        for (int part = 0; part < parts; part++)
        {
            int[] places = [.. Enumerable.Range(0, vectors.Count).Where(at => at % parts == part)];
            // Earlier parts are never smaller, so that a remainder always finds room.
            int take = count / parts + (part < count % parts ? 1 : 0);
            UnitVectors own = vectors.Of(places);
            int[] taken = diversity == Diversity.Facility ? FacilityLocation.Choose(own, take, cancel) : KCentre.Choose(own, take, cancel);
            chosen.AddRange(taken.Select(at => places[at]));
        }
        return [.. chosen];
    }
}
