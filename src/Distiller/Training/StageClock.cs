// Where the time of a training run goes.

using System.Diagnostics;

namespace DataFreeKD.Distiller.Training;

/// <summary>Adds up wall and CPU seconds by stage. It only reads clocks, so nothing that comes out of a run hangs on it.</summary>
internal sealed class StageClock
{
    private readonly List<StageTime> stages = [];
    private long wall = Stopwatch.GetTimestamp();
    private TimeSpan cpu = Environment.CpuUsage.TotalTime;

    /// <summary>Time by stage, in the order in which the stages were first seen.</summary>
    public IReadOnlyList<StageTime> Stages => [.. stages];

    /// <summary>Forgets the time since the last mark: what comes next begins now.</summary>
    public void Start() => (wall, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);

    /// <summary>Books the time since the last mark on <paramref name="stage"/>.</summary>
    public void Mark(string stage)
    {
        (long wall, TimeSpan cpu) before = (wall, cpu);
        Start();
        int at = stages.FindIndex(known => known.Name == stage);
        if (at < 0)
        {
            at = stages.Count;
            stages.Add(new StageTime(stage, 0, 0));
        }
        StageTime sum = stages[at];
        stages[at] = sum with
        {
            Seconds = sum.Seconds + Stopwatch.GetElapsedTime(before.wall, wall).TotalSeconds,
            CpuSeconds = sum.CpuSeconds + (cpu - before.cpu).TotalSeconds,
        };
    }
}
