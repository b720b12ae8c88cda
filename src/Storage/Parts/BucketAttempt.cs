// One process at one shard of a plan in a bucket.

using DataFreeKD.Core.Sharding;

namespace DataFreeKD.Storage.Parts;

/// <summary>Rows are written to a folder of this machine; an object says that the process lives.</summary>
/// <param name="store">Where parts lie.</param>
/// <param name="held">Says that the process lives.</param>
/// <param name="name">Its name.</param>
/// <param name="rows">The rows' file.</param>
/// <param name="vectors">The embeddings' file.</param>
internal sealed class BucketAttempt(BucketParts store, HeldObject held, string name, string rows, string vectors) : IPartAttempt
{
    public string Name => name;

    public string Rows => rows;

    public string Vectors => vectors;

    public CancellationToken Lost => held.Lost;

    public AttemptOutcome Commit(Part part)
    {
        Part first = store.Commit(part, this);
        if (first.Attempt == name)
            return AttemptOutcome.First;
        if (!first.HoldsSameAs(part))
        {
            string message = PartAttempt.ConflictOf(part, first);
            Fail(new Failure(message, Lasting: true, Conflict: true));
            throw new ShardException(ShardProblem.Conflict, message);
        }
        store.Forget(this);
        return AttemptOutcome.Same;
    }

    public void Fail(Failure failure) => held.Fail(failure);

    public void Dispose()
    {
        held.Dispose();
        ShardAttempts.Remove(Path.GetDirectoryName(rows)!);
    }
}
