// What is learned from the whole pool before the first row: the clip of activations, the classifier of copies, the cascade.

using System.Text.Json;
using DataFreeKD.Manifests;
using DataFreeKD.Probe.Cascade;
using DataFreeKD.Probe.Corruptions;
using DataFreeKD.Probe.Scores;

namespace DataFreeKD.Probe;

/// <summary>Learns it once and keeps it beside the finished rows, for whoever goes on with them.</summary>
internal static class ScorePrelude
{
    private const string Clip = "react-clip",
        ClipFile = Clip + ".json",
        CopiesFile = "intact.zip",
        CascadeFile = "cascade.json",
        SampleFile = "sample.csv";

    /// <summary>Names of the files that <see cref="Learn"/> may leave.</summary>
    public static IReadOnlyList<string> Files { get; } = [ClipFile, CopiesFile, CascadeFile, SampleFile];

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
        if (teacher.Clips)
            teacher.ReactClip ??= journal.Remember(Clip, () => ReactClip(teacher, inputs, cancel));
        if (teacher.JudgesCopies && teacher.Copies is null)
            teacher.Copies = CopyFile.Load(journal.Remember(CopiesFile, file =>
                {
                    (CopyModel model, CopyFile.Trained? trained) = CopyRun.Learn(options, teacher, inputs, cancel);
                    CopyFile.Save(file, model, trained);
                }));
        if (options.Cascade is not null)
        {
            string learned = journal.Remember(CascadeFile, file =>
            {
                (CascadeModel model, IReadOnlyList<IReadOnlyList<string?>> seen) = CascadeRun.Learn(
                    options,
                    teacher,
                    inputs,
                    columns,
                    image => ScoreRow.Of(image, teacher, options.Output, inputs.Carried),
                    cancel
                );
                // First: without the model nobody asks for the sample.
                using TableWriter table = Table.Create(journal.FileOf(SampleFile), columns);
                foreach (IReadOnlyList<string?> row in seen)
                    table.Write(row);
                table.Commit();
                AtomicFile.WriteAllText(file, JsonSerializer.Serialize(model));
            });
            teacher.Cascade = Read(learned);
        }
    }

    /// <summary>Gives a teacher what another process learned.</summary>
    /// <param name="options">The run.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="folder">Where it was left.</param>
    public static void Load(ScoreOptions options, TeacherPass teacher, string folder)
    {
        // Of a pool without an image there is no clip.
        if (teacher.Clips)
            teacher.ReactClip ??= File.Exists(Path.Combine(folder, ClipFile))
                ? JsonSerializer.Deserialize<double>(File.ReadAllText(Path.Combine(folder, ClipFile)))
                : double.NaN;
        if (teacher.JudgesCopies && teacher.Copies is null)
            teacher.Copies = CopyFile.Load(Path.Combine(folder, CopiesFile));
        if (options.Cascade is not null)
            teacher.Cascade = Read(Path.Combine(folder, CascadeFile));
    }

    /// <summary>Moves what later runs and stages use to its place beside the table.</summary>
    public static void Hand(TeacherPass teacher, string folder, string table)
    {
        string copies = Path.Combine(folder, CopiesFile),
            sample = Path.Combine(folder, SampleFile);
        if (File.Exists(copies))
            File.Move(copies, ScoreRun.CopyModelBeside(table), overwrite: true);
        if (teacher.Cascade is { Blocks: > 0 })
            File.Move(sample, ManifestPath.SampleBeside(table), overwrite: true);
        else
            File.Delete(ManifestPath.SampleBeside(table));
    }

    private static CascadeModel? Read(string file) => JsonSerializer.Deserialize<CascadeModel>(File.ReadAllText(file));

    // A pass of its own before the first row: images are read, and those of the sample are decoded and looked at.
    private static double ReactClip(TeacherPass teacher, ScoreInputs inputs, CancellationToken cancel)
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
}
