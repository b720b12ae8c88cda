// The shapes of a search as a plot of characters: agreement over the share of the teacher's parameters.

using System.Text;
using DataFreeKD.Distiller.Pruning;
using static System.FormattableString;

namespace DataFreeKD.Cli.Output;

internal static class FrontierPlot
{
    private const int Columns = 60,
        Rows = 10;

    private const char Tried = 'o',
        Taken = '*';

    /// <summary>The plot: parameters on a logarithmic scale, agreement on a linear one.</summary>
    /// <param name="points">Shapes tried, one or more.</param>
    /// <param name="teacher">Parameters of the teacher.</param>
    public static string Of(IReadOnlyList<FrontierPoint> points, long teacher)
    {
        double left = points.Min(Size),
            right = points.Max(Size),
            low = points.Min(point => point.Agreement),
            high = points.Max(point => point.Agreement);
        char[][] cells = [.. Enumerable.Range(0, Rows).Select(_ => new string(' ', Columns).ToCharArray())];
        // The one taken is drawn last, so that no other hides it.
        foreach (FrontierPoint point in points.OrderBy(point => point.Chosen))
        {
            int column = Place(Size(point), left, right, Columns),
                row = Rows - 1 - Place(point.Agreement, low, high, Rows);
            cells[row][column] = point.Chosen ? Taken : Tried;
        }
        StringBuilder text = new();
        text.Append("agreement with the teacher (").Append(Taken).Append(" taken)\n");
        foreach ((int row, char[] line) in cells.Index())
        {
            string label =
                row == 0 ? TrainingText.Percent(high)
                : row == Rows - 1 ? TrainingText.Percent(low)
                : "";
            text.Append(label.PadLeft(8)).Append(" |").Append(new string(line).TrimEnd()).Append('\n');
        }
        string first = Share(points.Min(point => point.Parameters), teacher),
            last = Share(points.Max(point => point.Parameters), teacher);
        text.Append(' ', 9).Append('+').Append('-', Columns).Append('\n');
        text.Append(' ', 10).Append(first).Append(last.PadLeft(Columns - first.Length)).Append('\n');
        text.Append(' ', 10).Append("share of the teacher's parameters (log scale)");
        return text.ToString();
    }

    private static double Size(FrontierPoint point) => Math.Log(point.Parameters);

    private static int Place(double value, double low, double high, int places) =>
        high > low ? (int)Math.Round((value - low) / (high - low) * (places - 1)) : places / 2;

    private static string Share(long part, long whole) => Invariant($"{100.0 * part / whole:F1} %");
}
