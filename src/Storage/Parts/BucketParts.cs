// Finished shards in a bucket.

using System.Globalization;
using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Storage.Parts;

/// <summary>
/// The parts of a plan below the prefix that its SHA-256 names, so that whatever is left of another plan is never taken for this one's:
/// <c>notes/NNNNNNNN.json</c> (<see cref="Part"/>), <c>rows/ATTEMPT.part</c> and, where there are embeddings, <c>rows/ATTEMPT.f32</c>. The
/// rows are there before their note; the note is written where none is, which the service lets only the first of several do.
/// </summary>
/// <param name="folder">Where the plan lies.</param>
/// <param name="plan">SHA-256 of the plan.</param>
/// <param name="isPlanned">Whether it is still there.</param>
/// <param name="files">The folder of this machine for what is written and brought.</param>
/// <param name="rows">The rows' file in an attempt.</param>
/// <param name="lease">How long an attempt is believed to be at work.</param>
internal sealed class BucketParts(BucketFolder folder, string plan, Func<bool> isPlanned, string files, string rows, PartLease lease)
    : IPartStore
{
    private const int Digits = 16,
        MostTurns = 32;

    private readonly BucketAttempts attempts = new(folder, plan[..Digits], lease);

    public string Folder => folder.Name;

    public AttemptLog Attempts => attempts;

    public bool IsPlanned => isPlanned();

    private string Root => plan[..Digits];

    private string Notes => $"{Root}/notes/";

    public bool IsFinished(int shard) => folder.Find(KeyOf(shard)) is not null;

    public HashSet<int> Finished(int shards) =>
        [
            .. folder
                .List(Notes)
                .Select(key => AttemptLog.NumberOf(Path.GetFileNameWithoutExtension(key[Notes.Length..]), shards))
                .OfType<int>(),
        ];

    public Part? Read(int shard) =>
        folder.Load(KeyOf(shard)) is { } note ? PartStore.Checked(shard, NoteOf(shard), ShardJson.Parse<Part>(note.Bytes)) : null;

    public string NoteOf(int shard) => folder.NameOf(KeyOf(shard));

    public string RowsOf(int shard) => FileOf(shard, "part");

    public string VectorsOf(int shard) => FileOf(shard, "f32");

    public string? DamageOf(Part part, CancellationToken cancel) =>
        Damage(RowsIn(part.Attempt), part.Sha256, into: null, cancel)
        ?? (part.EmbeddingsSha256 is { } vectors ? Damage(VectorsIn(part.Attempt), vectors, into: null, cancel) : null);

    public string? Bring(Part part, CancellationToken cancel) =>
        Damage(RowsIn(part.Attempt), part.Sha256, RowsOf(part.Shard), cancel)
        ?? (part.EmbeddingsSha256 is { } vectors ? Damage(VectorsIn(part.Attempt), vectors, VectorsOf(part.Shard), cancel) : null);

    public void Remove(int shard)
    {
        string? attempt = folder.Load(KeyOf(shard)) is { } note ? ShardJson.Parse<Part>(note.Bytes)?.Attempt : null;
        // The note first: without it the rest is no part.
        folder.Delete(KeyOf(shard));
        if (attempt is not null && AttemptLog.IsNameOf(shard, attempt))
            folder.Delete(ContentsOf(Root, attempt));
    }

    public IPartAttempt Begin(int shard, string version)
    {
        string name = AttemptLog.NewName(shard),
            own = Path.Combine(files, ShardAttempts.Name, name);
        Directory.CreateDirectory(own);
        return new BucketAttempt(this, attempts.Begin(name, version), name, Path.Combine(own, rows), Path.Combine(own, PartStore.Vectors));
    }

    /// <summary>Sends an attempt's files, and makes them the part unless another attempt was first.</summary>
    /// <returns>The part that is there; the given one where it was first.</returns>
    public Part Commit(Part part, IPartAttempt attempt)
    {
        folder.Send(RowsIn(attempt.Name), attempt.Rows);
        if (part.EmbeddingsSha256 is not null)
            folder.Send(VectorsIn(attempt.Name), attempt.Vectors);
        if (!IsPlanned)
        {
            Forget(attempt);
            throw new IOException("the plan is gone");
        }
        // Who finds a part damaged may remove its note in between.
        for (int turn = 1; turn <= MostTurns; turn++)
        {
            if (folder.PutNew(KeyOf(part.Shard), ShardJson.Lines(part)) is not null)
                return part;
            // An own note whose answer was lost is there like any other.
            if (Read(part.Shard) is { } first)
                return first;
        }
        throw new IOException($"{NoteOf(part.Shard)} is said to be there, and is not: see who else writes there");
    }

    /// <summary>Removes what an attempt sent.</summary>
    public void Forget(IPartAttempt attempt) => folder.Delete(ContentsOf(Root, attempt.Name));

    /// <summary>The rows and the embeddings of an attempt.</summary>
    public static string[] ContentsOf(string parts, string attempt) => [$"{parts}/rows/{attempt}.part", $"{parts}/rows/{attempt}.f32"];

    private string? Damage(string key, string sha256, string? into, CancellationToken cancel)
    {
        // What an interrupted finish brought.
        if (into is not null && File.Exists(into) && FileHash.Of(into, cancel) == sha256)
            return null;
        using AtomicFile? file = into is null ? null : new AtomicFile(into);
        if (folder.Bring(key, file?.Stream, cancel) is not { } found)
            return $"{folder.NameOf(key)} is gone";
        if (found != sha256)
            return $"{folder.NameOf(key)} is cut short or altered (its sha256 is not its note's)";
        file?.Commit();
        return null;
    }

    private string RowsIn(string attempt) => ContentsOf(Root, attempt)[0];

    private string VectorsIn(string attempt) => ContentsOf(Root, attempt)[1];

    private string KeyOf(int shard) => string.Create(CultureInfo.InvariantCulture, $"{Notes}{shard:D8}.json");

    private string FileOf(int shard, string ending) =>
        Path.Combine(files, string.Create(CultureInfo.InvariantCulture, $"{shard:D8}.{ending}"));
}
