// Steers a crawl by the teacher: useful is what the default selection would rank among the best of what came in.

using DataFreeKD.Crawler.Steering;
using DataFreeKD.Manifests;
using DataFreeKD.Probe;
using DataFreeKD.Selector;
using DataFreeKD.Selector.Scores;

namespace DataFreeKD.Toolkit;

/// <summary>
/// Scores the new images as dfkd score and dfkd select do, on the scale of the pool so far, and calls useful (1) those in its upper fifth,
/// the others useless (0).
/// In that pool every source counts the same. No label is used: a pool always has an upper fifth, and the sources that fill it are the best
/// there are.
/// </summary>
internal sealed class TeacherJudge : IDisposable
{
    /// <summary>Images that make up the pool, the newest.</summary>
    private const int PoolSize = 20_000;

    private const double Useful = 0.8;

    private readonly Teacher probe;
    private readonly RowScore score;
    private readonly int[] columns;
    private readonly List<(string Source, double[] Figures)> pool = [];

    /// <param name="options">The teacher and how it is run.</param>
    public TeacherJudge(TeacherOptions options)
    {
        probe = new Teacher(options);
        TableHeader header = new(probe.Columns, options.Teacher);
        // A teacher without a head has no logits to be sure by.
        string method = header.IndexOf("entropy") >= 0 ? ScoreCatalogue.Default : "variance";
        score = ScoreCatalogue
            .Find(method)
            .Bind(
                header,
                new SelectOptions
                {
                    Scores = options.Teacher,
                    Output = "",
                    Method = method,
                }
            );
        columns = [.. score.Columns.Select(header.Require)];
    }

    /// <summary>A <see cref="SteeringJudge"/>; a file that cannot be scored is useless.</summary>
    public IReadOnlyList<SteeringVerdict> Judge(IReadOnlyList<SteeringSample> images, CancellationToken cancel)
    {
        Queue<double[]?> looked = new(
            probe.ScoreFiles([.. images.Where(image => image.Figures is null).Select(image => image.Path)], cancel)
        );
        double[][] figures = [.. images.Select(image => image.Figures is { } known ? [.. known] : Kept(looked.Dequeue()))];
        int before = pool.Count;
        pool.AddRange(images.Zip(figures, (image, kept) => (image.Source, kept)).Where(image => image.kept.Length > 0));
        double[] ranks = Ranks();
        Queue<double> fresh = new(ranks.Skip(before));
        pool.RemoveRange(0, Math.Max(0, pool.Count - PoolSize));
        return [.. figures.Select(kept => new SteeringVerdict(kept.Length > 0 && fresh.Dequeue() >= Useful ? 1 : 0, kept))];
    }

    /// <summary>Frees the teacher's memory.</summary>
    public void Dispose() => probe.Dispose();

    private double[] Ranks()
    {
        if (pool.Count == 0)
            return [];
        score.Fit([.. columns.Select((_, column) => pool.Select(image => image.Figures[column]).ToArray())]);
        return EvenRank.Of([.. pool.Select(image => image.Source)], [.. pool.Select(image => score.Evaluate(image.Figures, 0))]);
    }

    private double[] Kept(double[]? figures) =>
        figures is not null && columns.All(column => double.IsFinite(figures[column]))
            ? Array.ConvertAll(columns, column => figures[column])
            : [];
}
