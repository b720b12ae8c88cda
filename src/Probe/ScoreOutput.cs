// The last step of scoring: finished rows become the table, with what lies beside it.

using System.Diagnostics;
using System.Text.Json;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Manifests.Folders;
using DataFreeKD.Models;
using DataFreeKD.Probe.Teachers;

namespace DataFreeKD.Probe;

/// <summary>Finished rows, to be joined.</summary>
/// <param name="Folder">Where they are, and what was learned from the pool.</param>
/// <param name="Columns">Their columns.</param>
/// <param name="Tables">CSV files of rows, in order.</param>
/// <param name="Vectors">A file of raw float32 embeddings for each; there where embeddings are kept.</param>
/// <param name="Rows">Rows in all.</param>
internal sealed record FinishedRows(
    string Folder,
    IReadOnlyList<string> Columns,
    IReadOnlyList<string> Tables,
    IReadOnlyList<string> Vectors,
    long Rows
)
{
    /// <summary>SHA-256 of the inputs that are files, where they are known.</summary>
    public IReadOnlyDictionary<string, string>? InputHashes { get; init; }

    /// <summary>How processors differed that the rows come from; null where they did not.</summary>
    public string? MixedNumerics { get; init; }

    /// <summary>The instructions of the processors that they come from; null for this one's.</summary>
    public string? Instructions { get; init; }
}

/// <summary>Writes the table, and refuses what it must not replace.</summary>
internal static class ScoreOutput
{
    /// <summary>What is written or removed with a table, beyond its provenance.</summary>
    public static string[] Beside(string table) =>
        [
            ManifestPath.EmbeddingsBeside(table),
            ManifestPath.IntactModelBeside(table),
            ManifestPath.SampleBeside(table),
            ManifestPath.CascadeModelBeside(table),
        ];

    /// <summary>The files of an output that another output may have in common with it.</summary>
    public static IEnumerable<string> Shared(ScoreOptions options) =>
        [Provenance.PathBeside(options.Output), .. options.EmbeddingsPath is { } named ? [named] : (string[])[]];

    /// <summary>Refuses what lies where something would be written and is not this tool's.</summary>
    /// <exception cref="DataFreeKDException">Says what.</exception>
    public static void RefuseForeign(ScoreOptions options)
    {
        Table.RequireWritable(options.Output);
        RefuseBeside(options, options.Output);
        RefuseEmbeddings(options);
        ScoreJournal.RefuseForeign(options.Output);
    }

    /// <summary>Where embeddings will be; null for nowhere.</summary>
    public static string? EmbeddingsPath(ScoreOptions options, TeacherPass teacher) =>
        options.EmbeddingsPath
        ?? (
            options.KeepEmbeddings && teacher.HasHead && teacher.Width > 0 && !options.Cascades
                ? ManifestPath.EmbeddingsBeside(options.Output)
                : null
        );

    /// <summary>SHA-256 of the inputs that are files, of the teacher's and of a classifier of copies that was given; the ETags of
    /// objects.</summary>
    public static IReadOnlyDictionary<string, string> HashesOf(ScoreOptions options, CancellationToken cancel) =>
        options
            .Sources.Where(input => ImageInputs.IsFile(input) || TableFolder.Fits(input))
            .Concat(ITeacherNetwork.FilesOf(options.Teacher))
            .Concat(options.CopyModelPath is { } judge ? [judge] : [])
            .Concat(options.CascadeModelPath is { } cascade ? [cascade] : [])
            .Distinct()
            .ToDictionary(file => file, file => Provenance.HashFile(file, cancel))
            .Concat(
                options
                    .Sources.Where(ImageInputs.IsInBucket)
                    .Distinct()
                    .Select(source => KeyValuePair.Create(source, ImageInputs.MarkOf(source, cancel)))
            )
            .ToDictionary();

    /// <summary>Joins the rows, and writes what lies beside the table. The rows stay where they are.</summary>
    /// <param name="options">The run.</param>
    /// <param name="teacher">The teacher, with what was learned from the pool.</param>
    /// <param name="held">The output.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="embeddings">Where the embeddings go; null where none are kept.</param>
    /// <param name="asFolder">Whether a table folder is written in place of the table.</param>
    /// <param name="clock">Runs since the process began.</param>
    /// <param name="cancel">Stops.</param>
    /// <returns>Rows by status.</returns>
    public static IReadOnlyDictionary<string, long> Write(
        ScoreOptions options,
        TeacherPass teacher,
        OutputLock held,
        FinishedRows rows,
        string? embeddings,
        bool asFolder,
        Stopwatch clock,
        CancellationToken cancel
    )
    {
        string table = asFolder ? TableFolder.Beside(options.Output) : options.Output;
        held.RefuseAppeared(options.Overwrite);
        RefuseBeside(options, table);
        Provenance.Claim(table, "score", [.. Beside(table), .. embeddings is { } kept ? [kept] : (string[])[]]);
        if (embeddings is not null)
            EmbeddingFile.Write(embeddings, rows.Rows, teacher.Width, rows.Vectors, PathsOf(rows.Tables));
        IReadOnlyDictionary<string, long> counts = Join(rows, table, asFolder, options.Output, cancel);
        // An earlier run's are of other rows.
        if (ManifestPath.EmbeddingsBeside(table) is var earlier && !IsSame(earlier, embeddings))
            File.Delete(earlier);
        ScorePrelude.Hand(options, teacher, rows.Folder, table);
        WriteProvenance(options, teacher, table, embeddings, counts, clock.Elapsed.TotalSeconds, rows, cancel);
        return counts;
    }

