// What a worker did, in numbers.

namespace DataFreeKD.Fleet;

/// <summary>What a worker did.</summary>
/// <param name="Shards">Shards that it finished, or found finished.</param>
/// <param name="Failed">Shards that failed.</param>
/// <param name="Rows">Rows that it computed.</param>
/// <param name="Seconds">Wall seconds.</param>
internal sealed record WorkerSummary(int Shards, int Failed, long Rows, double Seconds);
