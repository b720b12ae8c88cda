// The inputs of a shard, held against what the plan saw.

using System.Security.Cryptography;
using System.Text;
using DataFreeKD.Manifests;

namespace DataFreeKD.Probe.Sharding;

/// <summary>Reads shards of the inputs; best in ascending order, since tables are then read once.</summary>
internal sealed class ShardInputs(ScoreInputs inputs, ScorePlan plan, string output) : IDisposable
{
    private (string Source, SourceCursor Cursor)? open;

    /// <summary>The inputs of a shard.</summary>
    /// <exception cref="ScoreException">They are not those that the plan saw (at the end of the enumeration).</exception>
    public IEnumerable<ScoreInput> Of(PlannedShard shard, CancellationToken cancel)
    {
        using Digest digest = new(output);
        long given = 0;
        foreach (ScoreInput input in Range(shard.First, shard.Places, cancel))
        {
            // One more than there were.
            if (given == shard.Places)
                throw Changed(input.Image.Path);
            inputs.Guard?.Invoke(input.Image.Path);
            digest.Add(input);
            yield return input with
            {
                Place = shard.First + given++,
            };
        }
        if (given != shard.Places || digest.Value() != shard.Sha256)
            throw Changed($"places {shard.First} to {shard.First + shard.Places - 1}");
    }

    public void Dispose() => Close();

    private IEnumerable<ScoreInput> Range(long first, long count, CancellationToken cancel)
    {
        long start = 0;
        for (int at = 0; at < plan.Sources.Count; at++)
        {
            PlannedSource source = plan.Sources[at];
            if (at >= inputs.Sources.Count || ManifestPath.Full(inputs.Sources[at]) != ManifestPath.Full(source.Path))
                throw Changed(source.Path);
            long end = start + source.Places,
                from = Math.Max(first, start),
                to = Math.Min(first + count, end);
            if (from < to)
            {
                // At the end of a source one more is asked for: it would be an input that came since.
                foreach (ScoreInput input in Cursor(source.Path).Read(from - start, to - from + (to == end ? 1 : 0), cancel))
                    yield return input;
            }
            start = end;
        }
    }

    private SourceCursor Cursor(string source)
    {
        if (open is { } now && now.Source == source)
            return now.Cursor;
        Close();
        SourceCursor cursor = inputs.Open(source, plan.Archives);
        open = (source, cursor);
        return cursor;
    }

    private void Close()
    {
        open?.Cursor.Dispose();
        open = null;
    }

    private static ScoreException Changed(string where) =>
        new(
            $"the inputs are no longer those of the plan, first at {where}; put them back as they were, or begin anew with --plan --overwrite"
        );

    /// <summary>SHA-256 of inputs' paths as they stand in the table, of what a table's row says of them, and of the ETags of
    /// objects.</summary>
    internal sealed class Digest(string output) : IDisposable
    {
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public void Add(ScoreInput input)
        {
            Append(input.TablePath(output));
            // Of files the paths stand for all; objects have a mark of their content.
            if (input.Image.Mark is { } mark)
                Append(mark);
            foreach (string field in input.Row?.Fields ?? [])
                Append(field);
            hash.AppendData("\n"u8);
        }

        /// <summary>The digest of what was added since the last one.</summary>
        public string Value() => Convert.ToHexStringLower(hash.GetHashAndReset());

        public void Dispose() => hash.Dispose();

        private void Append(string? text)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(text ?? ""));
            hash.AppendData("\0"u8);
        }
    }
}
