// One pass over a scores table: stops at the usable rows, counts the others by reason.

using DataFreeKD.Manifests;

namespace DataFreeKD.Selector.Rows;

/// <summary>A cursor over the rows that were scored and have all numbers asked for.</summary>
internal class UsableRows : IDisposable
{
    /// <summary>The class of a row without a prediction.</summary>
    public const long NoClass = -1;

    private const int RowsBetweenReports = 1 << 16;

    private readonly TableReader table;
    private readonly int status,
        reason,
        prediction,
        className;
    private readonly RowIdentity identity;
    private readonly int[] columns;
    private readonly double[] values;
    private readonly Dictionary<string, long> counts = new(StringComparer.Ordinal);
    private readonly Dictionary<long, (string Name, long Count)> classes = [];
    private readonly Action<int> progress;
    private long ok;
    private long unscored;

    /// <param name="scores">The table.</param>
    /// <param name="columns">The columns whose numbers a row must have.</param>
    /// <param name="progress">Told how many rows more were read, now and then.</param>
    public UsableRows(string scores, IReadOnlyList<string> columns, Action<int> progress)
    {
        table = Table.Open(scores);
        TableHeader header = table.Header;
        (status, reason, prediction) = (header.IndexOf("status"), header.IndexOf("reason"), header.IndexOf("prediction"));
        className = header.IndexOf("class_name");
        identity = new RowIdentity(header);
        this.columns = [.. columns.Select(header.Require)];
        values = new double[columns.Count];
        this.progress = progress;
    }

    /// <summary>Rows read so far, usable or not.</summary>
    public long Rows { get; private set; }

    /// <summary>Usable rows so far.</summary>
    public long Usable => ok - unscored;

    /// <summary>Rows so far with status ok that lack a number asked for.</summary>
    public long Unscored => unscored;

    /// <summary>The current row's 0-based position in the table.</summary>
    public long Row => Rows - 1;

    /// <summary>The current row's numbers, in the order of the columns.</summary>
    public ReadOnlySpan<double> Values => values;

    /// <summary>The current row's predicted class; <see cref="NoClass"/> without one.</summary>
    public long Class { get; private set; }

    /// <summary>A hash of the current row's sha256; 0 where it has none.</summary>
    public UInt128 Content => identity.Content(table);

    /// <summary>A hash of the current row's sha256, else of its path.</summary>
    public ulong Identity => identity.Of(table);

    /// <summary>Usable rows so far by class.</summary>
    public IReadOnlyDictionary<long, (string Name, long Count)> Classes => classes;

    /// <summary>Rows so far by status or status/reason.</summary>
    public IReadOnlyDictionary<string, long> Counts
    {
        get
        {
            SortedDictionary<string, long> all = new(counts, StringComparer.Ordinal) { [Status.Ok] = ok - unscored };
            if (unscored > 0)
                all[$"{Status.Ok}/{Reason.Unscored}"] = unscored;
            return all;
        }
    }

    /// <summary>Whether a cascade dropped rows, which have no figures and no embeddings then.</summary>
    public bool HasDropped => counts.ContainsKey($"{Status.Skipped}/{Reason.Cascade}");

    /// <summary>Moves to the next usable row; false after the last.</summary>
    public bool Next()
    {
        while (table.Read())
        {
            Rows++;
            if (Rows % RowsBetweenReports == 0)
                progress(RowsBetweenReports);
            if (IsUsable())
                return true;
        }
        progress((int)(Rows % RowsBetweenReports));
        return false;
    }

    public void Dispose() => table.Dispose();

    private bool IsUsable()
    {
        if (status >= 0 && !table.Is(status, Status.Ok))
        {
            string key = reason >= 0 && table.Text(reason) is { Length: > 0 } why ? $"{table.Text(status)}/{why}" : table.Text(status);
            counts[key] = counts.GetValueOrDefault(key) + 1;
            return false;
        }
        ok++;
        for (int at = 0; at < columns.Length; at++)
        {
            values[at] = table.Number(columns[at]);
            if (double.IsFinite(values[at]))
                continue;
            unscored++;
            return false;
        }
        CountClass();
        return true;
    }

    private void CountClass()
    {
        double predicted = prediction >= 0 ? table.Number(prediction) : double.NaN;
        Class = double.IsNaN(predicted) ? NoClass : (long)predicted;
        if (!classes.TryGetValue(Class, out (string Name, long Count) known))
            known.Name = NameOfClass();
        classes[Class] = (known.Name, known.Count + 1);
    }

    private string NameOfClass()
    {
        if (Class == NoClass)
            return "";
        return className >= 0 && table.Text(className) is { Length: > 0 } name ? name : table.Text(prediction);
    }
}
