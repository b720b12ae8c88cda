// What a plan's parts need of the place where they lie, a folder or a bucket.

namespace DataFreeKD.Core.Sharding;

/// <summary>The parts of a plan. They, and no queue or lock, say what is done.</summary>
internal interface IPartStore
{
    /// <summary>The place as messages name it: a folder, or <c>s3://bucket/prefix</c>.</summary>
    string Folder { get; }

    /// <summary>The attempts.</summary>
    AttemptLog Attempts { get; }

    /// <summary>Whether the plan that was opened is still there: who finishes removes it first.</summary>
    bool IsPlanned { get; }

    /// <summary>Whether a shard has its note.</summary>
    bool IsFinished(int shard);

    /// <summary>The shards that have a note, by a listing.</summary>
    /// <param name="shards">Shards of the plan.</param>
    HashSet<int> Finished(int shards);

    /// <summary>The note of a finished shard; null where it is not finished.</summary>
    /// <exception cref="ShardException">The note is damaged.</exception>
    Part? Read(int shard);

    /// <summary>A shard's note as messages name it.</summary>
    string NoteOf(int shard);

    /// <summary>The file of a shard's rows, once it was brought.</summary>
    string RowsOf(int shard);

    /// <summary>The file of a shard's embeddings, once it was brought.</summary>
    string VectorsOf(int shard);

    /// <summary>What is wrong with a finished shard's content; null where it is what was written.</summary>
    string? DamageOf(Part part, CancellationToken cancel);

    /// <summary>Sees that a finished shard's files are on this machine.</summary>
    /// <returns>What is wrong with them; null where they are what was written.</returns>
    string? Bring(Part part, CancellationToken cancel);

    /// <summary>Forgets a finished shard, so that it is computed again.</summary>
    void Remove(int shard);

    /// <summary>Begins an attempt at a shard.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="version">Version of the tool.</param>
    IPartAttempt Begin(int shard, string version);

    /// <summary>Forgets how attempts at a shard failed. Where two came to different bytes, neither is believed.</summary>
    void Forget(int shard)
    {
        if (Attempts.Forget(shard))
            Remove(shard);
    }
}

/// <summary>One process at one shard whose result is a part. Unless it failed, it is forgotten at the end.</summary>
internal interface IPartAttempt : IDisposable
{
    /// <summary>Its name, <c>SHARD.RANDOM</c>.</summary>
    string Name { get; }

    /// <summary>The file that the rows are written to.</summary>
    string Rows { get; }

    /// <summary>The file that the embeddings are written to.</summary>
    string Vectors { get; }

    /// <summary>Ends where the attempt is no longer this process's: others take it for one that was killed.</summary>
    CancellationToken Lost { get; }

    /// <summary>Makes it the part, unless another attempt was first.</summary>
    /// <exception cref="ShardException">Another one was, with other bytes.</exception>
    AttemptOutcome Commit(Part part);

    /// <summary>Keeps it, with what was wrong.</summary>
    void Fail(Failure failure);
}
