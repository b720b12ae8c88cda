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

        if (options.Cascade is not null || options.CascadeModelPath is not null)
            Cascade(options, teacher, inputs, columns, journal, cancel);

        string? embeddingsPath = EmbeddingsPath(options, teacher);
        int width = embeddingsPath is null ? 0 : teacher.Width,
            ofContent = columns.Length - inputs.Carried.Count - 1;
        using SeenImages seen = new(ofContent, width);
        Remember(seen, journal.Finished(width, cancel), width);
        string? figuresBy = FiguresBy(options, teacher, columns, cancel);
        if (figuresBy is not null && options.Resume && journal.Done == 0)
            Remember(seen, EarlierRows.Of(options.Output, figuresBy, columns, embeddingsPath, cancel), width);
        long copied = 0;
        long skipped = journal.Done,
            failed = 0;
        var rows = new List<string?[]>();
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
                string?[] row = Row(image, teacher, options.Output, inputs.Carried);
                float[]? embedding = image.Scores?.Embedding;
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
                failed += row[StatusAt] == Status.Failed ? 1 : 0;
                rows.Add(row);
                embeddings?.Add(embedding ?? [.. Enumerable.Repeat(float.NaN, teacher.Width)]);
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
        if (teacher.Cascade is { Drops: true })
            File.Move(journal.FileOf(SampleName), ManifestPath.SampleBeside(options.Output), overwrite: true);
        else
            File.Delete(ManifestPath.SampleBeside(options.Output));
        if (teacher.Cascade is { Drops: true } && options.CascadeModelPath is null)
            File.Move(journal.FileOf(CascadeName), CascadeModelBeside(options.Output), overwrite: true);
        else if (!IsSame(CascadeModelBeside(options.Output), options.CascadeModelPath))
            File.Delete(CascadeModelBeside(options.Output));
        WriteProvenance(options, teacher, embeddingsPath, figuresBy, counts, clock.Elapsed.TotalSeconds, cancel);
        journal.Remove();
        double seconds = clock.Elapsed.TotalSeconds;
        return new ScoreSummary(journal.Done, counts, teacher.Blocks, seconds, (journal.Done - skipped) / seconds)
        {
            Intact = teacher.Copies?.Verdict,
            Cascade = teacher.Cascade?.Verdict,
            Embeddings = embeddingsPath,
            Copied = copied,
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

    // The place of the status in a row.
    private const int StatusAt = 4;

    // Null where figures depend on the pool, so that an enlarged one changes those of every image.
    private static string? FiguresBy(ScoreOptions options, TeacherPass teacher, string[] columns, CancellationToken cancel) =>
        options.Cascades || (teacher.Clips && options.ReactClip is null) || (teacher.JudgesCopies && options.CopyModelPath is null)
            ? null
            : ScoreJournal.FiguresBy(options, teacher, columns, cancel);

    private static void Remember(SeenImages seen, IEnumerable<(IReadOnlyList<string> Fields, float[]? Embedding)> rows, int width)
    {
        foreach ((IReadOnlyList<string> fields, float[]? embedding) in rows)
        {
            // An image that could not be read has no hash; one without its embedding is scored again.
            if (fields[1].Length == 0 || (width > 0 && embedding is null))
                continue;
            seen.Came(fields[1]);
            seen.Add(fields[1], [.. fields.Skip(1)], embedding);
        }
    }

    private static string? EmbeddingsPath(ScoreOptions options, TeacherPass teacher) =>
        options.EmbeddingsPath
        ?? (
            options.KeepEmbeddings && teacher.HasHead && teacher.Width > 0 && !options.Cascades
                ? ManifestPath.EmbeddingsBeside(options.Output)
                : null
        );

    private const string SampleName = "sample.csv",
        CascadeName = "cascade.zip";

    // What a run may write, or removes of an earlier one.
    private static string[] Beside(string table) =>
        [ManifestPath.EmbeddingsBeside(table), CopyModelBeside(table), ManifestPath.SampleBeside(table), CascadeModelBeside(table)];

    // Learned from a sample of the images, unless a run before this one did.
    private static void Cascade(
        ScoreOptions options,
        TeacherPass teacher,
        ScoreInputs inputs,
        string[] columns,
        ScoreJournal journal,
        CancellationToken cancel
    )
    {
        string file = options.CascadeModelPath ?? journal.Remember(CascadeName, learned =>
            {
                (CascadeModel model, LoadedModel? student, IReadOnlyList<IReadOnlyList<string?>> seen) = CascadeRun.Learn(
                    options,
                    teacher,
                    inputs,
                    columns,
                    image => Row(image, teacher, options.Output, inputs.Carried),
                    cancel
                );
                using (student)
                {
                    string sample = journal.FileOf(SampleName);
                    using (TableWriter table = Table.Create(sample, columns))
                    {
                        foreach (IReadOnlyList<string?> row in seen)
                            table.Write(row);
                        table.Commit();
                    }
                    CascadeFile.Save(learned, model, student, sample);
                }
            });
        (CascadeModel cascade, LoadedModel? by) = CascadeFile.Load(file, journal.FileOf(SampleName));
        teacher.Drop(cascade, by);
        if (options.CascadeModelPath is { } given && cascade.Teacher != teacher.Identity(options.Teacher, cancel))
            throw new ScoreException(
                $"{given} was learned from another teacher, other preprocessing or other blocks than those of {options.Teacher}; give the same, or --cascade to learn one"
            );
    }

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

    /// <summary>Where the cascade that a table was scored by lies.</summary>
    public static string CascadeModelBeside(string table) => Path.ChangeExtension(table, ".cascade.zip");

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
        string? figuresBy,
        IReadOnlyDictionary<string, long> counts,
        double seconds,
        CancellationToken cancel
    )
    {
        IEnumerable<string> files = options
            .Inputs.Where(ImageInputs.IsFile)
            .Concat(ITeacherNetwork.FilesOf(options.Teacher))
            .Concat(options.CopyModelPath is { } judgeOfCopies ? [judgeOfCopies] : [])
            .Concat(options.CascadeModelPath is { } knownCascade ? [knownCascade] : []);
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
        if (figuresBy is not null)
            given[EarlierRows.Key] = figuresBy;
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
