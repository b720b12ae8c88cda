// What a stage in shards needs of the place where its plan lies, a folder or a bucket.

namespace DataFreeKD.Core.Sharding;

/// <summary>A plan, what was learned once for all shards, and the parts.</summary>
internal interface IPlanPlace : IDisposable
{
    /// <summary>As messages and the engine name it: a folder, or <c>s3://bucket/prefix</c>.</summary>
    string Name { get; }

    /// <summary>The folder of this machine where what was learned is found, and parts that were brought.</summary>
    string Files { get; }

    /// <summary>Whether there is a plan.</summary>
    bool IsPlanned { get; }

    /// <summary>How the plan that was here ended; null where that is not written down.</summary>
    string? Ended { get; }

    /// <summary>The plan's bytes; null where there is none.</summary>
    byte[]? ReadPlan();

    /// <summary>Puts a plan in its place, unless another process was first.</summary>
    /// <param name="plan">Its bytes.</param>
    /// <param name="learned">SHA-256 of the files in <see cref="Files"/> that belong to it, by name.</param>
    /// <param name="cancel">Stops.</param>
    void WritePlan(byte[] plan, IReadOnlyDictionary<string, string> learned, CancellationToken cancel);

    /// <summary>Sees that what was learned lies in <see cref="Files"/>. What is gone stays away, and what is altered stays so: the stage
    /// looks.</summary>
    /// <param name="learned">SHA-256 of the plan's files, by name.</param>
    /// <param name="cancel">Stops.</param>
    void Bring(IReadOnlyDictionary<string, string> learned, CancellationToken cancel);

    /// <summary>The parts of a plan.</summary>
    /// <param name="plan">Its SHA-256.</param>
    IPartStore Parts(string plan);

    /// <summary>Takes the turn to make a plan; null, and who has it, where another process does.</summary>
    (IDisposable? Held, string? Holder) TakeTurn();

    /// <summary>Writes the options as workers of an engine take them up.</summary>
    void WriteJob(byte[] job);

    /// <summary>Reads them; null where there are none.</summary>
    byte[]? ReadJob();

    /// <summary>Removes the plan, first, and all that belongs to it.</summary>
    /// <param name="ended">What became of it, where it is finished: it may be left for processes that come too late.</param>
    void Remove(string? ended);
}
