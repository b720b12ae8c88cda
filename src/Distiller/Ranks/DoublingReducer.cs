// Sums over ranks whose order is ours: recursive doubling over whatever exchanges bytes between two ranks.

using System.Numerics;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Ranks;

/// <summary>In round k every rank exchanges with the one whose number differs in bit k. The first round joins neighbours, so that what a
/// binary tree over microbatches began within each rank, which holds a contiguous block of them, goes on over the ranks: any number of
/// ranks adds the same pairs in the same order.</summary>
/// <remarks>Libraries choose their own algorithm by size and number of ranks, and with it the order (docs/adr/0041).</remarks>
internal abstract class DoublingReducer : IReducer
{
    // In pieces, since a message has at most 2^31 bytes, and the other rank's vector needs no memory as large as ours. A number of floats.
    private const int Piece = 64 << 20;

    /// <param name="rank">From 0.</param>
    /// <param name="ranks">In all.</param>
    /// <exception cref="DistillException">Not a power of two; at the first rank.</exception>
    /// <exception cref="OtherRankException">The same, at the others.</exception>
    protected DoublingReducer(int rank, int ranks)
    {
        if (!BitOperations.IsPow2(ranks))
            throw rank == 0
                ? new DistillException($"there are {ranks} ranks: start 1, 2, 4 or 8, which divide a batch as a binary tree does")
                : new OtherRankException();
        (Rank, Ranks) = (rank, ranks);
    }

    public int Rank { get; }

    public int Ranks { get; }

    /// <summary>Sends to another rank and receives from it; either may be empty.</summary>
    protected abstract void Exchange(int partner, ReadOnlySpan<byte> send, Span<byte> receive);

    public abstract void Leave();

    public void Sum(torch.Tensor flat)
    {
        using IDisposable off = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor own = HostReads.ToHost(flat),
            other = torch.empty([Math.Min(flat.numel(), Piece / sizeof(float))], torch.ScalarType.Float32);
        for (int bit = 1; bit < Ranks; bit <<= 1)
        {
            for (long at = 0; at < own.numel(); at += other.numel())
            {
                torch.Tensor mine = own.narrow(0, at, Math.Min(other.numel(), own.numel() - at)),
                    theirs = other.narrow(0, 0, mine.numel());
                Exchange(Rank ^ bit, mine.bytes, theirs.bytes);
                // Of two numbers the order does not matter.
                mine.add_(theirs);
            }
        }
        if (flat.device_type != DeviceType.CPU)
            flat.copy_(own);
    }

    public void Share(Span<byte> bytes)
    {
        for (int bit = 1; bit < Ranks; bit <<= 1)
        {
            for (int at = 0; at < bytes.Length && Rank < 2 * bit; at += Piece)
            {
                Span<byte> piece = bytes.Slice(at, Math.Min(Piece, bytes.Length - at));
                Exchange(Rank ^ bit, Rank < bit ? piece : [], Rank < bit ? [] : piece);
            }
        }
    }

    public byte[][] Gather(ReadOnlySpan<byte> record)
    {
        int size = record.Length;
        byte[] all = new byte[size * Ranks];
        record.CopyTo(all.AsSpan(Rank * size));
        for (int bit = 1; bit < Ranks; bit <<= 1)
        {
            // What a rank has after k rounds is that of the 2^k ranks whose numbers agree above bit k.
            int own = Rank & ~(bit - 1),
                others = own ^ bit;
            Exchange(Rank ^ bit, all.AsSpan(own * size, bit * size), all.AsSpan(others * size, bit * size));
        }
        return [.. all.Chunk(size)];
    }
}
