// What became of a row, in one word.

namespace DataFreeKD.Core;

/// <summary>Values of the <c>status</c> column.</summary>
public static class Status
{
    /// <summary>Usable.</summary>
    public const string Ok = "ok";

    /// <summary>The same content is already there.</summary>
    public const string Duplicate = "duplicate";

    /// <summary>Refused by policy.</summary>
    public const string Rejected = "rejected";

    /// <summary>Not looked at to the end, since it gave no hope (reason <c>cascade</c>).</summary>
    public const string Skipped = "skipped";

    /// <summary>Could not be had or decoded.</summary>
    public const string Failed = "failed";
}
