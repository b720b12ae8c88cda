// Finished shards on disk: they, and no queue or lock, say what is done.

using System.Globalization;

namespace DataFreeKD.Core.Sharding;

/// <summary>
/// The parts of a plan: <c>NNNNNNNN.json</c> (<see cref="Part"/>), <c>NNNNNNNN.part</c> (what the stage writes: CSV with its header, or
/// records) and, where there are embeddings, <c>NNNNNNNN.f32</c>. The note is what decides: it is linked into its place, which only the
/// first of several attempts can do. Rows that are not in place yet are then in its attempt's folder.
/// </summary>
/// <param name="folder">The folder of the plan.</param>
/// <param name="rows">The rows' file in an attempt: <see cref="Table"/> or <see cref="Records"/>.</param>
internal sealed class PartStore(string folder, string rows)
{
    /// <summary>The rows' file in an attempt, where they are a table.</summary>
    public const string Table = "rows.csv";

    /// <summary>The rows' file in an attempt, where they are records of one size.</summary>
    public const string Records = "rows.bin";

    /// <summary>The embeddings' file in an attempt.</summary>
    public const string Vectors = "rows.f32";

    /// <summary>The folder of parts.</summary>
    public string Folder => folder;

    /// <summary>The attempts.</summary>
    public ShardAttempts Attempts { get; } = new(folder);

    /// <summary>Whether a shard has its note.</summary>
    public bool IsFinished(int shard) => File.Exists(NoteOf(shard));

    public string NoteOf(int shard) => FileOf(shard, "json");

    public string RowsOf(int shard) => FileOf(shard, "part");

    public string VectorsOf(int shard) => FileOf(shard, "f32");

    /// <summary>Where an attempt's rows are written.</summary>
    public string RowsIn(string attempt) => Path.Combine(attempt, rows);

    /// <summary>Where an attempt's embeddings are written.</summary>
    public string VectorsIn(string attempt) => Path.Combine(attempt, Vectors);

    /// <summary>The note of a finished shard; null where it is not finished.</summary>
    /// <exception cref="ShardException">The note is damaged.</exception>
    public Part? Read(int shard)
    {
        string note = NoteOf(shard);
        if (!File.Exists(note))
            return null;
        if (ShardJson.Read<Part>(note) is not { IsWhole: true } part)
            throw Damaged("not the note of a shard");
        if (part.Shard != shard)
            throw Damaged(string.Create(CultureInfo.InvariantCulture, $"the note of shard {part.Shard}"));
        if (!ShardAttempts.IsNameOf(shard, part.Attempt))
            throw Damaged("of an attempt whose name is none");
        Place(shard, Path.Combine(Attempts.Folder, part.Attempt));
        return part;

        ShardException Damaged(string what) =>
            new(ShardProblem.Damaged, $"{note} is {what}; delete it, and the shard is computed again by --shard or --resume");
    }

    /// <summary>Puts an attempt's rows in place where they are not.</summary>
    public void Place(int shard, string attempt)
    {
        if (ShardAttempts.IsLink(attempt))
            return;
        Put(RowsIn(attempt), RowsOf(shard));
        Put(VectorsIn(attempt), VectorsOf(shard));

        static void Put(string from, string to)
        {
            if (!File.Exists(to) && File.Exists(from))
                HardLink.TryCreate(from, to);
        }
    }

    /// <summary>What is wrong with a finished shard's files; null where they are what was written.</summary>
    public string? DamageOf(Part part, CancellationToken cancel) =>
        Damage(RowsOf(part.Shard), part.Sha256, cancel)
        ?? (part.EmbeddingsSha256 is { } vectors ? Damage(VectorsOf(part.Shard), vectors, cancel) : null);

    /// <summary>Forgets a finished shard, so that it is computed again.</summary>
    public void Remove(int shard)
    {
        string? attempt = ShardJson.Read<Part>(NoteOf(shard))?.Attempt;
        // The note first: without it the rest is no part.
        File.Delete(NoteOf(shard));
        File.Delete(RowsOf(shard));
        File.Delete(VectorsOf(shard));
        if (attempt is not null && ShardAttempts.IsNameOf(shard, attempt))
            ShardAttempts.Remove(Path.Combine(Attempts.Folder, attempt));
    }

    /// <summary>Forgets how attempts at a shard failed. Where two came to different bytes, neither is believed.</summary>
    public void Forget(int shard)
    {
        if (Attempts.Forget(shard))
            Remove(shard);
    }

    private static string? Damage(string file, string sha256, CancellationToken cancel) =>
        !File.Exists(file) ? $"{file} is gone"
        : FileHash.Of(file, cancel) != sha256 ? $"{file} is cut short or altered (its sha256 is not its note's)"
        : null;

    private string FileOf(int shard, string ending) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{shard:D8}.{ending}"));
}
