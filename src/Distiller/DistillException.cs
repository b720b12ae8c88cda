// The one error of runs: what is wrong, where, and how to mend it.

namespace DataFreeKD.Distiller;

/// <summary>A run that cannot begin or go on; the message is one line for the user.</summary>
public sealed class DistillException(string message, Exception? inner = null) : DataFreeKDException(message, inner);
