// What is told where a plan should lie and does not.

namespace DataFreeKD.Core.Sharding;

/// <summary>Says why there is no plan.</summary>
internal static class Unplanned
{
    /// <summary>Why, and how to mend it.</summary>
    /// <param name="place">Where there is none.</param>
    /// <param name="output">What is made of the parts, where its being there says that the run is finished; null where it does not.</param>
    public static string Reason(IPlanPlace place, string? output = null) =>
        place.Ended is { } ended ? $"{place.Name} has no plan any more: {ended}"
        : File.Exists(output) ? $"{place.Name} has no plan, and {output} is there: it is finished"
        : $"{place.Name} has no plan of shards; make one with --plan or --shard i/n";
}
