// What is learned from the whole pool before the first row: the clip of activations, the classifier of copies, the cascade.

using System.Text.Json;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Probe.Corruptions;
using DataFreeKD.Probe.Scores;

namespace DataFreeKD.Probe;

/// <summary>Learns it once and keeps it beside the finished rows, for whoever goes on with them.</summary>
internal static class ScorePrelude
{
    private const string Clip = "react-clip",
        ClipFile = Clip + ".json",
        CorruptionFileName = "intact.zip",
        CascadeName = "cascade.zip",
        SampleFile = "sample.csv";

    /// <summary>Names of the files that <see cref="Learn"/> may leave.</summary>
    public static IReadOnlyList<string> Files { get; } = [ClipFile, CorruptionFileName, CascadeName, SampleFile];

    /// <summary>Learns what the scores need, or takes what an interrupted run learned.</summary>
    public static void Learn(
        ScoreOptions options,
        TeacherPass teacher,
        ScoreInputs inputs,
        ScoreJournal journal,
        IReadOnlyList<string> columns,
        CancellationToken cancel
    )
    {
        PoolFit fit = teacher.Fit;
        if (teacher.Clips && fit.ReactClip is null)
            fit = fit with { ReactClip = journal.Remember(Clip, () => ReactClip(teacher, inputs.Enumerate, cancel)) };
        if (teacher.NeedsCorruptionModel && fit.CorruptionModel is null)
            fit = fit with { CorruptionModel = CorruptionFile.Load(LearnedCorruptions(options, teacher, inputs, journal, cancel)) };
        teacher.Use(fit);
        // Its sample is scored with all of the above.
        if (options.Cascades)
            LearnCascade(options, teacher, inputs, journal, columns, cancel);
    }

    /// <summary>Gives a teacher what another process learned.</summary>
    /// <param name="options">The run.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="folder">Where it was left.</param>
    public static void Load(ScoreOptions options, TeacherPass teacher, string folder)
    {
        // Of a pool without an image there is no clip.
        PoolFit fit = teacher.Fit;
        if (teacher.Clips && fit.ReactClip is null)
            fit = fit with
            {
                ReactClip = File.Exists(Path.Combine(folder, ClipFile))
                    ? JsonSerializer.Deserialize<double>(File.ReadAllText(Path.Combine(folder, ClipFile)))
                    : double.NaN,
            };
        if (teacher.NeedsCorruptionModel && fit.CorruptionModel is null)
            fit = fit with { CorruptionModel = CorruptionFile.Load(Path.Combine(folder, CorruptionFileName)) };
        teacher.Use(fit);
        if (options.Cascades)
            Drop(options, teacher, options.CascadeModelPath ?? Path.Combine(folder, CascadeName), sample: null, CancellationToken.None);
    }

    /// <summary>Moves what later runs and stages use to its place beside the table.</summary>
    public static void Hand(ScoreOptions options, TeacherPass teacher, string folder, string table)
    {
        string copies = Path.Combine(folder, CorruptionFileName),
            sample = Path.Combine(folder, SampleFile);
        if (File.Exists(copies))
            File.Move(copies, ManifestPath.IntactModelBeside(table), overwrite: true);
        string cascade = Path.Combine(folder, CascadeName),
            beside = ManifestPath.CascadeModelBeside(table);
        bool drops = teacher.Fit.Cascade is { Drops: true };
        if (drops)
            File.Move(sample, ManifestPath.SampleBeside(table), overwrite: true);
        else
            File.Delete(ManifestPath.SampleBeside(table));
        if (drops && options.CascadeModelPath is null)
            File.Move(cascade, beside, overwrite: true);
        else if (options.CascadeModelPath is not { } given || Path.GetFullPath(given) != Path.GetFullPath(beside))
            File.Delete(beside);
    }

    private static string LearnedCorruptions(
        ScoreOptions options,
        TeacherPass teacher,
        ScoreInputs inputs,
        ScoreJournal journal,
        CancellationToken cancel
    ) => journal.Remember(CorruptionFileName, file =>
        {
            (CorruptionModel model, CorruptionFile.Trained? trained) = CorruptionRun.Learn(
                options.CopySample,
                teacher,
                inputs.Enumerate,
                cancel
            );
            CorruptionFile.Save(file, model, trained);
        });

    // Learned from a sample of the images, unless a run before this one did.
    private static void LearnCascade(
        ScoreOptions options,
        TeacherPass teacher,
        ScoreInputs inputs,
        ScoreJournal journal,
        IReadOnlyList<string> columns,
        CancellationToken cancel
    )
    {
        string sample = journal.FileOf(SampleFile);
        string file = options.CascadeModelPath ?? journal.Remember(CascadeName, learned =>
            {
                (CascadeModel model, LoadedModel? student, IReadOnlyList<IReadOnlyList<string?>> seen) = CascadeRun.Learn(
                    options,
                    teacher,
                    inputs,
                    columns,
                    image => ScoreRow.Of(image, teacher, options.Output, inputs.Carried),
                    cancel
                );
                using (student)
                {
                    using (TableWriter table = Table.Create(sample, columns))
                    {
                        foreach (IReadOnlyList<string?> row in seen)
                            table.Write(row);
                        table.Commit();
                    }
                    CascadeFile.Save(learned, model, student, sample);
                }
            });
        Drop(options, teacher, file, sample, cancel);
    }

    private static void Drop(ScoreOptions options, TeacherPass teacher, string file, string? sample, CancellationToken cancel)
    {
        (CascadeModel cascade, LoadedModel? by) = CascadeFile.Load(file, sample);
        teacher.Use(teacher.Fit with { Cascade = cascade, FirstLook = by });
        if (options.CascadeModelPath is not null && cascade.Teacher != teacher.Identity(options.Teacher, cancel))
            throw new ScoreException(
                $"{file} was learned from another teacher, other preprocessing or other blocks than those of {options.Teacher}; give the same, or Cascade to learn one"
            )
            {
                Options = [nameof(ScoreOptions.Cascade)],
            };
    }

    /// <summary>The clip of a pool's activations, by a pass of its own: images are read, and those of the sample are decoded and
    /// scored.</summary>
    public static double ReactClip(TeacherPass teacher, Func<CancellationToken, IEnumerable<ScoreInput>> inputs, CancellationToken cancel)
    {
        ActivationSample sample = new();
        IEnumerable<ScoreInput> wanted = inputs(cancel).Where(input => sample.Wants(input.Place));
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
}
