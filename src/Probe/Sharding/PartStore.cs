// Finished shards on disk: they, and no queue or lock, say what is done.

using System.Globalization;
using DataFreeKD.Manifests;

namespace DataFreeKD.Probe.Sharding;

/// <summary>
/// The parts of a plan: <c>NNNNNNNN.json</c> (<see cref="Part"/>), <c>NNNNNNNN.part</c> (CSV with its header) and
/// <c>NNNNNNNN.f32</c>. The note is what decides: it is linked into its place, which only the first of several attempts can do. Rows that
/// are not in place yet are then in its attempt's folder.
/// </summary>
internal sealed class PartStore(string folder)
{
    /// <summary>Attempts without a result after which a shard is not tried again.</summary>
    public const int MostAttempts = 3;

    /// <summary>The folder of attempts.</summary>
    public const string AttemptsName = "attempts";

    /// <summary>The folder of parts.</summary>
    public string Folder => folder;

    /// <summary>Where attempts lie.</summary>
    public string Attempts => Path.Combine(folder, AttemptsName);

    public string NoteOf(int shard) => FileOf(shard, "json");

    public string RowsOf(int shard) => FileOf(shard, "part");

    public string VectorsOf(int shard) => FileOf(shard, "f32");

    /// <summary>The note of a finished shard; null where it is not finished.</summary>
    /// <exception cref="ShardException">The note is damaged.</exception>
    public Part? Read(int shard)
    {
        string note = NoteOf(shard);
        if (!File.Exists(note))
            return null;
        if (PartJson.Read<Part>(note) is not { IsWhole: true } part)
            throw Damaged("not the note of a shard");
        if (part.Shard != shard)
            throw Damaged(string.Create(CultureInfo.InvariantCulture, $"the note of shard {part.Shard}"));
        if (!IsAttempt(shard, part.Attempt))
            throw Damaged("of an attempt whose name is none");
        Place(shard, Path.Combine(Attempts, part.Attempt));
        return part;

        ShardException Damaged(string what) =>
            new(ShardProblem.Damaged, $"{note} is {what}; delete it, and the shard is computed again by --shard or --resume");
    }

    /// <summary>Puts an attempt's rows in place where they are not.</summary>
    public void Place(int shard, string attempt)
    {
        if (IsLink(attempt))
            return;
        Put(ShardAttempt.RowsIn(attempt), RowsOf(shard));
        Put(ShardAttempt.VectorsIn(attempt), VectorsOf(shard));

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
        string? attempt = PartJson.Read<Part>(NoteOf(shard))?.Attempt;
        // The note first: without it the rest is no part.
        File.Delete(NoteOf(shard));
        File.Delete(RowsOf(shard));
        File.Delete(VectorsOf(shard));
        if (attempt is not null && IsAttempt(shard, attempt))
            RemoveAttempt(Path.Combine(Attempts, attempt));
    }

    /// <summary>How the attempts at a shard failed, as far as they did.</summary>
    public IReadOnlyList<Failure> FailuresOf(int shard) => [.. AttemptsAt(shard).Select(ShardAttempt.FailureOf).OfType<Failure>()];

    /// <summary>Whether a shard without a part is not to be tried again.</summary>
    public static bool IsPoison(IReadOnlyList<Failure> failures) =>
        failures.Count >= MostAttempts || failures.Any(failure => failure.Lasting);

    /// <summary>Forgets how attempts at a shard failed. Where two came to different bytes, neither is believed.</summary>
    public void Forget(int shard)
    {
        foreach (string attempt in AttemptsAt(shard))
        {
            if (ShardAttempt.FailureOf(attempt) is not { } failure)
                continue;
            if (failure.Conflict)
                Remove(shard);
            RemoveAttempt(attempt);
        }
    }

    /// <summary>Whether a folder is a link: this tool makes none, and what it leads to is not this tool's.</summary>
    public static bool IsLink(string folder) => new DirectoryInfo(folder) is { Exists: true, LinkTarget: not null };

    /// <summary>Removes an attempt's folder and what this tool writes there. A link stays as it is.</summary>
    public static void RemoveAttempt(string attempt)
    {
        try
        {
            if (!Directory.Exists(attempt) || IsLink(attempt))
                return;
            foreach (string file in Directory.EnumerateFiles(attempt).Where(IsOfAttempt).ToArray())
                File.Delete(file);
            if (!Directory.EnumerateFileSystemEntries(attempt).Any())
                Directory.Delete(attempt);
        }
        catch (Exception gone) when (gone is DirectoryNotFoundException or FileNotFoundException)
        {
            // Whoever joined the parts removed it first.
        }
    }

    // As ShardAttempt names them.
    private static bool IsAttempt(int shard, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{shard:D8}.") is var own
        && name.StartsWith(own, StringComparison.Ordinal)
        && name.Length == own.Length + 32
        && name.Skip(own.Length).All(char.IsAsciiHexDigitLower);

    private static bool IsOfAttempt(string file) =>
        Path.GetFileName(file) is "started.json" or "failed.json" or "part.json" or "rows.csv" or "rows.f32"
        || AtomicFile.IsTemporary(file);

    private IEnumerable<string> AttemptsAt(int shard) =>
        Directory.Exists(Attempts)
            ? Directory
                .EnumerateDirectories(Attempts, string.Create(CultureInfo.InvariantCulture, $"{shard:D8}.*"))
                .Order(StringComparer.Ordinal)
            : [];

    private static string? Damage(string file, string sha256, CancellationToken cancel) =>
        !File.Exists(file) ? $"{file} is gone"
        : Provenance.HashFile(file, cancel) != sha256 ? $"{file} is cut short or altered (its sha256 is not its note's)"
        : null;

    private string FileOf(int shard, string ending) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{shard:D8}.{ending}"));
}
