// The index finds what comparing all pairs finds.

using System.Numerics;
using CsCheck;
using DataFreeKD.Manifests.Looks;

namespace DataFreeKD.Manifests.Tests;

public sealed class NearDuplicateIndexTests
{
    // Neighbours of few centres, at distances around every radius.
    private static readonly Gen<ulong[]> Hashes = Gen
        .ULong.Array[1, 6]
        .SelectMany(centres =>
            Gen.Select(Gen.Int[0, centres.Length - 1], Gen.Int[0, 63].Array[0, 11])
                .Select(at => at.Item2.Aggregate(centres[at.Item1], (hash, bit) => hash ^ 1UL << bit))
                .Array[1, 120]
        );

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void The_index_answers_as_comparing_all_pairs_does(int radius) =>
        Hashes.Sample(
            hashes =>
            {
                NearDuplicateIndex index = new(radius);
                List<(ulong Hash, long Id)> added = [];
                for (int i = 0; i < hashes.Length; i++)
                {
                    // Ids fall: the earliest is the first one added, not the least.
                    long id = 1000 - i;
                    int at = added.FindIndex(item => BitOperations.PopCount(item.Hash ^ hashes[i]) <= radius);
                    if (index.FindOrAdd(hashes[i], id) != (at < 0 ? null : added[at].Id))
                        return false;
                    if (at < 0)
                        added.Add((hashes[i], id));
                }
                return index.Count == added.Count;
            },
            iter: 60
        );

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Growth_loses_nothing(int radius)
    {
        Random random = new(5);
        NearDuplicateIndex index = new(radius);
        ulong[] hashes = [.. Enumerable.Range(0, 30_000).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue))];
        for (int i = 0; i < hashes.Length; i++)
            Assert.Null(index.FindOrAdd(hashes[i], i));
        for (int i = 0; i < hashes.Length; i++)
        {
            ulong flips = 0;
            while (BitOperations.PopCount(flips) < radius)
                flips |= 1UL << random.Next(64);
            Assert.Equal(i, index.FindOrAdd(hashes[i] ^ flips, -1));
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(9)]
    public void A_radius_that_cannot_be_searched_is_refused(int radius) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new NearDuplicateIndex(radius));

    [Fact]
    public void A_look_is_read_from_its_columns_with_colours_or_without()
    {
        Look look = Look.Parse("00000000000000ff", "0102030405060708090a0b0c")!.Value;
        Assert.Equal(255UL, look.Hash);
        Assert.Equal(1, look.Colours!.Value[0]);
        Assert.Null(Look.Parse("00000000000000ff", "")!.Value.Colours);
        Assert.Null(Look.Parse("xyz", null));
        Assert.Null(Look.Parse(null, null));
    }
}
