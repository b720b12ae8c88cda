// The held-out slice: chosen by seed, never trained on.

namespace DataFreeKD.Distiller.Data;

internal static class HoldOut
{
    /// <summary>Splits indices into training and held-out ones (both ascending); at least one stays to train on.</summary>
    public static (int[] Train, int[] Held) Split(int[] indices, double share, long seed)
    {
        int held = Math.Min((int)Math.Round(indices.Length * share), indices.Length - 1);
        if (held <= 0)
            return (indices, []);
        int[] shuffled = [.. indices];
        new Randomness(seed, Purpose.HoldOut).Shuffle(shuffled);
        return ([.. shuffled[held..].Order()], [.. shuffled[..held].Order()]);
    }
}