    private static SortedDictionary<string, long> Join(
        FinishedRows rows,
        string table,
        bool asFolder,
        string output,
        CancellationToken cancel
    )
    {
        SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
        if (asFolder)
            TableFolder.Write(
                table,
                rows.Columns,
                rows.Tables,
                Path.GetExtension(output).Equals(".parquet", StringComparison.OrdinalIgnoreCase),
                cancel
            );
        using TableWriter? writer = asFolder ? null : Table.Create(table, rows.Columns);
        foreach (string part in rows.Tables)
        {
            using TableReader reader = TablePart.Open(part);
            foreach (TableRow row in reader.Rows(cancel))
            {
                writer?.Write(row.Fields);
                string key = ScoreRow.KeyOf(row.Fields);
                counts[key] = counts.GetValueOrDefault(key) + 1;
            }
        }
        writer?.Commit();
        return counts;
    }

    private static IEnumerable<string> PathsOf(IEnumerable<string> tables)
    {
        foreach (string table in tables)
        {
            using TableReader reader = TablePart.Open(table);
            int path = reader.Header.Require("path");
            while (reader.Read())
                yield return reader.Text(path);
        }
    }

    private static void RefuseBeside(ScoreOptions options, string table) =>
        Provenance.RefuseForeign(table, options.Overwrite, Beside(table).Where(file => !IsSame(file, options.EmbeddingsPath)));

    private static bool IsSame(string file, string? other) => other is not null && Path.GetFullPath(file) == Path.GetFullPath(other);

    // Those of an interrupted run are named in the provenance, if they lie beside the table.
    private static void RefuseEmbeddings(ScoreOptions options)
    {
        if (options.EmbeddingsPath is not { } file)
            return;
        if (Directory.Exists(file))
            throw new ScoreException($"EmbeddingsPath {file}: is a folder; name a .npy or .parquet file")
            {
                Options = [nameof(ScoreOptions.EmbeddingsPath)],
            };
        if (IsSame(file, options.Output))
            throw new ScoreException($"EmbeddingsPath {file}: is the table itself; name another file")
            {
                Options = [nameof(ScoreOptions.EmbeddingsPath)],
            };
        if (options.Overwrite || options.Resume || !File.Exists(file))
            return;
        throw new ScoreException($"EmbeddingsPath {file} exists; add Overwrite to replace it, or name another file")
        {
            Options = [nameof(ScoreOptions.EmbeddingsPath), nameof(ScoreOptions.Overwrite)],
        };
    }

    private static void WriteProvenance(
        ScoreOptions options,
        TeacherPass teacher,
        string table,
        string? embeddings,
        IReadOnlyDictionary<string, long> counts,
        double seconds,
        FinishedRows rows,
        CancellationToken cancel
    )
    {
        // What is put into words below, and what only says where and how fast.
        SortedDictionary<string, string> given = OptionsText.Given(
            [
                nameof(options.Sources),
                nameof(options.Output),
                nameof(options.Resume),
                nameof(options.Overwrite),
                nameof(options.Parts),
                nameof(options.Cascade),
                nameof(options.Precision),
                nameof(options.Runtime),
                nameof(options.Views),
                nameof(options.ReactClip),
                nameof(options.EmbeddingsPath),
                nameof(options.Numerics),
            ],
            options
        );
        // As the command has them.
        OptionsText.Rename(given, ("teacher-heads", "heads"), ("extra-scores", "scores"));
        given["teacher-read-as"] = teacher.ReadAs;
        given["inputs"] = string.Join('\n', options.Sources);
        given["blocks"] = OptionsText.Text(teacher.Blocks);
        given["batch-size"] = OptionsText.Text(teacher.BatchSize);
        if (options.Runtime != TeacherRuntime.Libtorch)
            given["runtime"] = options.Runtime == TeacherRuntime.Onnx ? "onnx" : "onnx, int8 dynamic";
        if (options.Precision != Precision.Float32)
            given["precision"] = "bf16";
        if ((options.Numerics == NumericProfile.Native ? rows.MixedNumerics : options.Numerics.Name()) is { } numerics)
            given["numerics"] = numerics;
        if (embeddings is not null)
            given["embeddings"] = ManifestPath.ToTable(embeddings, table);
        // Whoever takes rows over, or reads the embeddings, can tell that they are still those that were written.
        given[EarlierRows.TableKey] = Provenance.HashFile(table, cancel);
        if (rows.MixedNumerics is null && EarlierRows.FiguresBy(options, teacher, rows.Columns, rows.Instructions, cancel) is { } figuresBy)
            given[EarlierRows.Key] = figuresBy;
        if (teacher.Views > 0)
            given["views"] = OptionsText.Text(teacher.Views);
        if (teacher.Clips)
            given["react-clip"] = Numbers.Format(teacher.Fit.ReactClip!.Value);
        if (teacher.Fit.CorruptionModel is { } judge)
            given["intact"] = JsonSerializer.Serialize(judge.Verdict);
        if (teacher.Fit.Cascade is { } cascade)
            given["cascade"] = JsonSerializer.Serialize(cascade.Verdict);
        new Provenance
        {
            Version = Provenance.ToolVersion,
            Command = "score",
            Options = given,
            Inputs = rows.InputHashes ?? HashesOf(options, cancel),
            Counts = counts,
            Seconds = seconds,
        }.WriteBeside(table, [.. Beside(table), .. embeddings is null ? [] : (string[])[embeddings]]);
    }
}
