// What an operator can mend.

namespace DataFreeKD.Fleet;

/// <summary>An engine that cannot be used; the message says what, where and how to mend it.</summary>
internal sealed class EngineException(string message) : DataFreeKDException(message);

/// <summary>Thrown by a stage that cannot compute a shard here, where others may: another version, numeric profile or root, or files that
/// this machine does not see. It does not count against the shard.</summary>
internal sealed class ShardRefusedException(string message) : DataFreeKDException(message);
