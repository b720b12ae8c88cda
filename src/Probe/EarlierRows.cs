// The rows of a finished table, for a run that scores an enlarged pool.

using DataFreeKD.Manifests;
using DataFreeKD.Models;

namespace DataFreeKD.Probe;

/// <summary>What an earlier table of the same teacher and options knows.</summary>
internal static class EarlierRows
{
    /// <summary>The provenance's option that says what figures depend on.</summary>
    public const string Key = "figures-by";

    /// <summary>The provenance's option with the table's SHA-256.</summary>
    public const string TableKey = "table-sha256";

    /// <summary>What an image's figures depend on beside the image; null where that is the pool too, so that an enlarged one changes
    /// those of every image.</summary>
    public static string? FiguresBy(
        ScoreOptions options,
        TeacherPass teacher,
        IReadOnlyList<string> columns,
        string? instructions,
        CancellationToken cancel
    ) =>
        options.Cascades || (teacher.Clips && options.ReactClip is null) || (teacher.NeedsCorruptionModel && options.CopyModelPath is null)
            ? null
            : ScoreJournal.FiguresBy(options, teacher, columns, instructions ?? NumericProfiles.InstructionsOf(options.Numerics), cancel);

    /// <summary>The rows of the run's table, each with its embedding; none where the table is not there, was changed since, or is of
    /// another teacher or other options.</summary>
    /// <param name="options">The run.</param>
    /// <param name="teacher">Its teacher.</param>
    /// <param name="columns">The columns that rows have now.</param>
    /// <param name="embeddings">Where embeddings are kept; null for nowhere.</param>
    /// <param name="cancel">Ends the enumeration.</param>
    public static IEnumerable<(IReadOnlyList<string> Fields, float[]? Embedding)> Of(
        ScoreOptions options,
        TeacherPass teacher,
        IReadOnlyList<string> columns,
        string? embeddings,
        CancellationToken cancel
    )
    {
        string table = options.Output;
        if (!File.Exists(table))
            yield break;
        if (WhyNone(options, teacher, columns, embeddings, cancel) is { } why)
        {
            TableNotes.Tell($"{table}: no row is taken over and every image is scored again, since {why}");
            yield break;
        }
        using TableReader reader = Table.Open(table);
        using EmbeddingReader? vectors = embeddings is null ? null : EmbeddingReader.Open(embeddings);
        long at = 0;
        foreach (TableRow row in reader.Rows(cancel))
        {
            float[]? embedding = null;
            vectors?.Read([at], (_, vector) => embedding = vector.ToArray());
            at++;
            yield return (row.Fields, embedding);
        }
    }

    private static string? WhyNone(
        ScoreOptions options,
        TeacherPass teacher,
        IReadOnlyList<string> columns,
        string? embeddings,
        CancellationToken cancel
    )
    {
        if (FiguresBy(options, teacher, columns, null, cancel) is not { } figuresBy)
            return "figures of this run depend on the whole pool";
        if (Provenance.ReadBeside(options.Output) is not { } made)
            return "no file beside it says what made it";
        if (made.Options.GetValueOrDefault(Key) != figuresBy)
            return "another version, teacher, instruction set, other options or other columns made it";
        // Rows of Parquet are read by groups: one at a time would read each group over and over.
        if (embeddings is not null && !(embeddings.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) && File.Exists(embeddings)))
            return $"its embeddings are not in {embeddings} as .npy";
        // Rows that were edited or moved since are not taken for what was found.
        if (made.Options.GetValueOrDefault(TableKey) != Provenance.HashFile(options.Output, cancel))
            return "it was changed after it was written";
        using TableReader reader = Table.Open(options.Output);
        return reader.Header.Columns.SequenceEqual(columns) ? null : "it has other columns";
    }
}
