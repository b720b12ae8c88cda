// One training's ranks: what they must agree on, and how they end together.

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace DataFreeKD.Distiller.Ranks;

/// <summary>Another rank says what is wrong; this one ends without a word.</summary>
internal sealed class OtherRankException() : Exception("another rank failed and says why");

/// <summary>Another rank was interrupted, and all have stopped.</summary>
internal sealed class RankInterruptedException() : OperationCanceledException("another rank was interrupted");

/// <summary>Compares ranks at the start, so that none trains on something else, and gives one line for what all of them refuse.</summary>
/// <param name="reducer">What joins them.</param>
internal sealed class RankGroup(IReducer reducer)
{
    private const byte Fine = 0,
        Failed = 1;

    // Nobody waits any more to hear how this rank fares.
    private bool settled;

    /// <summary>A group of one process.</summary>
    public static RankGroup Alone { get; } = new(OneProcess.Instance);

    /// <summary>What joins them.</summary>
    public IReducer Reducer => reducer;

    /// <summary>Whether this rank writes, evaluates and talks.</summary>
    public bool Writes => reducer.Rank == 0;

    /// <summary>Whether there is more than this rank.</summary>
    public bool Several => reducer.Ranks > 1;

    /// <summary>Does the work of this rank. What is thrown before all ranks have begun is said by the first of those that throw it; after
    /// that the process of who throws has to end, which ends all others.</summary>
    /// <exception cref="OtherRankException">Another rank failed.</exception>
    public void Attend(Action work)
    {
        try
        {
            work();
        }
        catch (Exception problem) when (Several && !settled && problem is not OperationCanceledException)
        {
            settled = true;
            byte[][] all = reducer.Gather(Record(Failed, problem.Message));
            int first = Array.FindIndex(all, record => record.AsSpan().SequenceEqual(all[reducer.Rank]));
            if (first == reducer.Rank)
                throw;
            throw new OtherRankException();
        }
        reducer.Leave();
    }

    /// <summary>Refuses unless all ranks have the same.</summary>
    /// <param name="facts">What decides, by name.</param>
    /// <exception cref="DistillException">This rank is the first whose facts are not those of rank 0; it says which.</exception>
    /// <exception cref="OtherRankException">Another one is, or failed.</exception>
    public void Compare(IReadOnlyDictionary<string, string> facts)
    {
        if (!Several)
            return;
        string text = JsonSerializer.Serialize(facts);
        settled = true;
        byte[][] all = reducer.Gather(Record(Fine, text));
        if (all.Any(record => record[0] == Failed))
            throw new OtherRankException();
        int other = Array.FindIndex(all, record => !record.AsSpan().SequenceEqual(all[0]));
        if (other >= 0)
        {
            string first = OfFirst(text);
            throw reducer.Rank == other
                ? new DistillException(Difference(JsonSerializer.Deserialize<Dictionary<string, string>>(first)!, facts))
                : new OtherRankException();
        }
        settled = false;
    }

    /// <summary>To be called once nothing is compared any more.</summary>
    public void Begin() => settled = true;

    /// <summary>What any rank has set.</summary>
    public int Either(int flags)
    {
        if (!Several)
            return flags;
        byte[] own = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(own, flags);
        return reducer.Gather(own).Aggregate(0, (all, one) => all | BinaryPrimitives.ReadInt32LittleEndian(one));
    }

    private static string Difference(Dictionary<string, string> first, IReadOnlyDictionary<string, string> own)
    {
        string name = own.Keys.Union(first.Keys).First(name => own.GetValueOrDefault(name) != first.GetValueOrDefault(name));
        return $"the ranks differ: {name} is '{own.GetValueOrDefault(name)}' here and '{first.GetValueOrDefault(name)}' at rank 0; start all ranks by one command, on the same files";
    }

    private string OfFirst(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text),
            length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        reducer.Share(length);
        Array.Resize(ref bytes, BinaryPrimitives.ReadInt32LittleEndian(length));
        reducer.Share(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    private static byte[] Record(byte status, string text) => [status, .. SHA256.HashData(Encoding.UTF8.GetBytes(text))];
}
