// --ranks: this process as one of several that train one model.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Ranks;

namespace DataFreeKD.Cli;

/// <summary>How the ranks are started.</summary>
internal enum RankStart
{
    /// <summary>There is one process.</summary>
    None,

    /// <summary>By Open MPI's <c>mpirun</c>, or by <c>srun --mpi=pmix</c>.</summary>
    Mpi,
}

/// <summary>What becomes of the command line on several ranks.</summary>
internal static class CommandRanks
{
    // Longer than whoever started the ranks takes to end them once the one that has something to say has ended.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <summary>Whether this rank is one that only errors are heard of.</summary>
    public static bool IsSilent(ParseResult parsed) => IsAsked(parsed) && OpenMpi.StartedAs > 0;

    /// <summary>Does the work of this rank, or of the only process.</summary>
    /// <exception cref="UsageException">Options that do not go with ranks.</exception>
    public static void Attend(ParseResult parsed, Action<RankGroup> work)
    {
        if (!IsAsked(parsed))
        {
            work(RankGroup.Alone);
            return;
        }
        RankGroup ranks = new(OpenMpi.Start());
        ranks.Attend(() =>
        {
            if (parsed.GetResult(CommonOptions.Threads) is not { Implicit: false })
                throw new UsageException(
                    "--ranks mpi needs --threads, those of one rank: another number of threads gives other last digits"
                );
            work(ranks);
        });
    }

    /// <summary>Who computes what, in a line; null for one process.</summary>
    public static string? Describe(RankGroup ranks, LoopOptions options) =>
        ranks.Several
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{ranks.Reducer.Ranks} ranks, each with {options.Microbatches / ranks.Reducer.Ranks} of {options.Microbatches} microbatches of {options.ImagesAtOnce} images"
            )
            : null;

    /// <summary>The line of a failure, as one of several ranks says it; null where another one says it.</summary>
    /// <param name="parsed">The arguments.</param>
    /// <param name="failure">What was thrown.</param>
    /// <param name="code">Its exit code.</param>
    /// <param name="line">As one process says it.</param>
    public static string? LineOf(ParseResult parsed, Exception failure, int code, string line)
    {
        if (!IsSilent(parsed))
            return failure is OtherRankException ? null : line;
        return failure is OtherRankException || code == ExitCode.Interrupted
            ? null
            : $"{line} (rank {OpenMpi.StartedAs} on {Environment.MachineName})";
    }

    /// <summary>Lets the rank that says what is wrong end first: the end of one is the end of all.</summary>
    /// <param name="failure">What was thrown.</param>
    /// <param name="cancel">Cancelled by whoever ends this rank.</param>
    public static void Wait(Exception failure, CancellationToken cancel)
    {
        if (failure is OtherRankException)
            cancel.WaitHandle.WaitOne(Patience);
    }

    private static bool IsAsked(ParseResult parsed) =>
        parsed.GetResult(CommonOptions.Ranks.Option) is not null && CommonOptions.Ranks.In(parsed) == RankStart.Mpi;
}
