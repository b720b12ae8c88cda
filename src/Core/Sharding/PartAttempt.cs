// One process at one shard whose result is a part.

namespace DataFreeKD.Core.Sharding;

/// <summary>What became of a finished attempt.</summary>
internal enum AttemptOutcome
{
    /// <summary>It is the part.</summary>
    First,

    /// <summary>Another one was first, with the same bytes.</summary>
    Same,
}

/// <summary>Rows are written into the attempt's folder; <see cref="Commit"/> makes them the part.</summary>
internal sealed class PartAttempt : ShardAttempt, IPartAttempt
{
    /// <summary>The file of its note.</summary>
    public const string PartName = "part.json";

    private readonly PartStore store;
    private readonly int shard;

    /// <param name="store">Where parts lie.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="version">Version of the tool.</param>
    public PartAttempt(PartStore store, int shard, string version)
        : base(store.Attempts, shard, version) => (this.store, this.shard) = (store, shard);

    /// <summary>Where the rows are written.</summary>
    public string Rows => store.RowsIn(Folder);

    /// <summary>Where the embeddings are written.</summary>
    public string Vectors => store.VectorsIn(Folder);

    /// <summary>Never ends: its file is held as long as the process lives.</summary>
    public CancellationToken Lost => CancellationToken.None;

    /// <inheritdoc/>
    public AttemptOutcome Commit(Part part)
    {
        string own = Path.Combine(Folder, PartName);
        ShardJson.Write(own, part);
        if (!HardLink.TryCreate(own, store.NoteOf(shard)) && store.Read(shard) is { } first && first.Attempt != Name)
        {
            if (!first.HoldsSameAs(part))
            {
                string message = ConflictOf(part, first);
                Fail(new Failure(message, Lasting: true, Conflict: true));
                throw new ShardException(ShardProblem.Conflict, message);
            }
            // The first may have been killed before its rows were in place: the same bytes are as good.
            store.Place(shard, Folder);
            return AttemptOutcome.Same;
        }
        store.Place(shard, Folder);
        return AttemptOutcome.First;
    }

    /// <summary>What is told of two attempts that came to different bytes.</summary>
    public static string ConflictOf(Part part, Part first) =>
        $"shard {part.Shard}: {part.Host} ({part.Attempt}) computed other bytes than {first.Host} ({first.Attempt}) before: {part.Isa} and {first.Isa}, numerics {part.Numerics}; see whether the machines, the images or the memory differ, then give --resume to compute it again";
}
