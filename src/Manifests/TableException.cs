// The one error of tables: what is wrong, where, and how to mend it.

namespace DataFreeKD.Manifests;

/// <summary>A table that cannot be used; the message names file, row and column, and how to mend it.</summary>
public sealed class TableException(string message, Exception? inner = null) : DataFreeKDException(message, inner);
