// How files are opened.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Limits and manners of opening files.</summary>
internal sealed record InputOptions
{
    /// <summary>Files and members larger than this are named, not read, bytes.</summary>
    /// <value>64 MiB.</value>
    public long MaxBytes { get; init; } = 64L << 20;

    /// <summary>Bytes of files that may wait to be decoded: enough that no worker waits for photographs, and little beside what decoding
    /// takes.</summary>
    /// <param name="workers">Images that are decoded at the same time.</param>
    public static long MostWaiting(int workers) => Math.Max(2, workers) * (16L << 20);

    /// <summary>Whether paths of tables may lead to S3-compatible storage. A crawl asks for what it fetches by rules of its own.</summary>
    /// <value>True; else such a path is a row with the reason <c>address</c>.</value>
    public bool Buckets { get; init; } = true;

    /// <summary>Whether symbolic links are followed, those to folders too. In archives they lead to other members or nowhere.</summary>
    /// <value>False: a link is a row with the reason <c>link</c>.</value>
    public bool FollowLinks { get; init; }
}
