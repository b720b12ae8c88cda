// corrupt://POOL?count=N: a source that spoils images of a pool, so that a selection can learn what nobody wants.

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Corruptions;
using DataFreeKD.Imaging.Inputs;

namespace DataFreeKD.Crawler.Sources;

/// <summary>Corrupted copies of a sample of local images, each kind of <see cref="Corruption"/> as often as the others.</summary>
internal static class CorruptSource
{
    private const string Scheme = "corrupt://",
        Example = "write it as corrupt://path/to/images?count=5000";

    // Copies are for models that see some 224 pixels; larger ones only cost room.
    private const int LargestSide = 512;

    private static readonly Corruption[] Kinds = Enum.GetValues<Corruption>();

    /// <summary>Whether a source is one.</summary>
    public static bool Fits(string source) => source.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>The kind of corruption that a manifest's <c>source</c> tells; null where it is no copy.</summary>
    public static string? KindOf(string source) =>
        Fits(source) && source.LastIndexOf('#') is > 0 and int mark && source.IndexOf('/', mark) is > 0 and int slash
            ? source[(mark + 1)..slash]
            : null;

    /// <summary>The source for the crawler. Which images are taken, and what is done to each, hangs on their paths in the pool and the seed
    /// alone.</summary>
    /// <param name="source"><c>corrupt://path?count=N&amp;seed=S</c>; the path is what <see cref="ImageInputs.Enumerate"/> takes, up to the
    /// last question mark.</param>
    /// <exception cref="CrawlException">A part that cannot be read, or no images there.</exception>
    public static MadeImages Parse(string source)
    {
        string rest = source[Scheme.Length..];
        int mark = rest.LastIndexOf('?');
        string path = mark < 0 ? rest : rest[..mark];
        if (path.Length == 0)
            throw new CrawlException($"{source} names no images; {Example}");
        int count = 0,
            seed = 0;
        foreach (string pair in mark < 0 ? [] : rest[(mark + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split('=', 2);
            if (parts.Length < 2 || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int value))
                throw new CrawlException($"{source}: {pair} is not a key and a whole number, 0 or more");
            switch (parts[0])
            {
                case "count":
                    count = value;
                    break;
                case "seed":
                    seed = value;
                    break;
                default:
                    throw new CrawlException($"{source}: '{parts[0]}' is not known; there are count and seed");
            }
        }
        if (count == 0)
            throw new CrawlException($"{source} does not say how many copies to make; {Example}");
        string root = Path.GetFullPath(path);
        List<(ulong Draw, string Path)> all;
        try
        {
            all = [.. ImageInputs.Paths(path).Select(image => (Draw(Path.GetRelativePath(root, image), seed), image))];
        }
        catch (FileNotFoundException missing)
        {
            throw new CrawlException($"{source}: {missing.Message}");
        }
        if (all.Count == 0)
            throw new CrawlException($"{source}: no images there");
        // The smallest draws: a sample that does not change where other images come or go.
        all.Sort();
        Dictionary<string, (string Path, Corruption Kind, ulong Seed)> copies = new(StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            (ulong draw, string image) = all[i % all.Count];
            Corruption kind = Kinds[i % Kinds.Length];
            string relative = Path.GetRelativePath(root, image);
            copies.TryAdd(
                $"{Scheme}{Path.GetFileName(Path.TrimEndingDirectorySeparator(root))}?seed={seed}#{Enum.GetName(kind)!.ToLowerInvariant()}/{i:D6}/{(relative == "." ? Path.GetFileName(image) : relative)}",
                (image, kind, draw + (ulong)i)
            );
        }
        return new MadeImages([.. copies.Keys], (names, cancel) => Make(names, copies, cancel));
    }

    private static IEnumerable<ImageInput> Make(
        IReadOnlyList<string> names,
        Dictionary<string, (string Path, Corruption Kind, ulong Seed)> copies,
        CancellationToken cancel
    )
    {
        IEnumerable<ImageInput> originals = ImageInputs.Read(names.Select(name => copies[name].Path), cancel: cancel);
        foreach ((string name, ImageInput original) in names.Zip(originals))
        {
            if (original.Bytes is null)
            {
                yield return original with
                {
                    Path = name,
                };
                continue;
            }
            DecodeResult decoded = ImageDecoder.Decode(original.Bytes, DecodeLimits.Local);
            yield return decoded.Image is { } image
                ? new ImageInput(name, ImageWriter.EncodePng(CorruptedImage.Of(Shrunk(image), copies[name].Kind, copies[name].Seed)), null)
                : new ImageInput(name, null, decoded.Reason);
        }
    }

    private static RgbImage Shrunk(RgbImage image)
    {
        int side = Math.Max(image.Width, image.Height);
        if (side <= LargestSide)
            return image;
        return PilResize.Resize(
            image,
            Math.Max(1, (int)((long)image.Width * LargestSide / side)),
            Math.Max(1, (int)((long)image.Height * LargestSide / side)),
            Interpolation.Bicubic
        );
    }

    private static ulong Draw(string path, int seed) =>
        BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}\n{path.Replace('\\', '/')}")));
}
