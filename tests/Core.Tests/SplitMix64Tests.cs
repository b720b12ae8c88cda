// The generator's outputs are those of its authors' program, and stay.

namespace DataFreeKD.Core.Tests;

public sealed class SplitMix64Tests
{
    [Fact]
    public void The_first_draws_are_those_of_the_published_program()
    {
        // splitmix64.c of Vigna for the state 1234567.
        ulong state = 1234567;
        Assert.Equal(
            [6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL, 4593380528125082431UL, 16408922859458223821UL],
            Enumerable.Range(0, 5).Select(_ => SplitMix64.Next(ref state))
        );
    }

    [Fact]
    public void A_hash_is_the_first_draw_from_that_state() => CsCheck.Check.Sample(CsCheck.Gen.ULong, value =>
        {
            ulong state = value;
            Assert.Equal(SplitMix64.Next(ref state), SplitMix64.Hash(value));
        });

    [Fact]
    public void Mixing_keeps_zero() => Assert.Equal(0UL, SplitMix64.Mix(0));
}
