// How many random cases a property is tried on, said in the test's output.

namespace DataFreeKD.Crawler.Tests;

internal static class Fuzz
{
    /// <summary>The number of cases, written to the output of the test that asks.</summary>
    public static int Ran(string what, int cases)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {cases} cases");
        return cases;
    }
}
