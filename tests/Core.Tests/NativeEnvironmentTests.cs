// What is set for native libraries is seen by them and by child processes.

using System.Diagnostics;

namespace DataFreeKD.Core.Tests;

public sealed class NativeEnvironmentTests
{
    [Fact]
    public void A_variable_that_is_set_is_in_the_environment_of_the_c_library_and_of_children()
    {
        string name = $"DFKD_TEST_{Guid.NewGuid():N}";
        Assert.Null(NativeEnvironment.Get(name));

        Assert.True(NativeEnvironment.Set(name, "ä value"));

        Assert.Equal("ä value", NativeEnvironment.Get(name));
        Assert.Equal("ä value", Environment.GetEnvironmentVariable(name));
        if (OperatingSystem.IsWindows())
            return;
        using Process child = Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", $"printf %s \"${name}\""]) { RedirectStandardOutput = true }
        )!;
        Assert.Equal("ä value", child.StandardOutput.ReadToEnd());
    }
}
