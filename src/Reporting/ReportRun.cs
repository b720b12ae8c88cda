// A report from end to end: read the tables, pick the images, ask the teacher where it looks, write one page.

using DataFreeKD.Manifests;
using DataFreeKD.Reporting.Page;
using DataFreeKD.Reporting.Page.Sections;
using DataFreeKD.Reporting.Pictures;
using DataFreeKD.Reporting.Pool;

namespace DataFreeKD.Reporting;

/// <summary>Writes reports. The scores are streamed twice (again where there are copies), the selection twice; memory is that of bounded
/// samples, the repeated contents and the shown images. Equal inputs give equal bytes.</summary>
public static class ReportRun
{
    /// <summary>Writes the page.</summary>
    /// <param name="options">What to report on.</param>
    /// <param name="progress">Told the rows read so far, over all passes.</param>
    /// <param name="cancel">Stops; nothing is written then.</param>
    /// <exception cref="ReportException">The options do not make sense, or the student has no curves that can be read.</exception>
    /// <exception cref="OutputException">Another process is writing the page, or it appeared meanwhile.</exception>
    /// <exception cref="TableException">A table cannot be read.</exception>
    public static ReportSummary Execute(ReportOptions options, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        using OutputLock held = Begin(options);
        return Write(options, held, progress, cancel);
    }

    /// <summary>Writes the page for a caller who holds the page already.</summary>
    /// <param name="options">What to report on.</param>
    /// <param name="held">What <see cref="Begin"/> gave; stays the caller's.</param>
    /// <param name="progress">Told the rows read so far, over all passes.</param>
    /// <param name="cancel">Stops; nothing is written then.</param>
    /// <exception cref="ReportException">The options do not make sense, or the student has no curves that can be read.</exception>
    /// <exception cref="OutputException">The page appeared meanwhile.</exception>
    /// <exception cref="TableException">A table cannot be read.</exception>
    internal static ReportSummary Write(ReportOptions options, OutputLock held, IProgress<long>? progress, CancellationToken cancel)
    {
        options.Validate();
        ArgumentNullException.ThrowIfNull(held);
        RowCounter counter = new(progress);
        RowRanking? ranking = options.Ranking ?? DefaultRanking.For(options.Scores);
        RankingCheck check = RankingCheck.For(options.Selection, cancel);
        PoolSurvey survey = PoolSurvey.Read(options.Scores, ranking, check, counter.Next, cancel);
        if (survey.Rows == 0)
            throw new TableException($"{options.Scores}: there are no rows to report on; score some images first");
        Bins?[] bins = [.. survey.Samples.Select(Bins.For)];
        Bins? rankBins = Bins.For(survey.Ranks);
        SelectionSurvey? selection = options.Selection is null
            ? null
            : SelectionSurvey.Read(options.Selection, survey, bins, check.Agrees ? rankBins : null, cancel);
        PoolDetail detail = PoolDetail.Read(options.Scores, survey, bins, rankBins, selection, options, ranking, counter.Next, cancel);

        ReportMaterial material = new(options, ranking, survey, selection, detail, Origins.Of(options, cancel), check.Agrees);
        PictureBudget pictures = new(options.MaxImageBytes);
        Gallery gallery = Gallery.Of(material, pictures, cancel);
        IReadOnlyList<string> warnings = Warnings.Of(material, gallery);
        SectionView?[] sections =
        [
            SummarySection.Of(material, warnings),
            ImagesSection.Of(material, gallery),
            ScoresSection.Of(material),
            BalanceSection.Of(material),
            RemovedSection.Of(material),
            CopiesSection.Of(material, gallery),
            StudentSection.Of(material, cancel),
        ];
        string source = Path.GetFileName(Path.TrimEndingDirectorySeparator(options.Scores));
        PageView page = new(
            Wording.Foreign(options.Title ?? $"Report on {source}"),
            Template.Text("style.css"),
            Provenance.ToolVersion.Split('+')[0],
            Wording.Foreign(source),
            [.. sections.OfType<SectionView>()]
        );
        byte[] html = System.Text.Encoding.UTF8.GetBytes(Template.Render("page", page));
        held.RefuseAppeared(options.Overwrite);
        AtomicFile.WriteAllBytes(options.Output, html);
        return new ReportSummary(options.Output, survey.Rows, survey.Usable, selection?.Rows, pictures.Count, warnings, html.Length);
    }

    /// <summary>Takes the page for a caller who has long work of its own before <see cref="Write"/>, and refuses what that would
    /// refuse.</summary>
    /// <exception cref="ReportException">The options do not make sense, or the page is there and not to be replaced.</exception>
    /// <exception cref="OutputException">Another process is writing the page.</exception>
    internal static OutputLock Begin(ReportOptions options)
    {
        options.Validate();
        OutputLock held = OutputLock.Take(options.Output, "report");
        try
        {
            if (Directory.Exists(options.Output))
                throw new ReportException($"{options.Output} is a folder; name a .html file");
            if (!options.Overwrite && File.Exists(options.Output))
                throw new ReportException($"{options.Output} exists; name another output or give Overwrite")
                {
                    Options = [nameof(ReportOptions.Overwrite)],
                };
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    // Passes report their own row; the caller is told the sum, not too often.
    private sealed class RowCounter(IProgress<long>? progress)
    {
        private const int Every = 1 << 16;

        private long read;

        public void Next(long row)
        {
            if (++read % Every == 0)
                progress?.Report(read);
        }
    }
}

/// <summary>Everything the sections are made from.</summary>
internal sealed record ReportMaterial(
    ReportOptions Options,
    RowRanking? Ranking,
    PoolSurvey Survey,
    SelectionSurvey? Selection,
    PoolDetail Detail,
    Origins Origins,
    bool RankedAsSelected
);
