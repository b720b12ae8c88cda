// Selection among images that a program has scored in memory.

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Probe;
using DataFreeKD.Selector;

namespace DataFreeKD.Toolkit;

/// <summary>A selected image.</summary>
/// <param name="Scored">The image with its figures.</param>
/// <param name="Rank">1 for the first taken.</param>
/// <param name="Score">The selection score: higher is more useful.</param>
/// <param name="Weight">What a training should weigh it by, mean 1.</param>
public sealed record SelectedImage(ScoredImage Scored, int Rank, double Score, double Weight);

/// <summary>Selects among scored images as <see cref="SelectionRun"/> does among the rows of a table, and takes the same ones.</summary>
public static class ImageSelection
{
    /// <summary>The best images by the default method.</summary>
    /// <param name="pool">Scored images of one teacher, in the order that breaks ties.</param>
    /// <param name="budget">Images to take, 1 or more; fewer are taken where fewer have figures.</param>
    /// <exception cref="SelectionException">The budget is not above 0.</exception>
    public static IReadOnlyList<SelectedImage> From(IReadOnlyList<ScoredImage> pool, long budget) =>
        From(pool, options => options with { Budget = budget });

    /// <summary>Selects by options of your own.</summary>
    /// <param name="pool">Scored images of one teacher, in the order that breaks ties.</param>
    /// <param name="options">Given options without a size; returns those to use. Paths in them are not used.</param>
    /// <param name="cancel">Cancels.</param>
    /// <exception cref="SelectionException">The options do not make sense.</exception>
    /// <exception cref="ScoreException">The images were not scored by one teacher.</exception>
    /// <exception cref="TableException">The pool lacks the figures that the method needs.</exception>
    public static IReadOnlyList<SelectedImage> From(
        IReadOnlyList<ScoredImage> pool,
        Func<SelectOptions, SelectOptions> options,
        CancellationToken cancel = default
    )
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(options);
        // Selection streams over a table of any size; a pool in memory becomes such a table, so that there is one way to select.
        string folder = ScratchFolder.NewFolder("dfkd-select-");
        try
        {
            string scores = Path.Combine(folder, "scores.csv"),
                selected = Path.Combine(folder, "selected.csv");
            string? embeddings = ScoresTable.Write(scores, pool, place => place.ToString(CultureInfo.InvariantCulture));
            SelectOptions asked = options(new SelectOptions { Scores = scores, Output = selected });
            SelectionRun.Execute(
                asked with
                {
                    Scores = scores,
                    Output = selected,
                    Set = asked.Set with { Embeddings = embeddings ?? SetOptions.NoEmbeddings },
                },
                cancel: cancel
            );
            using TableReader table = Table.Open(selected);
            return
            [
                .. table
                    .Rows(cancel)
                    .Select(row => new SelectedImage(
                        pool[int.Parse(row["path"]!, CultureInfo.InvariantCulture)],
                        int.Parse(row["rank"]!, CultureInfo.InvariantCulture),
                        double.Parse(row["selection_score"]!, CultureInfo.InvariantCulture),
                        double.Parse(row["weight"]!, CultureInfo.InvariantCulture)
                    )),
            ];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
