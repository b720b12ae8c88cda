// What every library of this toolkit throws for input that it refuses.

namespace DataFreeKD.Core;

/// <summary>The base of all public exceptions of the DataFreeKD libraries. The message is one line: what is wrong, where, and how to mend
/// it.</summary>
/// <remarks>Faults of the machine (a full disk, a folder that may not be read) stay <see cref="IOException"/> and
/// <see cref="UnauthorizedAccessException"/>; a cancelled run is an <see cref="OperationCanceledException"/>.</remarks>
public abstract class DataFreeKDException : Exception
{
    /// <summary>With a message for the user.</summary>
    protected DataFreeKDException(string message, Exception? inner = null)
        : base(message, inner) { }

    /// <summary>Properties of options that the message names, such as <c>BatchSize</c>; a program that shows options under other names can
    /// replace them.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Whether the same call may do later, as with a service that is down: then it is no fault of the input.</summary>
    internal virtual bool IsPassing => false;
}
