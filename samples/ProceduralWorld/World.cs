// Lays the world out on disk.

using System.Globalization;

namespace DataFreeKD.ProceduralWorld;

/// <summary>How many files of each sort the wild pool gets.</summary>
internal sealed record PoolCounts
{
    public int Familiar { get; init; }

    public int Other { get; init; }

    public int Outliers { get; init; }

    public int Duplicates { get; init; }

    public int Broken { get; init; }
}

/// <summary>Writes the folders; equal seeds and counts give equal bytes.</summary>
internal sealed class World(string folder, int seed)
{
    // One random stream a purpose: none may share images with another.
    private enum Stream
    {
        Train = 1,
        Test,
        Familiar,
        Other,
        Outlier,
        Broken,
        Names,
    }

    /// <summary>Writes <c>original/split/class/number.png</c>, classes in turn.</summary>
    public void WriteOriginal(string split, int count)
    {
        int stream = (int)(split == "train" ? Stream.Train : Stream.Test);
        foreach (string name in OriginalWorld.Names)
            Directory.CreateDirectory(Path.Combine(folder, "original", split, name));
        Parallel.For(0, count, index =>
        {
            int label = index % OriginalWorld.Names.Count;
            byte[] pixels = OriginalWorld.Draw(label, Randomness.For(seed, stream, index));
            File.WriteAllBytes(
                Path.Combine(folder, "original", split, OriginalWorld.Names[label], $"{index:D5}.png"),
                Png.Encode(pixels, Canvas.Size)
            );
        });
    }

    /// <summary>Writes <c>wild/</c> with names that tell nothing, and <c>truth.csv</c> outside of it.</summary>
    public void WriteWild(PoolCounts counts)
    {
        string wild = Path.Combine(folder, "wild");
        Directory.CreateDirectory(wild);
        int drawn = counts.Familiar + counts.Other + counts.Outliers,
            total = drawn + counts.Duplicates + counts.Broken;
        string[] keys = Keys(total),
            truth = new string[total];

        Parallel.For(0, drawn, index =>
        {
            (string source, string label, byte[] pixels) = Draw(index, counts);
            File.WriteAllBytes(Path.Combine(wild, keys[index]), Png.Encode(pixels, Canvas.Size));
            truth[index] = $"{keys[index]},{source},{label},{(source == "original" ? 1 : 0)}";
        });

        for (int copy = drawn; copy < drawn + counts.Duplicates; copy++)
        {
            int original = Randomness.For(seed, (int)Stream.Broken, copy).Next(drawn);
            string[] fields = truth[original].Split(',');
            File.Copy(Path.Combine(wild, keys[original]), Path.Combine(wild, keys[copy]), overwrite: true);
            truth[copy] = $"{keys[copy]},duplicate_of_{fields[1]},{fields[2]},{fields[3]}";
        }

        for (int index = drawn + counts.Duplicates; index < total; index++)
        {
            Random random = Randomness.For(seed, (int)Stream.Broken, index);
            byte[] whole = Png.Encode(OriginalWorld.Draw(0, random), Canvas.Size);
            (string kind, byte[] bytes) = (index % 3) switch
            {
                0 => ("broken_truncated", whole[..(whole.Length / 2)]),
                1 => ("broken_empty", []),
                _ => ("broken_text", "<html><body>404 Not Found</body></html>"u8.ToArray()),
            };
            File.WriteAllBytes(Path.Combine(wild, keys[index]), bytes);
            truth[index] = $"{keys[index]},{kind},,0";
        }

        // Sorted by key, so that the order tells nothing either.
        Array.Sort(truth, StringComparer.Ordinal);
        File.WriteAllText(Path.Combine(folder, "truth.csv"), "key,source,label,in_distribution\n" + string.Join('\n', truth) + '\n');
    }

    private (string Source, string Label, byte[] Pixels) Draw(int index, PoolCounts counts)
    {
        if (index < counts.Familiar)
        {
            int label = index % OriginalWorld.Names.Count;
            return ("original", OriginalWorld.Names[label], OriginalWorld.Draw(label, Randomness.For(seed, (int)Stream.Familiar, index)));
        }
        if ((index -= counts.Familiar) < counts.Other)
        {
            string scene = OtherWorlds.Names[index % OtherWorlds.Names.Count];
            return ("other", scene, OtherWorlds.Draw(scene, Randomness.For(seed, (int)Stream.Other, index)));
        }
        string outlier = Outliers.Names[(index -= counts.Other) % Outliers.Names.Count];
        return ("outlier", outlier, Outliers.Draw(outlier, Randomness.For(seed, (int)Stream.Outlier, index)));
    }

    private string[] Keys(int count)
    {
        Random random = Randomness.For(seed, (int)Stream.Names, 0);
        HashSet<string> taken = new(StringComparer.Ordinal);
        string[] keys = new string[count];
        for (int i = 0; i < count; i++)
        {
            do keys[i] = random.NextInt64(1L << 40).ToString("x10", CultureInfo.InvariantCulture) + ".png";
            while (!taken.Add(keys[i]));
        }
        return keys;
    }
}
