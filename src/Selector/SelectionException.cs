// Options that no selection can use.

namespace DataFreeKD.Selector;

/// <summary>Options that cannot be used; the message says what, where and how to mend it.</summary>
public sealed class SelectionException(string message) : DataFreeKDException(message);
