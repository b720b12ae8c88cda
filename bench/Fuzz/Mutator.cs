// Inputs out of samples: which changes are made follows from a number alone, so that any input can be made again.

namespace DataFreeKD.Fuzz;

/// <summary>Changes bytes.</summary>
/// <param name="words">What the format is made of, put in at random places.</param>
internal sealed class Mutator(IReadOnlyList<byte[]> words)
{
    private const int MostChanges = 6,
        LongestRun = 64;

    private static readonly long[] Edges =
    [
        0,
        1,
        -1,
        127,
        128,
        255,
        256,
        32767,
        32768,
        65535,
        65536,
        int.MaxValue,
        int.MinValue,
        uint.MaxValue,
        long.MaxValue,
        long.MinValue,
        1L << 40,
    ];

    /// <summary>The input of a number; number 0 of each sample is the sample itself.</summary>
    /// <param name="samples">Well-formed inputs.</param>
    /// <param name="seed">Of the whole run.</param>
    /// <param name="number">Of the input.</param>
    /// <returns>The sample's number and the changed bytes.</returns>
    public (int Sample, byte[] Bytes) Make(IReadOnlyList<byte[]> samples, long seed, long number)
    {
        int sample = (int)(number % samples.Count);
        if (number < samples.Count)
            return (sample, samples[sample]);
        // A seed of its own for each number: no input depends on those before it.
        ulong state = unchecked((ulong)seed * 0x9E3779B97F4A7C15UL) ^ (ulong)number;
        Random random = new((int)(Mixed(state) & int.MaxValue));
        byte[] bytes = samples[sample];
        for (int changes = random.Next(1, MostChanges + 1); changes > 0; changes--)
            bytes = Change(bytes, samples, random);
        return (sample, bytes);
    }

    private byte[] Change(byte[] bytes, IReadOnlyList<byte[]> samples, Random random)
    {
        if (bytes.Length == 0)
            return words.Count > 0 ? words[random.Next(words.Count)] : [0];
        int at = random.Next(bytes.Length),
            run = Math.Min(random.Next(1, LongestRun), bytes.Length - at);
        switch (random.Next(words.Count > 0 ? 11 : 9))
        {
            case 0:
                return With(bytes, at, (byte)random.Next(256));
            case 1:
                return With(bytes, at, (byte)(bytes[at] ^ (1 << random.Next(8))));
            case 2:
                return [.. bytes[..at], .. bytes[(at + run)..]];
            case 3:
                return [.. bytes[..at], .. bytes[at..(at + run)], .. bytes[at..]];
            case 4:
                return bytes[..at];
            case 5:
                return Number(bytes, at, random);
            case 6:
                byte[] noise = new byte[run];
                random.NextBytes(noise);
                return [.. bytes[..at], .. noise, .. bytes[at..]];
            case 7:
                // The beginning of one sample and the end of another.
                byte[] other = samples[random.Next(samples.Count)];
                return [.. bytes[..at], .. other[Math.Min(at, other.Length)..]];
            case 8:
                int from = random.Next(bytes.Length),
                    length = Math.Min(run, bytes.Length - from);
                byte[] moved = [.. bytes];
                bytes.AsSpan(from, Math.Min(length, bytes.Length - at)).CopyTo(moved.AsSpan(at));
                return moved;
            case 9:
                return [.. bytes[..at], .. words[random.Next(words.Count)], .. bytes[at..]];
            default:
                byte[] word = words[random.Next(words.Count)];
                return [.. bytes[..at], .. word, .. bytes[Math.Min(bytes.Length, at + word.Length)..]];
        }
    }

    // A count, a size or an offset at the edge of its type, in either order of bytes.
    private static byte[] Number(byte[] bytes, int at, Random random)
    {
        int size = 1 << random.Next(4);
        byte[] number = BitConverter.GetBytes(Edges[random.Next(Edges.Length)])[..size];
        if (random.Next(2) == 0)
            Array.Reverse(number);
        byte[] changed = [.. bytes];
        number.AsSpan(0, Math.Min(size, bytes.Length - at)).CopyTo(changed.AsSpan(at));
        return changed;
    }

    private static byte[] With(byte[] bytes, int at, byte value)
    {
        byte[] changed = [.. bytes];
        changed[at] = value;
        return changed;
    }

    // SplitMix64's finaliser.
    private static ulong Mixed(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }
}
