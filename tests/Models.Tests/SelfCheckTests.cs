// What dfkd doctor holds a machine to.

namespace DataFreeKD.Models.Tests;

public sealed class SelfCheckTests
{
    [Fact]
    public void The_known_networks_logits_are_those_of_timm() => Assert.InRange(SelfCheck.LargestError(), 0, 2e-6);
}
