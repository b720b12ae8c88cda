// The images of a run, and which of them only measure it.

namespace DataFreeKD.Distiller.Data;

/// <summary>Images to decode, the validation images behind the others.</summary>
/// <param name="Paths">Absolute paths.</param>
/// <param name="Validation">Number of validation images at the end; null where a share is held out instead.</param>
internal sealed record ImageList(IReadOnlyList<string> Paths, int? Validation = null)
{
    /// <summary>Training images with validation images of their own.</summary>
    public static ImageList With(IReadOnlyList<string> training, IReadOnlyList<string>? validation) =>
        validation is null ? new ImageList(training) : new ImageList([.. training, .. validation], validation.Count);

    /// <summary>Splits the images that could be decoded into those to train on and those held out. An image of both lists is held
    /// out.</summary>
    public (int[] Train, int[] HeldOut) Split(int[] usable, double share, long seed)
    {
        if (Validation is not { } count)
            return HoldOut.Split(usable, share, seed);
        int first = Paths.Count - count;
        HashSet<string> measured = [.. Paths.Skip(first)];
        return ([.. usable.Where(slot => slot < first && !measured.Contains(Paths[slot]))], [.. usable.Where(slot => slot >= first)]);
    }
}
