// What is thrown where an output cannot be taken.

namespace DataFreeKD.Core;

/// <summary>An output that another process is writing, that appeared meanwhile, or whose name cannot be used. The message is one
/// line.</summary>
public sealed class OutputException : DataFreeKDException
{
    /// <summary>With a message for the user.</summary>
    public OutputException(string message, Exception? inner = null)
        : base(message, inner) { }
}
