// Errors to exit codes: what the user can mend is one line and 2, the rest is 1.

using System.Runtime.InteropServices;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller.Ranks;

namespace DataFreeKD.Cli;

/// <summary>Input that only the command line can judge, such as options that exclude each other.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>A stage of a pipeline failed.</summary>
/// <param name="where">The stage, and where the file has it.</param>
/// <param name="reason">What its verb threw.</param>
internal sealed class StageException(string where, Exception reason) : Exception(FlagNames.MessageOf(reason), reason)
{
    /// <summary>The stage, and where the file has it.</summary>
    public string Where => where;
}

/// <summary>An export that does not compute what the model computes.</summary>
internal sealed class CheckException(string message) : Exception(message);

/// <summary>A stage that went over everything and has nothing to show for it; its output, with the reasons, is written.</summary>
internal sealed class NothingSucceededException(string message) : Exception(message)
{
    /// <summary>Throws where no row has one of the good statuses.</summary>
    /// <param name="counts">Rows by status, or by <c>status/reason</c>.</param>
    /// <param name="good">Statuses of success.</param>
    /// <param name="what">What was gone over.</param>
    public static void ThrowIfNone(IReadOnlyDictionary<string, long> counts, string[] good, string what)
    {
        if (counts.Count == 0 || counts.Keys.Any(key => good.Contains(key.Split('/')[0])))
            return;
        (string reason, long most) = counts.MaxBy(pair => pair.Value);
        string hint = reason.EndsWith("/link", StringComparison.Ordinal) ? "; --follow-links follows them" : "";
        throw new NothingSucceededException(
            string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"none of {counts.Values.Sum():N0} {what}; the commonest reason is {reason} ({most:N0}){hint}"
            )
        );
    }
}

/// <summary>Maps an exception to an exit code and a line for stderr.</summary>
internal static class Failures
{
    private const string Prefix = "error: ";

    /// <summary>The exit code and the line of a failure.</summary>
    public static (int Code, string Line) Describe(Exception failure, bool interrupted)
    {
        if (failure is AggregateException { InnerExceptions.Count: 1 } aggregate)
            failure = aggregate.InnerExceptions[0];
        if (failure is StageException { InnerException: { } reason } stage)
        {
            (int code, string line) = Describe(reason, interrupted);
            return (code, line.StartsWith(Prefix, StringComparison.Ordinal) ? $"{Prefix}{stage.Where}: {line[Prefix.Length..]}" : line);
        }
        return failure switch
        {
            OperationCanceledException when interrupted || failure is RankInterruptedException => (ExitCode.Interrupted, "interrupted"),
            ShardException { Problem: ShardProblem.Missing } => (ExitCode.Missing, $"error: {FlagNames.MessageOf(failure)}"),
            ShardException => (ExitCode.Failed, $"error: {FlagNames.MessageOf(failure)}"),
            DataFreeKDException { IsPassing: true } => (ExitCode.Failed, $"error: {FlagNames.MessageOf(failure)}"),
            UsageException
            or OtherRankException
            or DataFreeKDException
            or FileNotFoundException
            or DirectoryNotFoundException
            or PathTooLongException
            or UnauthorizedAccessException => (ExitCode.BadInput, $"error: {FlagNames.MessageOf(failure)}"),
            IOException or CheckException or NothingSucceededException => (ExitCode.Failed, $"error: {failure.Message}"),
            OutOfMemoryException => (
                ExitCode.Failed,
                "error: out of memory; let the process have more, or lower --threads and --batch-size"
            ),
            ExternalException native when MemoryShortage.Is(native) => (
                ExitCode.Failed,
                $"error: out of memory; let the process have more, or lower --threads and --batch-size ({native.Message.Split('\n')[0]})"
            ),
            _ => (ExitCode.Failed, $"error: unexpected {failure.GetType().Name}: {failure.Message} (--verbose shows the stack)"),
        };
    }
}
