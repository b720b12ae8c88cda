// An interruption at a known step: throwing out of the progress leaves what a kill leaves.

namespace DataFreeKD.Distiller.Tests;

/// <summary>Does something when a phase reports a step.</summary>
internal sealed class OnStep(string phase, long step, Action action) : IProgress<TrainProgress>
{
    public void Report(TrainProgress value)
    {
        if (value.Phase == phase && value.Done == step)
            action();
    }
}
