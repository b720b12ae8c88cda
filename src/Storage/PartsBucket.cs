// Where a run in work shards keeps its plan and parts, if not in a folder.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Storage.Parts;

namespace DataFreeKD.Storage;

/// <summary>A prefix of a bucket that all machines of a run in work shards reach, in place of a folder that all of them see.</summary>
public sealed record PartsBucket
{
    /// <summary><c>s3://bucket/prefix</c>, of this run alone.</summary>
    public required string Address { get; init; }

    /// <summary>The service, and as whom it is asked.</summary>
    /// <value>Null: that of the environment, or of the command line.</value>
    public BucketOptions? Service { get; init; }

    /// <summary>How long processes are believed to live.</summary>
    internal PartLease Lease { get; init; } = PartLease.Usual;

    /// <summary>Refuses what is no address.</summary>
    /// <exception cref="StorageException">It is none.</exception>
    internal void Validate()
    {
        BucketFolder.Parse(Address);
        Service?.Validate();
    }

    /// <summary>The place.</summary>
    /// <param name="rows">The rows' file in an attempt.</param>
    /// <param name="version">Version of the tool.</param>
    /// <param name="files">The folder of this machine for what is brought; null for a temporary one.</param>
    /// <param name="stop">Ends every request.</param>
    internal IPlanPlace Open(string rows, string version, string? files, CancellationToken stop = default) =>
        new BucketPlace(this, rows, version, files, stop);

    /// <summary>The address.</summary>
    public override string ToString() => Address;
}
