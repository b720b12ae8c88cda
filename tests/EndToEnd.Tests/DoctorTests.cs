// dfkd doctor on whatever machine the tests run on.

using System.Text.Json;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class DoctorTests
{
    [Fact]
    public void A_machine_that_computes_rightly_is_told_so_with_what_it_has()
    {
        string text = Programs.RunDfkd("doctor").Succeeds().Output;
        string[] names = ["dfkd ", "processor ", "cores ", "memory ", "libtorch ", "CUDA ", "bfloat16 ", "ONNX Runtime ", "self-check "];
        Assert.All(names, name => Assert.Contains(text.Split('\n'), line => line.StartsWith(name, StringComparison.Ordinal)));

        JsonElement found = JsonDocument.Parse(Programs.RunDfkd("doctor", "--json").Succeeds().Output).RootElement;
        Assert.True(found.GetProperty("healthy").GetBoolean());
        Assert.InRange(found.GetProperty("error").GetDouble(), 0, 1e-5);
    }
}
