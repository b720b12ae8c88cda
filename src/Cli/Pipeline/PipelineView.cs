// How a run shows its stages: nothing at all, unless a view does better.

using DataFreeKD.Cli.Output;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>Told what becomes of each stage. As it is, it stays silent.</summary>
internal class PipelineView
{
    /// <summary>Runs <paramref name="work"/> while the stages are shown.</summary>
    public virtual void Show(IReadOnlyList<string> stages, Action work) => work();

    /// <summary>A stage begins.</summary>
    public virtual void Begin(string stage, string why) { }

    /// <summary>It is so far.</summary>
    public virtual void Report(string stage, ProgressLine line) { }

    /// <summary>It has something to say.</summary>
    public virtual void Note(string stage, string line) { }

    /// <summary>It is done.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="seconds">Wall seconds.</param>
    /// <param name="figures">Its key figures; may be empty.</param>
    public virtual void Done(string stage, double seconds, string figures) { }

    /// <summary>It need not run, or is not to.</summary>
    public virtual void Skip(string stage, string why) { }

    /// <summary>It failed or was interrupted.</summary>
    public virtual void Fail(string stage, string how) { }
}
