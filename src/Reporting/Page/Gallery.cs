// The images of the page: read once, made small, looked at by the teacher where there is one.

using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Reporting.Pictures;
using DataFreeKD.Reporting.Pool;

namespace DataFreeKD.Reporting.Page;

/// <summary>One image of the page.</summary>
/// <param name="Thumbnail">Null where it could not be read or the budget was spent.</param>
/// <param name="Attention">Null without a teacher.</param>
/// <param name="Missing">Why there is no thumbnail; empty where there is one.</param>
internal sealed record GalleryImage(Picture? Thumbnail, Picture? Attention, string Missing);

/// <summary>Images by absolute path.</summary>
internal sealed class Gallery
{
    // Few enough to stay in memory as pixels, many enough to fill a forward pass.
    private const int Batch = 32;

    private readonly Dictionary<string, GalleryImage> images = new(StringComparer.Ordinal);

    /// <summary>Images asked for.</summary>
    public int Wanted => images.Count;

    /// <summary>Of them, those that could not be read.</summary>
    public int Unreadable { get; private set; }

    /// <summary>Those left out since the page would grow too large.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Which of them are in the selection.</summary>
    public IReadOnlySet<string> Selected { get; private set; } = new HashSet<string>();

    /// <summary>An image.</summary>
    public GalleryImage this[string path] => images[path];

    /// <summary>Reads what the sections will show.</summary>
    public static Gallery Of(ReportMaterial material, PictureBudget budget, CancellationToken cancel)
    {
        Gallery gallery = new();
        string[] showcase =
        [
            .. material
                .Detail.Showcase.SelectMany(of => (Nearest[])[of.Best, of.Median, of.Borderline, of.Worst])
                .SelectMany(strip => strip.Picks)
                .Select(pick => pick.FullPath),
        ];
        // One picture stands for copies; alike pictures are worth comparing.
        IEnumerable<string> copies = material
            .Detail.Contents.Largest.SelectMany(group => group.Paths.Take(1))
            .Concat(material.Detail.Looks?.Largest.SelectMany(group => group.Paths) ?? [])
            .Select(path => path.FullPath);
        gallery.Read([.. showcase.Distinct().Where(path => path.Length > 0)], budget, material.Options.Attention, cancel);
        gallery.Read([.. copies.Distinct().Where(path => path.Length > 0 && !gallery.images.ContainsKey(path))], budget, null, cancel);
        gallery.LeftOut = budget.LeftOut;
        if (material.Options.Selection is { } selection)
            gallery.Selected = SelectionSurvey.Among(selection, showcase.ToHashSet(StringComparer.Ordinal), cancel);
        return gallery;
    }

    private void Read(
        IReadOnlyList<string> paths,
        PictureBudget budget,
        Func<IReadOnlyList<string>, IReadOnlyList<AttentionView?>>? attention,
        CancellationToken cancel
    )
    {
        foreach (string[] batch in paths.Chunk(Batch))
        {
            IReadOnlyList<AttentionView?>? views = attention?.Invoke(batch);
            foreach ((int at, ImageInput input) in ImageInputs.Read(batch, cancel: cancel).Index())
                images[batch[at]] = Make(input, views?[at], budget);
        }
    }

    private GalleryImage Make(ImageInput input, AttentionView? view, PictureBudget budget)
    {
        DecodeResult? decoded = input.Bytes is { } bytes ? ImageDecoder.Decode(bytes, DecodeLimits.Local) : null;
        if (decoded?.Image is not { } image)
        {
            Unreadable++;
            return new GalleryImage(null, null, decoded?.Reason ?? input.Reason ?? Reason.Unreadable);
        }
        Picture? thumbnail = budget.Thumbnail(image);
        return new GalleryImage(
            thumbnail,
            view is null || thumbnail is null ? null : budget.Attention(view),
            thumbnail is null ? "left out" : ""
        );
    }
}
