// A pool of images some of which are planted copies of others, and which those are.

using System.Diagnostics;
using System.Security.Cryptography;
using DataFreeKD.Crawler.Store;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Manifests.Looks;

namespace DataFreeKD.NearDuplicates;

/// <summary>An image of the pool.</summary>
internal sealed record PoolImage(
    string Name,
    string Source,
    string Label,
    string Sha256,
    RgbImage Pixels,
    ulong Hash,
    ColourSketch Colours
);

/// <summary>What an index found: copies, and images that were taken for copies; of those the ones whose pixels differ by less than 12
/// levels (root mean square), and the photographs.</summary>
internal sealed record Finding(int Right, int Wrong, int LookAlikes, int WrongPhotographs, double Microseconds);

internal sealed class PlantedPool
{
    private const string Exact = "duplicate_of_",
        Near = "near_duplicate_of_";

    private readonly int[] group;
    private readonly Dictionary<string, int> places;

    /// <summary>What decodes, in the pool's order.</summary>
    public IReadOnlyList<PoolImage> Images { get; }

    public int ExactFound { get; }

    public int ExactPlanted { get; }

    public int ExactPlantedFound { get; }

    /// <summary>Images that an ideal index finds: all but the first of each group of copies, exact copies counted once.</summary>
    public int NearDuplicates { get; }

    private PlantedPool(List<PoolImage> images)
    {
        Images = images;
        group = [.. Enumerable.Range(0, images.Count)];
        places = images.Index().ToDictionary(image => image.Item.Name, image => image.Index, StringComparer.Ordinal);
        foreach (List<int> same in Groups(i => images[i].Sha256))
        {
            foreach (int i in same)
                group[i] = same[0];
            ExactFound += same.Count - 1;
            // A planted copy is found where its file is there another time.
            ExactPlantedFound += same.Count > 1 ? same.Count(i => images[i].Source.StartsWith(Exact, StringComparison.Ordinal)) : 0;
        }
        ExactPlanted = images.Count(image => image.Source.StartsWith(Exact, StringComparison.Ordinal));
        int files = group.Distinct().Count();

        // The truth names a near duplicate's kind, not its original: that is the nearest image, pixel by pixel, of that kind and label.
        ILookup<(string, string), int> kinds = Enumerable.Range(0, images.Count).ToLookup(i => (images[i].Source, images[i].Label));
        foreach (int i in Enumerable.Range(0, images.Count).Where(i => images[i].Source.StartsWith(Near, StringComparison.Ordinal)))
        {
            int original = kinds[(images[i].Source[Near.Length..], images[i].Label)]
                .MinBy(other => SquaredDistance(images[i].Pixels, images[other].Pixels));
            Join(i, original);
        }
        NearDuplicates = files - group.Distinct().Count();
    }

    public static PlantedPool Read(string pool, string truth)
    {
        using TableReader reader = Table.Open(truth);
        Dictionary<string, (string Source, string Label)> known = reader
            .Rows(default)
            .ToDictionary(row => row["key"]!, row => (row["source"]!, row["label"] ?? ""));
        List<PoolImage> images = new();
        foreach (ImageInput input in ImageInputs.Enumerate(pool))
        {
            if (input.Bytes is not { } bytes || ImageDecoder.Decode(bytes).Image is not { } image)
                continue;
            string name = NameOf(input.Path);
            (string source, string label) = known[name];
            images.Add(
                new PoolImage(
                    name,
                    source,
                    label,
                    Convert.ToHexStringLower(SHA256.HashData(bytes)),
                    image,
                    PerceptualHash.Compute(image),
                    ColourSketch.Of(image)
                )
            );
        }
        return new PlantedPool(images);
    }

    /// <summary>The key of a file of the pool.</summary>
    public static string NameOf(string path) => path[(path.LastIndexOfAny(['/', ':']) + 1)..];

    /// <summary>The image of that name; null where the file cannot be decoded.</summary>
    public PoolImage? Find(string name) => places.TryGetValue(name, out int at) ? Images[at] : null;

    /// <summary>Whether two images are copies of one.</summary>
    public bool AreCopies(string one, string other) => group[places[one]] == group[places[other]];

    /// <summary>Runs the images, exact copies left out as a crawl does, through an index.</summary>
    public Finding Find(int radius, double? colourTolerance)
    {
        NearDuplicateIndex index = new(radius, colourTolerance);
        HashSet<string> files = new(StringComparer.Ordinal);
        List<int> distinct = [.. Enumerable.Range(0, Images.Count).Where(i => files.Add(Images[i].Sha256))];
        Stopwatch clock = Stopwatch.StartNew();
        List<long?> answers = [.. distinct.Select(i => index.FindOrAdd(Images[i].Hash, Images[i].Colours, i))];
        double microseconds = clock.Elapsed.TotalMicroseconds / distinct.Count;

        int right = 0,
            wrong = 0,
            lookAlikes = 0,
            photographs = 0;
        foreach ((int i, long? answer) in distinct.Zip(answers))
        {
            if (answer is not { } earlier)
                continue;
            if (group[i] == group[(int)earlier])
            {
                right++;
                continue;
            }
            wrong++;
            if (SquaredDistance(Images[i].Pixels, Images[(int)earlier].Pixels) < 12L * 12 * Images[i].Pixels.Pixels.Length)
                lookAlikes++;
            if (Images[i].Label.Length > 0 && Images[(int)earlier].Label.Length > 0)
                photographs++;
        }
        return new Finding(right, wrong, lookAlikes, photographs, microseconds);
    }

    private IEnumerable<List<int>> Groups(Func<int, string> key) =>
        Enumerable.Range(0, Images.Count).GroupBy(key).Select(same => same.ToList());

    private void Join(int i, int original)
    {
        (int from, int to) = (group[i], group[original]);
        for (int k = 0; from != to && k < group.Length; k++)
        {
            if (group[k] == from)
                group[k] = to;
        }
    }

    // The pool's images are all of one size; others would be strangers.
    private static long SquaredDistance(RgbImage a, RgbImage b)
    {
        if ((a.Width, a.Height) != (b.Width, b.Height))
            return long.MaxValue;
        long sum = 0;
        for (int i = 0; i < a.Pixels.Length; i++)
        {
            int difference = a.Pixels[i] - b.Pixels[i];
            sum += difference * difference;
        }
        return sum;
    }
}
