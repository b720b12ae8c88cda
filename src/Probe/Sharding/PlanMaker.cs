// The step before the first shard: the inputs are counted and hashed, and what depends on the whole pool is learned, once.

using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;

namespace DataFreeKD.Probe.Sharding;

/// <summary>Makes plans. Two processes that make one of the same options and inputs make the same.</summary>
internal static class PlanMaker
{
    /// <summary>Makes the plan and puts it in its place.</summary>
    /// <exception cref="ScoreException">An interrupted run of another kind is in the way, or there is nothing to score.</exception>
    public static void Make(
        ScoreOptions options,
        int shardSize,
        TeacherPass teacher,
        ScoreInputs inputs,
        IReadOnlyList<string> columns,
        string fingerprint,
        IPlanPlace place,
        CancellationToken cancel
    )
    {
        string folder = place.Files;
        if (options.Overwrite)
            place.Remove(ended: null);
        ScoreJournal journal = new(options with { Resume = !options.Overwrite }, teacher, columns, cancel, folder);
        if (journal.Done > 0)
            throw new ScoreException(
                $"{folder} holds {journal.Done} rows of an interrupted run that was not split; go on with --resume, or begin anew with --plan --overwrite"
            );
        ScorePrelude.Learn(options, teacher, inputs, journal, columns, cancel);
        List<PlannedSource> sources = new();
        SortedDictionary<string, long> archives = new(StringComparer.Ordinal);
        List<PlannedShard> shards = new();
        long places = 0,
            first = 0;
        using ShardInputs.Digest digest = new(options.Output);
        foreach (string source in inputs.Sources)
        {
            long before = places;
            foreach (ScoreInput input in inputs.Places(source, archives, cancel))
            {
                digest.Add(input);
                if (++places - first == shardSize)
                    Close();
            }
            sources.Add(new PlannedSource(source, places - before));
        }
        if (places > first)
            Close();
        if (places == 0)
            throw ScoreRun.NoImages(options);
        ScorePlan plan = new()
        {
            Version = Provenance.ToolVersion,
            Fingerprint = fingerprint,
            Teacher = ScoreJournal.HashesOf(options.Teacher, cancel),
            Numerics = Models.NumericProfiles.Name(options.Numerics),
            Options = ScoreJournal.Recorded(options),
            Inputs = ScoreOutput.HashesOf(options, cancel),
            Sources = sources,
            Archives = archives,
            Prelude = ScorePrelude
                .Files.Where(file => File.Exists(Path.Combine(folder, file)))
                .ToDictionary(file => file, file => Provenance.HashFile(Path.Combine(folder, file), cancel)),
            Replaces = options.Overwrite && File.Exists(options.Output),
            Columns = columns,
            BatchSize = teacher.BatchSize,
            Embeddings = Keeps(options, teacher, places),
            ShardSize = shardSize,
            Places = places,
            Shards = shards,
        };
        place.WritePlan(ShardJson.Lines(plan), plan.Prelude, cancel);

        void Close()
        {
            shards.Add(new PlannedShard(first, places - first, digest.Value()));
            first = places;
        }
    }

    // Those kept unasked only as long as they fit, as in a run of one process.
    private static bool Keeps(ScoreOptions options, TeacherPass teacher, long places) =>
        ScoreOutput.EmbeddingsPath(options, teacher) is not null
        && (options.EmbeddingsPath is not null || places * teacher.Width * sizeof(float) <= ScoreOptions.KeptBytes);
}
