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
internal sealed class PartStore(string folder, string rows) : IPartStore
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

    AttemptLog IPartStore.Attempts => Attempts;

    /// <inheritdoc/>
    public bool IsPlanned => File.Exists(Path.Combine(folder, PartPlan.Name));

    /// <summary>Whether a shard has its note.</summary>
    public bool IsFinished(int shard) => File.Exists(NoteOf(shard));

    /// <inheritdoc/>
    public HashSet<int> Finished(int shards)
    {
        try
        {
            return
            [
                .. Directory
                    .EnumerateFiles(folder, "*.json")
                    .Select(file => AttemptLog.NumberOf(Path.GetFileNameWithoutExtension(file), shards))
                    .OfType<int>(),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

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
        Part part = Checked(shard, note, ShardJson.Read<Part>(note));
        Place(shard, Path.Combine(Attempts.Folder, part.Attempt));
        return part;
    }

    /// <summary>Refuses what is no note of a shard.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="note">Its note as messages name it.</param>
    /// <param name="read">What was read there; null where it was no note.</param>
    /// <exception cref="ShardException">It is none, or another shard's.</exception>
    public static Part Checked(int shard, string note, Part? read)
    {
        string? wrong =
            read is not { IsWhole: true } ? "not the note of a shard"
            : read.Shard != shard ? string.Create(CultureInfo.InvariantCulture, $"the note of shard {read.Shard}")
            : !AttemptLog.IsNameOf(shard, read.Attempt) ? "of an attempt whose name is none"
            : null;
        return wrong is null
            ? read!
            : throw new ShardException(
                ShardProblem.Damaged,
                $"{note} is {wrong}; delete it, and the shard is computed again by --shard or --resume"
            );
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
        if (attempt is not null && AttemptLog.IsNameOf(shard, attempt))
            ShardAttempts.Remove(Path.Combine(Attempts.Folder, attempt));
    }

    /// <inheritdoc/>
    public string? Bring(Part part, CancellationToken cancel) => DamageOf(part, cancel);

    /// <inheritdoc/>
    public IPartAttempt Begin(int shard, string version) => new PartAttempt(this, shard, version);

    private static string? Damage(string file, string sha256, CancellationToken cancel) =>
        !File.Exists(file) ? $"{file} is gone"
        : FileHash.Of(file, cancel) != sha256 ? $"{file} is cut short or altered (its sha256 is not its note's)"
        : null;

    private string FileOf(int shard, string ending) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{shard:D8}.{ending}"));
}
