// Which failures are the user's to mend, and how they read.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Selector;

namespace DataFreeKD.Cli.Tests;

public sealed class FailureTests
{
    public static TheoryData<Exception, int> Failing { get; } =
        new()
        {
            { new UsageException("m"), 2 },
            { new TableException("m"), 2 },
            { new ModelException("m"), 2 },
            { new DistillException("m"), 2 },
            { new SelectionException("m"), 2 },
            { new FileNotFoundException("m"), 2 },
            { new DirectoryNotFoundException("m"), 2 },
            { new UnauthorizedAccessException("m"), 2 },
            { new PathTooLongException("m"), 2 },
            { new AggregateException(new TableException("m")), 2 },
            { new IOException("m"), 1 },
            { new NothingSucceededException("m"), 1 },
            { new InvalidOperationException("m"), 1 },
            // A fault of the program, not of its input.
            { new ArgumentException("m"), 1 },
            { new OperationCanceledException("m"), 1 },
            { new ShardException(ShardProblem.Failed, "m"), 1 },
            { new ShardException(ShardProblem.Conflict, "m"), 1 },
            { new ShardException(ShardProblem.Damaged, "m"), 1 },
            { new ShardException(ShardProblem.Missing, "m"), 3 },
        };

    [Theory]
    [MemberData(nameof(Failing))]
    public void Input_that_a_user_can_mend_is_code_2_missing_shards_3_and_the_rest_1(Exception failure, int expected)
    {
        (int code, string line) = Failures.Describe(failure, interrupted: false);

        Assert.Equal(expected, code);
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lack_of_memory_is_no_unexpected_exception()
    {
        Assert.StartsWith(
            "error: out of memory; ",
            Failures.Describe(new InsufficientMemoryException(), interrupted: false).Line,
            StringComparison.Ordinal
        );
        string line = Failures
            .Describe(
                new NativeException(
                    "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes\nstack"
                ),
                interrupted: false
            )
            .Line;
        Assert.StartsWith("error: out of memory; ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("stack", line, StringComparison.Ordinal);
    }

    [Fact]
    public void An_interrupted_run_is_130() =>
        Assert.Equal((130, "interrupted"), Failures.Describe(new OperationCanceledException(), interrupted: true));

    [Fact]
    public void A_run_in_which_nothing_succeeded_says_the_commonest_reason()
    {
        Dictionary<string, long> counts = new() { ["failed/link"] = 1990, ["failed/empty"] = 10 };
        string message = Assert
            .Throws<NothingSucceededException>(() => NothingSucceededException.ThrowIfNone(counts, ["ok"], "images could be scored"))
            .Message;
        Assert.Equal(
            "none of 2,000 images could be scored; the commonest reason is failed/link (1,990); --follow-links follows them",
            message
        );
        NothingSucceededException.ThrowIfNone(new Dictionary<string, long>(counts) { ["ok"] = 1 }, ["ok"], "images could be scored");
        NothingSucceededException.ThrowIfNone(new Dictionary<string, long>(), ["ok"], "images could be scored");
    }

    private sealed class NativeException(string message) : System.Runtime.InteropServices.ExternalException(message);
}
