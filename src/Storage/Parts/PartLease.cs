// How long a process that shares a plan in a bucket is believed to live.

namespace DataFreeKD.Storage.Parts;

/// <summary>A lease without a lock: an object that is written again and again.</summary>
/// <param name="Time">After this without a renewal others take the process for one that was killed.</param>
/// <param name="Renewal">How often it is renewed.</param>
internal sealed record PartLease(TimeSpan Time, TimeSpan Renewal)
{
    /// <summary>A minute, renewed three times.</summary>
    public static PartLease Usual { get; } = new(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(20));

    /// <summary>After this without a renewal the process itself stops: before others take it for one that was killed.</summary>
    public TimeSpan Fence => Time * 3 / 4;
}
