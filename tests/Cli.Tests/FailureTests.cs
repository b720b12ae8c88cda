// Which failures are the user's to mend, and how they read.

using DataFreeKD.Distiller;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Selector;

namespace DataFreeKD.Cli.Tests;

public sealed class FailureTests
{
    public static TheoryData<Exception, int> Failing { get; } = new()
    {
        { new UsageException("m"), 2 },
        { new TableException("m"), 2 },
        { new ModelException("m"), 2 },
        { new RunException("m"), 2 },
        { new SelectionException("m"), 2 },
        { new FileNotFoundException("m"), 2 },
        { new DirectoryNotFoundException("m"), 2 },
        { new UnauthorizedAccessException("m"), 2 },
        { new AggregateException(new TableException("m")), 2 },
        { new IOException("m"), 1 },
        { new InvalidOperationException("m"), 1 },
        // A fault of the program, not of its input.
        { new ArgumentException("m"), 1 },
        { new OperationCanceledException("m"), 1 },
    };

    [Theory]
    [MemberData(nameof(Failing))]
    public void Input_that_a_user_can_mend_is_code_2_and_the_rest_1(Exception failure, int expected)
    {
        (int code, string line) = Failures.Describe(failure, interrupted: false);

        Assert.Equal(expected, code);
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
    }

    [Fact]
    public void An_interrupted_run_is_130() => Assert.Equal((130, "interrupted"), Failures.Describe(new OperationCanceledException(), interrupted: true));
}
