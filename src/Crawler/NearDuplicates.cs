// The images of a store by their looks.

using DataFreeKD.Crawler.Journal;
using DataFreeKD.Crawler.Store;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Manifests.Looks;

namespace DataFreeKD.Crawler;

/// <summary>Finds, in the order of the rows, the earliest image that looks like a new one.</summary>
internal sealed class NearDuplicates(int radius, long maxBytes)
{
    private readonly NearDuplicateIndex index = new(radius, NearDuplicateIndex.DefaultColourTolerance);

    // 32 bytes and a reference an image; text would be five times that.
    private readonly List<(UInt128 High, UInt128 Low, string Format)> images = [];

    /// <summary>An image that is in the store already, like others or not.</summary>
    public void AddStored(TableRow row, string manifest)
    {
        if (Look.Parse(row["phash"], row[Columns.Colours]) is not { } look || (look.Colours ?? ColoursOf(row, manifest)) is not { } colours)
            return;
        if (index.FindOrAdd(look.Hash, colours, images.Count) is null)
            Remember(row["sha256"]!, row["format"]!);
    }

    /// <summary>The earlier image that a new one looks like; null where it is the first of its looks.</summary>
    public (string Sha256, string Format)? FindOrAdd(JournalRow row)
    {
        if (Look.Parse(row.PHash, row.Colours) is not { Colours: { } colours } look)
            return null;
        if (index.FindOrAdd(look.Hash, colours, images.Count) is { } like)
        {
            (UInt128 high, UInt128 low, string format) = images[(int)like];
            return ($"{high:x32}{low:x32}", format);
        }
        Remember(row.Sha256!, row.Format!);
        return null;
    }

    private void Remember(string sha256, string format) => images.Add((Half(sha256, 0), Half(sha256, 32), string.Intern(format)));

    private static UInt128 Half(string sha256, int at) =>
        UInt128.Parse(
            sha256.AsSpan(at, 32),
            System.Globalization.NumberStyles.AllowHexSpecifier,
            System.Globalization.CultureInfo.InvariantCulture
        );

    // A store that did not look for near duplicates before has no colours in its manifest.
    private ColourSketch? ColoursOf(TableRow row, string manifest)
    {
        byte[]? bytes = ImageInputs
            .Read([ManifestPath.FromTable(row["path"]!, manifest)], new InputOptions { MaxBytes = maxBytes })
            .FirstOrDefault()
            ?.Bytes;
        if (bytes is null || ImageDecoder.Decode(bytes, DecodeLimits.Local).Image is not { } image)
            return null;
        return ColourSketch.Of(image);
    }
}
