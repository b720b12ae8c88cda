// Scoring from end to end: images in, one row each out, in the same order.

using System.Diagnostics;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Probe.Sharding;

namespace DataFreeKD.Probe;

/// <summary>Runs the teacher once over each image and writes the scores table.</summary>
public static class ScoreRun
{
    /// <summary>Scores every input. An image that cannot be scored keeps its row, with status <c>failed</c> and a reason.</summary>
    /// <exception cref="ScoreException">Options or inputs that cannot be used.</exception>
    /// <exception cref="OutputException">Another process is writing the output, or it appeared meanwhile.</exception>
    /// <exception cref="TableException">The output is no name of a table, or what lies beside it is not this tool's.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; what was finished is kept for <see cref="ScoreOptions.Resume"/>.</exception>
    public static ScoreSummary Execute(ScoreOptions options, IProgress<ScoreProgress>? progress = null, CancellationToken cancel = default)
    {
        using OutputLock held = OutputLock.Take(options.Output, "score", ScoreOutput.Shared(options));
        options.Validate();
        NumericProfiles.Apply(options.Numerics);
        ScoreOutput.RefuseForeign(options);
        using (IPlanPlace place = ScorePlace.Of(options, joins: true, cancel))
        {
            if (!options.Overwrite && ScorePlan.Read(place) is var (plan, _))
                return ScoreShards.Resume(options, place, plan, held, progress, cancel);
            if (options.Parts is not null)
                throw new ScoreException(Unplanned.Reason(place));
        }
        Stopwatch clock = Stopwatch.StartNew();
        using TeacherPass teacher = new(options);
        ScoreInputs inputs = new(options);
        string[] columns = ColumnsOf(options, teacher, inputs);
        ScoreJournal journal = new(options, teacher, columns, cancel);
        ScorePrelude.Learn(options, teacher, inputs, journal, columns, cancel);
        string? embeddingsPath = ScoreOutput.EmbeddingsPath(options, teacher);
        int width = embeddingsPath is null ? 0 : teacher.Width,
            ofContent = columns.Length - inputs.Carried.Count - 1;
        using SeenImages seen = new(ofContent, width);
        seen.Remember(journal.ReadBack(width, cancel));
        if (options.Resume && journal.Done == 0)
            seen.Remember(EarlierRows.Of(options, teacher, columns, embeddingsPath, cancel));
        long skipped = journal.Done,
            failed = 0,
            copied = 0;
        List<string?[]> rows = new();
        List<float[]>? embeddings = embeddingsPath is null ? null : [];
        IEnumerable<ScoreInput> left = journal.Left(inputs.Enumerate(cancel));
        // Failed images keep their slot in a batch, so that batches depend on the inputs alone.
        foreach (
            IReadOnlyList<ScoredInput> batch in BatchWorkers.Run(
                teacher.Bounded(seen.Marked(left)),
                teacher.Together,
                teacher.Workers,
                teacher.Score,
                cancel
            )
        )
        {
            cancel.ThrowIfCancellationRequested();
            foreach (ScoredInput image in batch)
            {
                string?[] row = ScoreRow.Of(image, teacher, options.Output, inputs.Carried);
                float[]? embedding = image.Scores?.Embedding ?? (width > 0 ? teacher.NoEmbedding : null);
                if (image.Image.Input.Copy)
                {
                    (string?[] before, embedding) = seen.Of(image.Image.Sha256);
                    before.CopyTo(row, 1);
                    copied++;
                }
                else if (image.Image.Sha256.Length > 0)
                {
                    seen.Add(image.Image.Sha256, new ArraySegment<string?>(row, 1, ofContent), embedding);
                }
                failed += row[ScoreRow.StatusAt] == Status.Failed ? 1 : 0;
                rows.Add(row);
                embeddings?.Add(embedding!);
            }
            if (rows.Count >= (long)teacher.BatchSize * options.CheckpointEvery)
                Flush();
            long done = journal.Done + rows.Count;
            progress?.Report(new ScoreProgress(done, failed, (done - skipped) / clock.Elapsed.TotalSeconds));
        }
        if (rows.Count > 0)
            Flush();
        if (journal.Done == 0)
            throw NoImages(options);

        if (embeddings is null)
            embeddingsPath = null;
        IReadOnlyDictionary<string, long> counts = ScoreOutput.Write(
            options,
            teacher,
            held,
            journal.Finished,
            embeddingsPath,
            asFolder: false,
            clock,
            cancel
        );
        journal.Remove();
        return Summary(teacher, counts, journal.Done, journal.Done - skipped, clock, embeddingsPath) with { Copied = copied };

        void Flush()
        {
            // Those kept unasked only as long as they fit; the number of rows decides, so that an interruption changes nothing.
            if (options.EmbeddingsPath is null && (journal.Done + rows.Count) * teacher.Width * sizeof(float) > ScoreOptions.KeptBytes)
                embeddings = null;
            journal.Add(rows, embeddings);
            rows.Clear();
            embeddings?.Clear();
        }
    }

    /// <summary>The table's columns.</summary>
    /// <exception cref="ScoreException">Embeddings are asked of a teacher that has none.</exception>
    internal static string[] ColumnsOf(ScoreOptions options, TeacherPass teacher, ScoreInputs inputs)
    {
        if (teacher.Width == 0 && options.EmbeddingsPath is { } wanted)
            throw new ScoreException($"EmbeddingsPath {wanted}: {options.Teacher} gives logits alone; leave EmbeddingsPath out")
            {
                Options = [nameof(ScoreOptions.EmbeddingsPath)],
            };
        return [.. ScoreRow.ColumnsOf(teacher.Blocks, teacher.ExtraColumns), .. inputs.Carried];
    }

    internal static ScoreException NoImages(ScoreOptions options) =>
        new($"no images in {string.Join(", ", options.Sources)}; check the folder, the glob or the table's path column");

    internal static ScoreSummary Summary(
        TeacherPass teacher,
        IReadOnlyDictionary<string, long> counts,
        long rows,
        long scored,
        Stopwatch clock,
        string? embeddings
    )
    {
        double seconds = clock.Elapsed.TotalSeconds;
        return new ScoreSummary(rows, counts, teacher.Blocks, seconds, scored / seconds)
        {
            Intact = teacher.Fit.CorruptionModel?.Verdict,
            Cascade = teacher.Fit.Cascade?.Verdict,
            Embeddings = embeddings,
            ImagesAtOnce = teacher.ImagesAtOnce,
        };
    }

    /// <summary>Where the cascade that a table was scored by lies.</summary>
    public static string CascadeModelBeside(string table) => ManifestPath.CascadeModelBeside(table);

    /// <summary>Where the classifier of corrupted copies that a table was scored by lies.</summary>
    public static string IntactModelBeside(string table) => ManifestPath.IntactModelBeside(table);
}
