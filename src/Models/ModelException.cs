// The one error of this library that is meant for its user.

namespace DataFreeKD.Models;

/// <summary>A model that cannot be read or built; the message says what, where and how to mend it.</summary>
public sealed class ModelException(string message, Exception? inner = null) : DataFreeKDException(message, inner);
