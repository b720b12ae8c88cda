// The curves of a training run, from training/metrics.csv in the student's directory.

using DataFreeKD.Manifests;

namespace DataFreeKD.Reporting.Page;

/// <summary>A curve.</summary>
/// <param name="Title">For people.</param>
/// <param name="Points">Ascending by step; at least one.</param>
internal sealed record TrainingCurve(string Title, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Reads curves.</summary>
internal static class TrainingCurves
{
    // More points than this are not told apart at the width of a plot.
    private const int MostPoints = 300;

    private static readonly Dictionary<string, string> Titles = new(StringComparer.Ordinal)
    {
        ["loss"] = "Loss",
        ["heldout_agreement"] = "Agreement with the teacher, held-out images",
        ["heldout_accuracy"] = "Accuracy, held-out images",
        ["learning_rate"] = "Learning rate",
        ["gradient_norm"] = "Norm of the gradient",
    };

    /// <summary>The held-out score, the loss and its terms, then the rest; a term that is the whole loss is left out.</summary>
    /// <exception cref="ReportException">There is no such directory.</exception>
    /// <exception cref="TableException">The metrics cannot be read.</exception>
    public static IReadOnlyList<TrainingCurve> Read(string student, CancellationToken cancel)
    {
        if (!Directory.Exists(student))
            throw new ReportException($"{student} is no directory; name the student's, as dfkd distill wrote it");
        string metrics = Path.Combine(student, "training", "metrics.csv");
        if (!File.Exists(metrics))
            return [];
        using TableReader table = Table.Open(metrics);
        int step = table.Header.Require("step");
        string[] names = [.. table.Header.Columns.Where(name => name is not ("step" or "epoch"))];
        Dictionary<string, List<(double X, double Y)>> points = names.ToDictionary(name => name, _ => new List<(double X, double Y)>());
        while (table.Read())
        {
            cancel.ThrowIfCancellationRequested();
            foreach (string name in names)
            {
                if (table.Number(table.Header.IndexOf(name)) is var value && double.IsFinite(value))
                    points[name].Add((table.Number(step), value));
            }
        }
        return
        [
            .. names
                .Where(name =>
                    points[name].Count > 0
                    && !(
                        name != "loss"
                        && points.TryGetValue("loss", out List<(double X, double Y)>? loss)
                        && loss.SequenceEqual(points[name])
                    )
                )
                .OrderBy(Place)
                .Select(name => new TrainingCurve(Titles.GetValueOrDefault(name, name), Thinned(points[name]))),
        ];
    }

    private static int Place(string name) =>
        name.StartsWith("heldout", StringComparison.Ordinal) ? 0
        : name == "loss" ? 1
        : name is "learning_rate" or "gradient_norm" ? 3
        : 2;

    // Every n-th point, and the last.
    private static List<(double X, double Y)> Thinned(List<(double X, double Y)> points)
    {
        int every = (points.Count + MostPoints - 1) / MostPoints;
        return [.. points.Where((_, at) => at % every == 0 || at == points.Count - 1)];
    }
}
