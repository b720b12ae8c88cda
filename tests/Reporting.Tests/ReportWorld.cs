// A small pool with its images, its selection and a student, in one place.

using System.Globalization;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using DataFreeKD.Imaging;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Reporting.Tests;

/// <summary>Builds tables row by row, and reports on them.</summary>
internal sealed class ReportWorld : IDisposable
{
    private static readonly string[] Header = [.. Columns.Scores, "probe_variance_3", "probe_cosine_3", "phash", "note"];

    private readonly TempFolder folder = new();
    private readonly List<string[]> rows = [];
    private readonly List<string[]> selected = [];

    public string this[string name] => folder[name];

    /// <summary>Adds a usable row with an image of its own; a lower entropy is the better one.</summary>
    public ReportWorld Add(
        double entropy,
        int prediction = 0,
        string? className = null,
        string? sha256 = null,
        string phash = "",
        string? file = null,
        double variance = 1,
        bool picture = true,
        bool select = false
    )
    {
        string path = file ?? $"pool/{rows.Count}.png";
        if (picture)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[path])!);
            File.WriteAllBytes(folder[path], ImageWriter.EncodePng(Gradient(rows.Count)));
        }
        string number = Numbers.Format(entropy);
        rows.Add([
            path,
            sha256 ?? $"sha{rows.Count}",
            "24",
            "24",
            Status.Ok,
            "",
            prediction < 0 ? "" : $"{prediction}",
            className ?? (prediction < 0 ? "" : $"class{prediction}"),
            prediction < 0 ? "" : Numbers.Format(Math.Exp(-entropy)),
            prediction < 0 ? "" : number,
            prediction < 0 ? "" : number,
            prediction < 0 ? "" : number,
            Numbers.Format(variance),
            Numbers.Format(1 / Math.Sqrt(1 + variance)),
            phash,
            "a note",
        ]);
        if (select)
            selected.Add([.. rows[^1], (selected.Count + 1).ToString(CultureInfo.InvariantCulture), Numbers.Format(-entropy), "1"]);
        return this;
    }

    /// <summary>Adds a row that is not usable.</summary>
    public ReportWorld Fail(string reason, string status = Status.Failed)
    {
        rows.Add([$"pool/{rows.Count}.png", "", "", "", status, reason, "", "", "", "", "", "", "", "", "", ""]);
        return this;
    }

    /// <summary>Many usable rows of a few classes, every fourth selected, entropies spread over [0, 2).</summary>
    public ReportWorld Fill(int count, int classes = 3, bool pictures = true)
    {
        for (int at = 0; at < count; at++)
            Add(2.0 * at / count, at % classes, picture: pictures, variance: 0.2 + (at % 7), select: at % 4 == 0);
        return this;
    }

    public ReportOptions Options()
    {
        Write("scores.csv", Header, rows);
        if (selected.Count > 0)
            Write("selected.csv", [.. Header, .. Columns.Selection], selected);
        return new ReportOptions
        {
            Scores = folder["scores.csv"],
            Selection = selected.Count > 0 ? folder["selected.csv"] : null,
            Output = folder["report.html"],
        };
    }

    /// <summary>Writes the report and parses it.</summary>
    public IHtmlDocument Report(Func<ReportOptions, ReportOptions>? with = null) => Report(out _, with);

    /// <summary>Writes the report and parses it.</summary>
    public IHtmlDocument Report(out ReportSummary summary, Func<ReportOptions, ReportOptions>? with = null)
    {
        ReportOptions options = with is null ? Options() : with(Options());
        summary = ReportRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        return new HtmlParser(new HtmlParserOptions { IsStrictMode = false }).ParseDocument(File.ReadAllText(options.Output));
    }

    /// <summary>A report with every section: two classes, copies, look-alikes, failures, attention, curves, confusions.</summary>
    public IHtmlDocument Everything()
    {
        Fill(60);
        for (int copy = 0; copy < 3; copy++)
            Add(1, 1, sha256: "copied", phash: "00000000000000aa");
        Add(1.1, 2, phash: "00000000000000bb").Add(1.2, 2, phash: "00000000000000bb");
        Fail("truncated").Fail("unknown_format").Fail("too_small", Status.Rejected);
        Student("step,loss,kd,learning_rate,heldout_agreement\n1,2.5,2.4,0.001,\n2,1.5,1.4,0.0005,0.5\n3,1.25,1.2,0.0001,0.75\n");
        return Report(options =>
            options with
            {
                Student = folder["student"],
                Attention = Gaze,
                Confusion = new ConfusionCounts(
                    "the student",
                    ["cat", "dog"],
                    [
                        [8, 2],
                        [1, 9],
                    ]
                ),
            }
        );
    }

    /// <summary>Writes a student's metrics.</summary>
    public void Student(string metrics)
    {
        Directory.CreateDirectory(folder["student/training"]);
        File.WriteAllText(folder["student/training/metrics.csv"], metrics);
    }

    /// <summary>A teacher that looks at the top left of everything.</summary>
    public static IReadOnlyList<AttentionView?> Gaze(IReadOnlyList<string> paths) =>
        [.. paths.Select(_ => new AttentionView(Gradient(0), [0.7f, 0.1f, 0.1f, 0.1f], 2))];

    /// <summary>A 24×24 image unlike that of another seed.</summary>
    public static RgbImage Gradient(int seed)
    {
        byte[] pixels = new byte[24 * 24 * 3];
        for (int at = 0; at < pixels.Length; at++)
            pixels[at] = (byte)((at * (3 + (seed % 11))) + (seed * 29));
        return new RgbImage(24, 24, pixels);
    }

    public void Dispose() => folder.Dispose();

    private void Write(string name, string[] header, List<string[]> of)
    {
        using TableWriter writer = Table.Create(folder[name], header);
        foreach (string[] row in of)
            writer.Write(row);
        writer.Commit();
    }
}
