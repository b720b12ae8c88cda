// Near duplicates: precision and recall on a pool with planted copies, and seconds and memory for millions of hashes, each size in a
// process of its own.
// dotnet run -c Release --project bench/NearDuplicates pool POOL.tar.gz TRUTH.csv
// dotnet run -c Release --project bench/NearDuplicates select POOL.tar.gz TRUTH.csv SCORES.csv [EMBEDDINGS]
// dotnet run -c Release --project bench/NearDuplicates copies PHOTOGRAPHS
// dotnet run -c Release --project bench/NearDuplicates hashes COUNT [RADIUS] [colours]

using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using DataFreeKD.Manifests.Looks;
using DataFreeKD.NearDuplicates;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["pool", string images, string truth]:
        Judge(PlantedPool.Read(images, truth));
        return 0;
    case ["select", string images, string truth, string scores, .. string[] embeddings]:
        SelectedCopies.Report(PlantedPool.Read(images, truth), scores, embeddings.FirstOrDefault());
        return 0;
    case ["copies", string photographs]:
        MadeCopies.Report(photographs);
        return 0;
    case ["hashes", string count, .. string[] rest]:
        Time(
            int.Parse(count, CultureInfo.InvariantCulture),
            rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : NearDuplicateIndex.DefaultRadius,
            rest.Contains("colours")
        );
        return 0;
    default:
        Console.Error.WriteLine(
            "give: pool POOL.tar.gz TRUTH.csv, or: select POOL.tar.gz TRUTH.csv SCORES.csv [EMBEDDINGS], or: copies PHOTOGRAPHS, or: hashes COUNT [RADIUS] [colours]"
        );
        return 2;
}

static void Judge(PlantedPool pool)
{
    Console.WriteLine(
        $"{pool.Images.Count} images; exact: {pool.ExactFound} found by SHA-256, {pool.ExactPlanted} planted, {pool.ExactPlantedFound} of them found"
    );
    Console.WriteLine($"near: {pool.NearDuplicates} copies of earlier images beside the exact ones");
    Console.WriteLine("radius  colours  found  right  wrong  look-alikes  precision  recall  wrong photographs  us/hash");
    for (int radius = 0; radius <= 8; radius++)
        Row(radius, null);
    for (int radius = 0; radius <= 8; radius++)
        Row(radius, NearDuplicateIndex.DefaultColourTolerance);
    foreach (double tolerance in (ReadOnlySpan<double>)[1, 3, 4, 6, 8])
        Row(NearDuplicateIndex.DefaultRadius, tolerance);

    void Row(int radius, double? tolerance)
    {
        Finding found = pool.Find(radius, tolerance);
        Console.WriteLine(
            $"{radius,6}  {tolerance?.ToString(CultureInfo.InvariantCulture) ?? "-",7}  {found.Right + found.Wrong,5}  {found.Right,5}  {found.Wrong,5}  {found.LookAlikes,11}  {(double)found.Right / (found.Right + found.Wrong),9:F4}  {(double)found.Right / pool.NearDuplicates,6:F4}  {found.WrongPhotographs,17}  {found.Microseconds,7:F2}"
        );
    }
}

// Random hashes; every tenth is an earlier one with as many random bits flipped as the radius allows.
static void Time(int count, int radius, bool withColours)
{
    Random random = new(1);
    ulong[] hashes = new ulong[count];
    int planted = 0,
        found = 0,
        others = 0;
    Process self = Process.GetCurrentProcess();
    for (int i = 0; i < count; i++)
        hashes[i] =
            i % 10 == 9
                ? Flipped(hashes[random.Next(i / 10) * 10], random.Next(radius + 1), random)
                : (ulong)random.NextInt64(long.MinValue, long.MaxValue);
    self.Refresh();
    long before = self.WorkingSet64;

    NearDuplicateIndex index = new(radius, withColours ? NearDuplicateIndex.DefaultColourTolerance : null);
    Stopwatch clock = Stopwatch.StartNew();
    TimeSpan cpu = self.TotalProcessorTime;
    for (int i = 0; i < count; i++)
    {
        bool known = index.FindOrAdd(hashes[i], default, i) is not null;
        if (i % 10 == 9)
            (planted, found) = (planted + 1, found + (known ? 1 : 0));
        else if (known)
            others++;
    }
    double seconds = clock.Elapsed.TotalSeconds;
    self.Refresh();
    Console.WriteLine(
        $"{count} hashes, radius {radius}{(withColours ? ", colours" : "")}: {seconds:F2} s wall, {(self.TotalProcessorTime - cpu).TotalSeconds:F2} s CPU, {seconds / count * 1e6:F2} us a hash; peak {self.PeakWorkingSet64 / 1e6:F0} MB, of which the index {(self.PeakWorkingSet64 - before) / 1e6:F0} MB; {found} of {planted} planted found, {others} others"
    );
}

static ulong Flipped(ulong hash, int bits, Random random)
{
    ulong flips = 0;
    while (BitOperations.PopCount(flips) < bits)
        flips |= 1UL << random.Next(64);
    return hash ^ flips;
}
