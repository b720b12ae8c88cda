// The images that a student's own distillation held out, found again by its provenance.

using System.Globalization;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Output;
using DataFreeKD.Manifests;

namespace DataFreeKD.Distiller.Evaluation;

/// <summary>Images that a student never trained on, of the pile that it did.</summary>
/// <param name="Selection">The selection table, where it is now.</param>
/// <param name="Paths">Absolute paths, in the table's order.</param>
internal sealed record HeldOutSlice(string Selection, IReadOnlyList<string> Paths)
{
    private const string SelectionOption = "selection",
        HoldOutOption = "hold-out",
        ValidationOption = "validation-path",
        DataSeedOption = "data-seed",
        FailedPrefix = "failed/";

    // Which images can be decoded hangs on their bytes, not on the size they are brought to.
    private const int SmallSide = 8;

    /// <summary>Splits the selection again as the distillation did.</summary>
    /// <param name="student">Model directory, or a checkpoint in one.</param>
    /// <param name="workers">Workers that decode, where some images of the selection could not be.</param>
    /// <param name="progress">Told of decoding.</param>
    /// <param name="cancel">Cancels.</param>
    /// <exception cref="DistillException">The slice cannot be known for certain, with the reason and the cure.</exception>
    public static HeldOutSlice Of(string student, int workers, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        string folder = Directory.Exists(student) ? Path.GetFullPath(student) : Path.GetDirectoryName(Path.GetFullPath(student))!;
        Provenance made = Provenance.ReadBeside(Path.Combine(folder, "provenance"))
            ?? throw new DistillException($"{folder} has no provenance.json that tells which images were held out; give Images")
            {
                Options = [nameof(EstimateOptions.Images)],
            };
        if (made.Command == RunCommands.Prune)
            return OfPruned(folder, cancel);
        if (made.Command != RunCommands.Distill || !made.Options.TryGetValue(SelectionOption, out string? recorded))
            throw new DistillException($"{folder} was made by `dfkd {made.Command}`, not distilled from a selection; give Images")
            {
                Options = [nameof(EstimateOptions.Images)],
            };
        if (made.Options.GetValueOrDefault(ValidationOption) is { Length: > 0 } validation)
            return OfValidation(made, validation, folder, cancel);
        (double share, long seed) = (Number(made, HoldOutOption, folder, double.Parse), DataSeed(made, folder));
        if (share <= 0)
            throw new DistillException(
                $"{folder} was distilled with hold-out 0, so it saw every image of its selection; give Images that it did not see"
            )
            {
                Options = [nameof(EstimateOptions.Images)],
            };
        string hash = made.Inputs.GetValueOrDefault(recorded)
            ?? throw new DistillException($"{folder}: provenance.json has no SHA-256 of {recorded}; give Images")
            {
                Options = [nameof(EstimateOptions.Images)],
            };
        string selection = Locate(recorded, hash, folder, cancel);

        IReadOnlyList<string> paths = SelectionImages.Read(selection, cancel).Paths;
        int[] usable = made.Counts.Keys.Any(status => status.StartsWith(FailedPrefix, StringComparison.Ordinal))
            ? Decodable(paths, workers, progress, cancel)
            : [.. Enumerable.Range(0, paths.Count)];
        (int[] train, int[] held) = HoldOut.Split(usable, share, seed);
        (long train, long held) then = (made.Counts.GetValueOrDefault("train"), made.Counts.GetValueOrDefault("held_out"));
        if (then != (train.Length, held.Length))
            throw new DistillException(
                $"{selection}: {usable.Length} of its images can be read now and {then.train + then.held} could when {folder} was distilled, so its held-out slice cannot be told; bring them back, or give Images"
            )
            {
                Options = [nameof(EstimateOptions.Images)],
            };
        if (held.Length == 0)
            throw new DistillException($"{folder} held out no image; give Images") { Options = [nameof(EstimateOptions.Images)] };
        return new HeldOutSlice(selection, [.. held.Select(slot => paths[slot])]);
    }

    // A pruning lists what it held out.
    private static HeldOutSlice OfPruned(string folder, CancellationToken cancel)
    {
        string list = Path.Combine(folder, RunFolder.PrunedHeldOut);
        if (!File.Exists(list))
            throw new DistillException($"{folder} has no {RunFolder.PrunedHeldOut}: it was pruned with no image held out; give Images")
            {
                Options = [nameof(EstimateOptions.Images)],
            };
        return new HeldOutSlice(list, SelectionImages.Read(list, cancel).Paths);
    }

    // A distillation may have been given its validation images.
    private static HeldOutSlice OfValidation(Provenance made, string recorded, string folder, CancellationToken cancel)
    {
        // The directory of a pruned student stands for its list.
        string table = made.Inputs.Keys.FirstOrDefault(input =>
            input == recorded || input == Path.Combine(recorded, RunFolder.PrunedHeldOut)
        )
            ?? throw new DistillException($"{folder} was measured on {recorded}, which is no table; give Images")
            {
                Options = [nameof(EstimateOptions.Images)],
            };
        string list = Locate(table, made.Inputs[table], folder, cancel);
        return new HeldOutSlice(list, SelectionImages.Read(list, cancel).Paths);
    }

    // Where it was, or where the folder that held selection and student has been moved: the content tells that it is the one.
    private static string Locate(string recorded, string hash, string folder, CancellationToken cancel)
    {
        string? found = null;
        for (string? above = folder; above is not null; above = Path.GetDirectoryName(above))
        {
            string moved = Path.Combine(above, Path.IsPathRooted(recorded) ? Path.GetFileName(recorded) : recorded);
            foreach (string place in (string[])[Path.GetFullPath(recorded), moved])
            {
                if (place == found || !File.Exists(place))
                    continue;
                if (Provenance.HashFile(place, cancel) == hash)
                    return place;
                found ??= place;
            }
        }
        throw new DistillException(
            found is null
                ? $"{Path.GetFullPath(recorded)}, the selection of {folder}, is not there, nor beside or above the student; bring it back, start where the distillation was started, or give Images"
                : $"{found} is not as it was when {folder} was distilled from it (SHA-256 {hash[..12]}…), so its held-out slice cannot be told; bring the file back, or give Images"
        )
        {
            Options = [nameof(EstimateOptions.Images)],
        };
    }

    private static int[] Decodable(IReadOnlyList<string> paths, int workers, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        Preprocessing small = new()
        {
            ImageSize = SmallSide,
            CropPct = 1,
            Squash = true,
        };
        LoadedPixels pixels = PixelLoader.Load(paths, small, workers, long.MaxValue, progress, cancel);
        pixels.Store.Dispose();
        return pixels.Usable;
    }

    private static long DataSeed(Provenance made, string folder) =>
        string.IsNullOrEmpty(made.Options.GetValueOrDefault(DataSeedOption))
            ? made.Seed ?? 0
            : Number(made, DataSeedOption, folder, long.Parse);

    private static T Number<T>(Provenance made, string option, string folder, Func<string, CultureInfo, T> parse)
    {
        string text = made.Options.GetValueOrDefault(option) ?? "";
        try
        {
            return parse(text, CultureInfo.InvariantCulture);
        }
        catch (Exception bad) when (bad is FormatException or OverflowException)
        {
            throw new DistillException($"{folder}: provenance.json has {option} '{text}', which is no number; give Images", bad)
            {
                Options = [nameof(EstimateOptions.Images)],
            };
        }
    }
}
