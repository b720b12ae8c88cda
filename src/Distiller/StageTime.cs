// Time of one stage of a run.

namespace DataFreeKD.Distiller;

/// <summary>Time that a training run spent in one stage, over all its steps.</summary>
/// <param name="Name"><c>wait</c> (for the next batch), <c>teacher</c>, <c>student</c> (its forward pass and the losses), <c>backward</c>,
/// <c>optimiser</c> (with the average of the weights), <c>figures</c> (scalars read, rows written, held-out scorings) or
/// <c>checkpoint</c>.</param>
/// <param name="Seconds">Wall seconds.</param>
/// <param name="CpuSeconds">CPU seconds of the whole process meanwhile, the preparation of the next batch on its own thread among
/// them.</param>
internal sealed record StageTime(string Name, double Seconds, double CpuSeconds);
