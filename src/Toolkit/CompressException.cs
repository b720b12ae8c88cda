// What a compression refuses.

namespace DataFreeKD.Toolkit;

/// <summary>Options or a folder that a compression cannot use. The message is one line.</summary>
public sealed class CompressException : DataFreeKDException
{
    /// <summary>With a message for the user.</summary>
    public CompressException(string message, Exception? inner = null)
        : base(message, inner) { }
}
