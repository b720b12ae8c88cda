// The device that these tests run on.

using TorchSharp;

namespace DataFreeKD.Device.Tests;

/// <summary>CUDA where it is there; else the tests are skipped. <c>DFKD_TEST_DEVICE=cpu</c> runs them on the CPU, to see that the tests
/// themselves are right.</summary>
internal static class TestDevice
{
    private const string Variable = "DFKD_TEST_DEVICE";

    /// <summary>The device, or the test is skipped with the reason.</summary>
    public static string Any()
    {
        string? given = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(given is null && !torch.cuda.is_available(), "no CUDA device, or libtorch is built without CUDA");
        return given ?? "cuda";
    }

    /// <summary>The same, for what a CPU has not.</summary>
    public static string Gpu()
    {
        string device = Any();
        Assert.SkipWhen(device == "cpu", $"{Variable} names the CPU");
        return device;
    }
}
