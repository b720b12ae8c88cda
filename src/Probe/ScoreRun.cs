// Scoring from end to end: images in, one row each out, in the same order.

using System.Diagnostics;
using System.Text.Json;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Probe.Corruptions;
using DataFreeKD.Probe.Scores;

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
        using OutputLock held = OutputLock.Take(
            options.Output,
            "score",
            [Provenance.PathBeside(options.Output), .. options.EmbeddingsPath is { } named ? [named] : (string[])[]]
        );
        options.Validate();
        Table.RequireWritable(options.Output);
        string[] beside = Beside(options.Output);
        Provenance.RefuseForeign(options.Output, options.Overwrite, beside.Where(file => !IsSame(file, options.EmbeddingsPath)));
        RefuseEmbeddings(options);
        ScoreJournal.RefuseForeign(options.Output);
        var clock = Stopwatch.StartNew();
        using var teacher = new TeacherPass(options);
        if (teacher.Width == 0 && options.EmbeddingsPath is { } wanted)
            throw new ScoreException($"--embeddings {wanted}: {options.Teacher} gives logits alone; leave --embeddings out");
        var inputs = new ScoreInputs(options);
        string[] columns = [.. ScoreRow.ColumnsOf(teacher.Blocks, teacher.ExtraColumns), .. inputs.Carried];
        var journal = new ScoreJournal(options, teacher, columns, cancel);
        if (teacher.Clips)
            teacher.ReactClip ??= journal.Remember("react-clip", () => ReactClip(options, teacher, inputs, cancel));
        string? copies = null;
        if (teacher.JudgesCopies && teacher.Copies is null)
        {
            copies = journal.Remember("intact.zip", file =>
            {
                (CopyModel model, CopyFile.Trained? trained) = CopyRun.Learn(options, teacher, inputs, cancel);
                CopyFile.Save(file, model, trained);
            });
            teacher.Copies = CopyFile.Load(copies);
        }

        if (options.Cascade is not null)
        {
            string learned = journal.Remember("cascade.json", file =>
            {
                (CascadeModel model, IReadOnlyList<IReadOnlyList<string?>> seen) = CascadeRun.Learn(
                    options,
                    teacher,
                    inputs,
                    columns,
                    image => Row(image, teacher, options.Output, inputs.Carried),
                    cancel
                );
                // First: without the model nobody asks for the sample.
                using TableWriter table = Table.Create(journal.FileOf(SampleName), columns);
                foreach (IReadOnlyList<string?> row in seen)
                    table.Write(row);
                table.Commit();
                AtomicFile.WriteAllText(file, JsonSerializer.Serialize(model));
            });
            teacher.Cascade = JsonSerializer.Deserialize<CascadeModel>(File.ReadAllText(learned));
        }

        long skipped = journal.Done,
            failed = 0;
        var rows = new List<string?[]>();
        string? embeddingsPath = EmbeddingsPath(options, teacher);
        List<float[]>? embeddings = embeddingsPath is null ? null : [];
        IEnumerable<ScoreInput> left = journal.Left(inputs.Enumerate(cancel));
        // Failed images keep their slot in a batch, so that batches depend on the inputs alone.
        foreach (
            IReadOnlyList<ScoredInput> batch in BatchWorkers.Run(
                teacher.Bounded(left),
                teacher.BatchSize,
                teacher.Workers,
                teacher.Score,
                cancel
            )
        )
        {
            cancel.ThrowIfCancellationRequested();
            foreach (ScoredInput image in batch)
            {
                failed += image.Image.Reason is null ? 0 : 1;
                rows.Add(Row(image, teacher, options.Output, inputs.Carried));
                embeddings?.Add(image.Scores?.Embedding ?? [.. Enumerable.Repeat(float.NaN, teacher.Width)]);
            }
            if (rows.Count >= (long)teacher.BatchSize * options.CheckpointEvery)
                Flush();
            long done = journal.Done + rows.Count;
            progress?.Report(new ScoreProgress(done, failed, (done - skipped) / clock.Elapsed.TotalSeconds));
        }
        if (rows.Count > 0)
            Flush();
        if (journal.Done == 0)
            throw new ScoreException(
                $"no images in {string.Join(", ", options.Inputs)}; check the folder, the glob or the table's path column"
            );

        if (embeddings is null)
            embeddingsPath = null;
        held.RefuseAppeared(options.Overwrite);
        Provenance.RefuseForeign(options.Output, options.Overwrite, beside.Where(file => !IsSame(file, options.EmbeddingsPath)));
        Provenance.Claim(options.Output, "score", [.. beside, .. embeddingsPath is { } kept ? [kept] : (string[])[]]);
        IReadOnlyDictionary<string, long> counts = journal.Finish(embeddingsPath, teacher.Width, cancel);
        // An earlier run's are of other rows.
        if (ManifestPath.EmbeddingsBeside(options.Output) is var earlier && !IsSame(earlier, embeddingsPath))
            File.Delete(earlier);
        if (copies is not null)
            File.Move(copies, CopyModelBeside(options.Output), overwrite: true);
        if (teacher.Cascade is { Blocks: > 0 })
            File.Move(journal.FileOf(SampleName), ManifestPath.SampleBeside(options.Output), overwrite: true);
        else
            File.Delete(ManifestPath.SampleBeside(options.Output));
        WriteProvenance(options, teacher, embeddingsPath, counts, clock.Elapsed.TotalSeconds, cancel);
        journal.Remove();
        double seconds = clock.Elapsed.TotalSeconds;
        return new ScoreSummary(journal.Done, counts, teacher.Blocks, seconds, (journal.Done - skipped) / seconds)
        {
            Intact = teacher.Copies?.Verdict,
            Cascade = teacher.Cascade?.Verdict,
            Embeddings = embeddingsPath,
        };

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

    private static string? EmbeddingsPath(ScoreOptions options, TeacherPass teacher) =>
        options.EmbeddingsPath
        ?? (
            options.KeepEmbeddings && teacher.HasHead && teacher.Width > 0 && options.Cascade is null
                ? ManifestPath.EmbeddingsBeside(options.Output)
                : null
        );

    private const string SampleName = "sample.csv";

    // What a run may write, or removes of an earlier one.
    private static string[] Beside(string table) =>
        [ManifestPath.EmbeddingsBeside(table), CopyModelBeside(table), ManifestPath.SampleBeside(table)];

    private static bool IsSame(string file, string? other) => other is not null && Path.GetFullPath(file) == Path.GetFullPath(other);

    // Those of an interrupted run are named in the provenance, if they lie beside the table.
    private static void RefuseEmbeddings(ScoreOptions options)
    {
        if (options.EmbeddingsPath is not { } file)
            return;
        if (Directory.Exists(file))
            throw new ScoreException($"--embeddings {file}: is a folder; name a .npy or .parquet file");
        if (IsSame(file, options.Output))
            throw new ScoreException($"--embeddings {file}: is the table itself; name another file");
        if (options.Overwrite || options.Resume || !File.Exists(file))
            return;
        throw new ScoreException($"--embeddings {file} exists; add --overwrite to replace it, or name another file");
    }

    /// <summary>Where the classifier of corrupted copies that a table was scored by lies.</summary>
    public static string CopyModelBeside(string table) => Path.ChangeExtension(table, ".intact.zip");

    // A pass of its own before the first row: images are read, and those of the sample are decoded and looked at.
    private static double ReactClip(ScoreOptions options, TeacherPass teacher, ScoreInputs inputs, CancellationToken cancel)
    {
        var sample = new ActivationSample();
        IEnumerable<ScoreInput> wanted = inputs.Enumerate(cancel).Where(input => sample.Wants(input.Place));
        foreach (
            IReadOnlyList<(long, float[])> batch in BatchWorkers.Run(
                teacher.Bounded(wanted),
                teacher.BatchSize,
                teacher.Workers,
                teacher.Activations,
                cancel
            )
        )
        {
            cancel.ThrowIfCancellationRequested();
            foreach ((long place, float[] activations) in batch)
                sample.Add(place, activations);
        }
        return sample.Percentile(ReactEnergy.Percentile);
    }

    private static string?[] Row(ScoredInput scored, TeacherPass teacher, string output, IReadOnlyList<string> carried)
    {
        (DecodedInput image, ImageScores? scores) = scored;
        IReadOnlyDictionary<string, string?> beside = Sidecars.ColumnsOf(image.Input.Image);
        IEnumerable<float?> figures =
        [
            .. OutputScore.All.Select((_, i) => scores?.Outputs?[i]),
            .. teacher.Blocks.SelectMany((_, i) => new[] { scores?.Variances[i], scores?.Cosines[i] }),
            .. teacher.ExtraColumns.Select((_, i) => scores?.Extras[i]),
        ];
        return
        [
            .. ScoreRow.Of(
                image.Input.TablePath(output),
                image.Sha256.Length > 0 ? image.Sha256 : image.Input.Row?["sha256"],
                image.Width,
                image.Height,
                scores is not null ? Status.Ok
                    : scored.Dropped ? Status.Skipped
                    : image.Input.Row is { IsRefused: true } refused ? refused["status"]
                    : Status.Failed,
                scored.Dropped ? Reason.Cascade : image.Reason,
                scores?.Prediction,
                scores?.Prediction is { } prediction ? teacher.ClassName(prediction) : null,
                figures
            ),
            .. carried.Select(column => image.Input.Row is { } given ? given[column] : beside.GetValueOrDefault(column)),
        ];
    }

    private static void WriteProvenance(
        ScoreOptions options,
        TeacherPass teacher,
        string? embeddings,
        IReadOnlyDictionary<string, long> counts,
        double seconds,
        CancellationToken cancel
    )
    {
        IEnumerable<string> files = options
            .Inputs.Where(ImageInputs.IsFile)
            .Concat(ITeacherNetwork.FilesOf(options.Teacher))
            .Concat(options.CopyModelPath is { } judgeOfCopies ? [judgeOfCopies] : []);
        // What is put into words below, and what only says where and how fast.
        SortedDictionary<string, string> given = OptionsText.Given(
            [
                nameof(options.Output),
                nameof(options.Resume),
                nameof(options.Overwrite),
                nameof(options.Cascade),
                nameof(options.Precision),
                nameof(options.Runtime),
                nameof(options.Views),
                nameof(options.ReactClip),
                nameof(options.EmbeddingsPath),
            ],
            options
        );
        given["teacher-read-as"] = teacher.ReadAs;
        given["inputs"] = string.Join('\n', options.Inputs);
        given["blocks"] = OptionsText.Text(teacher.Blocks);
        given["batch-size"] = OptionsText.Text(teacher.BatchSize);
        if (options.Runtime != TeacherRuntime.Libtorch)
            given["runtime"] = options.Runtime == TeacherRuntime.Onnx ? "onnx" : "onnx, int8 dynamic";
        if (options.Precision != Precision.Float32)
            given["precision"] = "bf16";
        if (embeddings is not null)
        {
            given["embeddings"] = ManifestPath.ToTable(embeddings, options.Output);
            // Whoever reads both can tell that the rows are still those of the embeddings.
            given["table-sha256"] = Provenance.HashFile(options.Output, cancel);
        }
        if (teacher.Views > 0)
            given["views"] = OptionsText.Text(teacher.Views);
        if (teacher.Clips)
            given["react-clip"] = Numbers.Format(teacher.ReactClip!.Value);
        if (teacher.Copies is { } judge)
            given["intact"] = JsonSerializer.Serialize(judge.Verdict);
        if (teacher.Cascade is { } cascade)
            given["cascade"] = JsonSerializer.Serialize(cascade.Verdict);
        new Provenance
        {
            Version = Provenance.ToolVersion,
            Command = "score",
            Options = given,
            Inputs = files.Distinct().ToDictionary(file => file, file => Provenance.HashFile(file, cancel)),
            Counts = counts,
            Seconds = seconds,
        }.WriteBeside(options.Output, [.. Beside(options.Output), .. embeddings is null ? [] : (string[])[embeddings]]);
    }
}
