// The one error of models: what is wrong, where, and how to mend it.

namespace DataFreeKD.Models;

/// <summary>A model that cannot be read or built; the message says what, where and how to mend it.</summary>
public sealed class ModelException(string message, Exception? inner = null) : Exception(message, inner);
