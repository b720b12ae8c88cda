// What cannot be packed as asked.

namespace DataFreeKD.Packer;

/// <summary>Options, a table or an output that cannot be used; the message says what, where and how to mend it.</summary>
public sealed class PackException(string message, Exception? inner = null) : DataFreeKDException(message, inner);
