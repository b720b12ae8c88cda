// How libtorch's threads wait and how many there are, before it is loaded.

namespace DataFreeKD.Models.Tests;

public sealed class OpenMpTests
{
    [Fact]
    public void Waiting_is_passive_where_nobody_has_decided() => Assert.Equal([("OMP_WAIT_POLICY", "passive")], Settings([], 8, 8));

    [Theory]
    [InlineData("OMP_WAIT_POLICY", "active")]
    [InlineData("GOMP_SPINCOUNT", "1000")]
    [InlineData("KMP_BLOCKTIME", "200")]
    [InlineData("KMP_LIBRARY", "turnaround")]
    public void The_users_own_word_on_waiting_stands(string name, string value) => Assert.Empty(Settings(new() { [name] = value }, 8, 8));

    [Fact]
    public void A_quota_below_the_processors_limits_the_threads()
    {
        Assert.Contains(("OMP_NUM_THREADS", "2"), Settings([], 2, 64));
        Assert.DoesNotContain(Settings([], 64, 64), setting => setting.Item1 == "OMP_NUM_THREADS");
        Assert.DoesNotContain(Settings([], 2, null), setting => setting.Item1 == "OMP_NUM_THREADS");
    }

    [Theory]
    [InlineData("OMP_NUM_THREADS")]
    [InlineData("MKL_NUM_THREADS")]
    public void The_users_own_number_of_threads_stands(string name) =>
        Assert.Equal([("OMP_WAIT_POLICY", "passive")], Settings(new() { [name] = "16" }, 2, 64));

    [Theory]
    [InlineData("0", 1)]
    [InlineData("0-3", 4)]
    [InlineData("0-3,8,10-11", 7)]
    [InlineData("", null)]
    [InlineData("3-1", null)]
    [InlineData("a-b", null)]
    public void Lists_of_processors_are_counted(string list, int? count) => Assert.Equal(count, OpenMp.Count(list));

    private static (string, string)[] Settings(Dictionary<string, string> given, int processors, int? allowed) =>
        [.. OpenMp.Settings(given.GetValueOrDefault, processors, allowed)];
}
