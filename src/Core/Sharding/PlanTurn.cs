// One process makes a plan, and the others wait for it: an array of jobs begins all at once.

namespace DataFreeKD.Core.Sharding;

/// <summary>How processes come to one plan.</summary>
internal static class PlanTurn
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Takes the plan that is there, or makes it while the output is held.</summary>
    /// <param name="read">Reads the plan; null where there is none.</param>
    /// <param name="make">Makes it, and puts it in its place.</param>
    /// <param name="refuse">Refuses an output that is finished.</param>
    /// <param name="take">Takes the output; null, and who has it, where another process does.</param>
    /// <param name="anew">Whether a plan that is there is replaced.</param>
    /// <param name="note">Hears what is waited for.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="OutputException">The plan is to be replaced, and another process holds the output.</exception>
    public static T Of<T>(
        Func<T?> read,
        Action make,
        Action refuse,
        Func<(IDisposable? Held, string? Holder)> take,
        bool anew,
        Action<string>? note,
        CancellationToken cancel
    )
        where T : class
    {
        bool told = false;
        while (true)
        {
            if (!anew && read() is { } there)
                return there;
            refuse();
            (IDisposable? held, string? holder) = take();
            using (held)
            {
                if (held is not null)
                {
                    if (anew || read() is null)
                    {
                        refuse();
                        make();
                    }
                    return read() ?? throw new OutputException("the plan is gone; see who else writes there");
                }
                if (anew)
                    throw new OutputException($"{holder}; wait for it, or name another output");
                if (!told)
                    note?.Invoke($"waiting for the plan: {holder}");
                told = true;
            }
            cancel.WaitHandle.WaitOne(Pause);
            cancel.ThrowIfCancellationRequested();
        }
    }
}
