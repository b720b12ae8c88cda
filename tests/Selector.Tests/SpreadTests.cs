// The methods of spreading, held to what trying everything finds.

using CsCheck;
using DataFreeKD.Selector.Embeddings;
using DataFreeKD.Selector.Sets;

namespace DataFreeKD.Selector.Tests;

public sealed class SpreadTests
{
    private static readonly Gen<float[][]> SmallPools = Gen.Float[-1, 1]
        .Array[4]
        .Array[5, 9]
        .Select(vectors => vectors.Select(Unit).ToArray());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void KCentre_leaves_nobody_more_than_twice_as_far_as_the_best_centres_would() =>
        Gen.Select(SmallPools, Gen.Int[1, 4])
            .Sample(
                pool =>
                {
                    (float[][] vectors, int count) = pool;
                    int[] chosen = KCentre.Choose(new UnitVectors(vectors), count, Token);
                    double least = Subsets(vectors.Length, count).Min(centres => Radius(vectors, centres));
                    return chosen.Distinct().Count() == count && Radius(vectors, chosen) <= 2 * least + 1e-3;
                },
                iter: 200
            );

    [Fact]
    public void KCentre_starts_with_the_best_and_goes_on_with_the_farthest()
    {
        float[][] vectors = [Angle(0), Angle(10), Angle(170), Angle(80)];
        Assert.Equal([0, 2, 3, 1], KCentre.Choose(new UnitVectors(vectors), 4, Token));
    }

    [Fact]
    public void Copies_of_a_row_taken_are_taken_last_and_once_each()
    {
        float[][] vectors = [Angle(0), Angle(0), Angle(0), Angle(90)];
        Assert.Equal([0, 3, 1, 2], KCentre.Choose(new UnitVectors(vectors), 4, Token));
    }

    [Fact]
    public void Lazy_facility_location_takes_what_plain_greed_takes() =>
        Gen.Float[-1, 1]
            .Array[3]
            .Array[1, 60]
            .Sample(
                raw =>
                {
                    UnitVectors vectors = new([.. raw.Select(Unit)]);
                    int count = Math.Min(vectors.Count, 12);
                    return FacilityLocation.Choose(vectors, count, Token).SequenceEqual(PlainGreed(vectors, count));
                },
                iter: 100
            );

    [Fact]
    public void Facility_location_covers_at_least_as_much_of_the_best_as_greed_promises() =>
        Gen.Select(SmallPools, Gen.Int[1, 4])
            .Sample(
                pool =>
                {
                    (float[][] vectors, int count) = pool;
                    double best = Subsets(vectors.Length, count).Max(chosen => Coverage(vectors, chosen));
                    return Coverage(vectors, FacilityLocation.Choose(new UnitVectors(vectors), count, Token))
                        >= (1 - 1 / Math.E) * best - 1e-4;
                },
                iter: 200
            );

    [Fact]
    public void Facility_location_takes_one_of_each_heap()
    {
        float[][] vectors = [Angle(0), Angle(1), Angle(2), Angle(118), Angle(119), Angle(120), Angle(239), Angle(240), Angle(241)];
        Assert.Equal([0, 1, 2], FacilityLocation.Choose(new UnitVectors(vectors), 3, Token).Select(at => at / 3).Order());
    }

    [Theory]
    [InlineData(Diversity.KCentre)]
    [InlineData(Diversity.Facility)]
    public void Parts_together_take_just_the_number_asked_for_and_no_row_twice(Diversity diversity) =>
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 20], Gen.Double[0, 1])
            .Sample(
                asked =>
                {
                    (int size, int largest, double share) = asked;
                    UnitVectors vectors = new([.. Enumerable.Range(0, size).Select(i => Angle(37 * i))]);
                    int count = (int)Math.Round(share * size);
                    int[] chosen = Parts.Choose(diversity, vectors, count, largest, Token);
                    return chosen.Length == count && chosen.Distinct().Count() == count;
                },
                iter: 200
            );

    [Fact]
    public void One_part_chooses_as_the_method_itself()
    {
        UnitVectors vectors = new([.. Enumerable.Range(0, 40).Select(i => Angle(11 * i * i))]);
        Assert.Equal(KCentre.Choose(vectors, 9, Token), Parts.Choose(Diversity.KCentre, vectors, 9, cancel: Token));
        Assert.Equal(FacilityLocation.Choose(vectors, 9, Token), Parts.Choose(Diversity.Facility, vectors, 9, cancel: Token));
    }

    [Fact]
    public void The_search_for_neighbours_finds_what_comparing_all_pairs_finds() =>
        Gen.Select(
                Gen.Float[-1, 1].Array[12].Array[1, 8],
                Gen.Int[0, 7].Array[1, 80],
                Gen.Float[-0.3f, 0.3f].Array[12].Array[80],
                Gen.Double[0.5, 1]
            )
            .Sample(
                pool =>
                {
                    (float[][] centres, int[] picks, float[][] noise, double least) = pool;
                    UnitVectors vectors = new([
                        .. picks.Select((pick, i) => Unit([.. centres[pick % centres.Length].Zip(noise[i], (a, b) => a + b)])),
                    ]);
                    CosineNeighbours neighbours = new(vectors, least);
                    List<int> added = [];
                    for (int at = 0; at < vectors.Count; at++)
                    {
                        int expected = added.FindIndex(other => vectors.Cosine(at, other) >= (float)(least - 1e-6));
                        if (neighbours.Find(at)?.Like != (expected < 0 ? null : added[expected]))
                            return false;
                        if (expected >= 0)
                            continue;
                        neighbours.Add(at);
                        added.Add(at);
                    }
                    return true;
                },
                iter: 200
            );

    private static int[] PlainGreed(UnitVectors vectors, int count)
    {
        float[][] likeness = FacilityLocation.Likeness(vectors, Token);
        float[] covered = new float[vectors.Count],
            scratch = new float[vectors.Count];
        List<int> chosen = [];
        while (chosen.Count < count)
        {
            int best = Enumerable.Range(0, vectors.Count).Except(chosen).MaxBy(at => FacilityLocation.Gain(likeness[at], covered, scratch));
            for (int i = 0; i < covered.Length; i++)
                covered[i] = Math.Max(covered[i], likeness[best][i]);
            chosen.Add(best);
        }
        return [.. chosen];
    }

    private static double Radius(float[][] vectors, int[] centres) =>
        vectors.Max(vector => centres.Min(centre => Math.Sqrt(vector.Zip(vectors[centre], (a, b) => (double)(a - b) * (a - b)).Sum())));

    private static double Coverage(float[][] vectors, int[] chosen) =>
        vectors.Sum(vector => chosen.Max(one => 1 + vector.Zip(vectors[one], (a, b) => (double)a * b).Sum()));

    private static IEnumerable<int[]> Subsets(int of, int size) =>
        Enumerable
            .Range(0, 1 << of)
            .Where(bits => System.Numerics.BitOperations.PopCount((uint)bits) == size)
            .Select(bits => Enumerable.Range(0, of).Where(i => (bits >> i & 1) == 1).ToArray());

    private static float[] Angle(double degrees) => [(float)Math.Cos(degrees * Math.PI / 180), (float)Math.Sin(degrees * Math.PI / 180)];

    private static float[] Unit(float[] vector)
    {
        double norm = Math.Sqrt(vector.Sum(value => (double)value * value));
        return norm > 0 ? [.. vector.Select(value => (float)(value / norm))] : vector;
    }
}
