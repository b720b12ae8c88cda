// What an S3-compatible service refuses, or cannot be asked.

namespace DataFreeKD.Storage;

/// <summary>Storage that cannot be used; the message says what, where and how to mend it.</summary>
public sealed class StorageException : DataFreeKDException
{
    internal StorageException(string message, Exception? inner = null)
        : base(message, inner) { }

    /// <summary>What went wrong, for who decides by it.</summary>
    internal StorageFault Fault { get; init; }

    internal override bool IsPassing => Fault is StorageFault.Failing or StorageFault.Unreachable;

    /// <summary>The reason without what it befell.</summary>
    internal string? Said { get; init; }
}

/// <summary>Kinds of failures.</summary>
internal enum StorageFault
{
    /// <summary>Another one.</summary>
    Other,

    /// <summary>There is no such object, or no such bucket.</summary>
    Missing,

    /// <summary>The service denies access.</summary>
    Denied,

    /// <summary>The object is not the one that was looked at before.</summary>
    Changed,

    /// <summary>The service answers, with failures of its own (5xx).</summary>
    Failing,

    /// <summary>The service cannot be reached, or breaks off again and again.</summary>
    Unreachable,
}
