// What every rank of a training must have the same of: the state of the first one at the start, the weights ever after.

using System.Buffers.Binary;
using System.IO.Hashing;
using DataFreeKD.Distiller.Optimisation;
using DataFreeKD.Distiller.Ranks;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Gives it out, and looks after it.</summary>
internal static class RankState
{
    /// <summary>Gives every rank the first one's step, weights, moments and scale of the loss, from a checkpoint or from the start, so that
    /// it alone prunes and reads checkpoints.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="start">Steps done, at the first rank.</param>
    /// <param name="optimiser">Weights and moments.</param>
    /// <param name="scale">Of the loss; null where there is none.</param>
    /// <returns>Steps done.</returns>
    public static int Share(RankGroup ranks, int start, AdamW optimiser, LossScale? scale)
    {
        if (!ranks.Several)
            return start;
        using DisposeScope scope = torch.NewDisposeScope();
        byte[] step = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(step, start);
        ranks.Reducer.Share(step);
        optimiser.Load(optimiser.State.ToDictionary(pair => pair.Key, pair => OfFirst(pair.Value)));
        if (scale is not null)
            scale.Load(new Dictionary<string, torch.Tensor> { [scale.State.Key] = OfFirst(scale.State.Value) });
        return BinaryPrimitives.ReadInt32LittleEndian(step);

        torch.Tensor OfFirst(torch.Tensor own)
        {
            torch.Tensor copy = HostReads.ToHost(own.detach()).clone();
            ranks.Reducer.Share(copy.bytes);
            return copy;
        }
    }

    /// <summary>Refuses to go on where ranks have come to other weights: machines that do not compute alike.</summary>
    /// <exception cref="DistillException">At the first rank.</exception>
    /// <exception cref="OtherRankException">At the others.</exception>
    public static void RequireSame(RankGroup ranks, AdamW optimiser, int done)
    {
        if (!ranks.Several)
            return;
        using DisposeScope scope = torch.NewDisposeScope();
        byte[][] hashes = ranks.Reducer.Gather(XxHash128.Hash(HostReads.ToHost(optimiser.State["weights"]).bytes));
        int other = Array.FindIndex(hashes, hash => !hash.AsSpan().SequenceEqual(hashes[0]));
        if (other < 0)
            return;
        throw ranks.Writes
            ? new DistillException(
                $"rank {other} has other weights than rank 0 after step {done}: their machines do not compute alike; take machines of one kind, and resume"
            )
            : new OtherRankException();
    }
}
