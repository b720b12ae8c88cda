// One pass over a scores or selection table: the rows with what every pass asks of them.

using System.IO.Hashing;
using DataFreeKD.Manifests;
using DataFreeKD.Manifests.Looks;

namespace DataFreeKD.Reporting.Pool;

/// <summary>A cursor over all rows of a table.</summary>
internal sealed class PoolCursor : IDisposable
{
    /// <summary>The class of a row without a prediction.</summary>
    public const long NoClass = -1;

    private readonly string table;
    private readonly CancellationToken cancel;
    private readonly int path,
        status,
        reason,
        prediction,
        className,
        sha256,
        phash,
        colours;

    public PoolCursor(string table, CancellationToken cancel)
    {
        (this.table, this.cancel) = (table, cancel);
        Reader = Table.Open(table);
        TableHeader header = Reader.Header;
        path = header.Require("path");
        (status, reason, prediction, className) = (
            header.IndexOf("status"),
            header.IndexOf("reason"),
            header.IndexOf("prediction"),
            header.IndexOf("class_name")
        );
        (sha256, phash, colours) = (header.IndexOf("sha256"), header.IndexOf(Columns.Hash), header.IndexOf(Columns.Colours));
    }

    /// <summary>The table itself, on the current row.</summary>
    public TableReader Reader { get; }

    /// <summary>0-based; −1 before the first.</summary>
    public long Row { get; private set; } = -1;

    /// <summary>Whether the current row's status is ok, or the table has none.</summary>
    public bool Usable => status < 0 || Reader.Is(status, Status.Ok);

    /// <summary><c>status</c> or <c>status/reason</c> of the current row.</summary>
    public string StatusKey
    {
        get
        {
            string of = Usable ? Status.Ok : Reader.Text(status);
            return reason >= 0 && !Reader.Utf8(reason).IsEmpty ? $"{of}/{Reader.Text(reason)}" : of;
        }
    }

    /// <summary>The predicted class; <see cref="NoClass"/> without one.</summary>
    public long Class =>
        prediction >= 0 && Reader.Number(prediction) is var predicted && !double.IsNaN(predicted) ? (long)predicted : NoClass;

    /// <summary>The class's name, else <c>class 7</c>; empty without a prediction.</summary>
    public string ClassName =>
        className >= 0 && Reader.Text(className) is { Length: > 0 } name ? name
        : prediction >= 0 && Reader.Text(prediction) is { Length: > 0 } number ? $"class {number}"
        : "";

    /// <summary>The path as it stands in the table.</summary>
    public string Path => Reader.Text(path);

    /// <summary>The absolute path; empty where the row has none.</summary>
    public string FullPath => Path is { Length: > 0 } given ? ManifestPath.FromTable(given, table) : "";

    /// <summary>A hash of the content's sha256; 0 without one.</summary>
    public UInt128 Content => Hash(sha256);

    /// <summary>How it looks; null where the row does not tell.</summary>
    public Look? Look => phash < 0 ? null : Manifests.Looks.Look.Parse(Reader.Text(phash), HasColours ? Reader.Text(colours) : null);

    /// <summary>Whether the current row has a colour sketch.</summary>
    public bool HasColours => colours >= 0 && !Reader.Utf8(colours).IsEmpty;

    /// <summary>Whether rows have a perceptual hash at all.</summary>
    public bool HasLooks => phash >= 0;

    /// <summary>Moves on; false after the last row.</summary>
    public bool Next()
    {
        if ((++Row & 0xFFF) == 0)
            cancel.ThrowIfCancellationRequested();
        return Reader.Read();
    }

    public void Dispose() => Reader.Dispose();

    private UInt128 Hash(int column) => column >= 0 && Reader.Utf8(column) is { IsEmpty: false } text ? XxHash128.HashToUInt128(text) : 0;
}
