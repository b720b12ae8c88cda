// What a pack did, in numbers.

namespace DataFreeKD.Packer;

/// <summary>The outcome of a pack.</summary>
public sealed record PackSummary
{
    /// <summary>The folder or file written.</summary>
    public required string Output { get; init; }

    /// <summary>The format's name.</summary>
    public required string Format { get; init; }

    /// <summary>Rows read.</summary>
    public long Rows { get; init; }

    /// <summary>Images, or rows of a list or table, written.</summary>
    public long Packed { get; init; }

    /// <summary>Rows left out by reason: their status where it is not <c>ok</c>, why an image could not be read (<c>unreadable</c>,
    /// <c>changed</c>, ...), <c>no_url</c>, <c>same_url</c>.</summary>
    public IReadOnlyDictionary<string, long> Skipped { get; init; } = new Dictionary<string, long>();

    /// <summary>Images written by class; empty for lists and tables.</summary>
    public IReadOnlyDictionary<string, long> Classes { get; init; } = new Dictionary<string, long>();

    /// <summary>Tar shards written.</summary>
    public long Shards { get; init; }

    /// <summary>Wall seconds.</summary>
    public double Seconds { get; init; }
}
