// Names of devices.

using TorchSharp;

namespace DataFreeKD.Models.Tests;

public sealed class DevicesTests
{
    [Fact]
    public void The_processor_is_always_there() => Assert.Equal(DeviceType.CPU, Devices.Of("cpu").type);

    [Theory]
    [InlineData("foo")]
    [InlineData("")]
    [InlineData("CPU")]
    [InlineData("cuda:")]
    [InlineData("cuda:x")]
    [InlineData("cuda:-1")]
    [InlineData("cpu:0")]
    public void Other_names_are_refused_by_name(string name) =>
        Assert.Contains(
            $"device '{name}' is unknown: use cpu, cuda or cuda:N",
            Assert.Throws<ModelException>(() => Devices.Of(name)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_card_that_is_not_there_is_refused() =>
        Assert.Contains("is not available", Assert.Throws<ModelException>(() => Devices.Of("cuda:99")).Message, StringComparison.Ordinal);
}
