// The seam between training and whatever joins the processes that train one model.

using TorchSharp;

namespace DataFreeKD.Distiller.Ranks;

/// <summary>What the processes of one training (the ranks) tell each other. Every rank makes the same calls in the same order.</summary>
/// <remarks>Two there are: one process, and Open MPI. A library that sums on GPUs (NCCL) would be a third; it must keep the order of
/// the sums.</remarks>
internal interface IReducer
{
    /// <summary>This process, from 0. Rank 0 alone writes.</summary>
    int Rank { get; }

    /// <summary>How many there are, a power of two.</summary>
    int Ranks { get; }

    /// <summary>Replaces a vector by the sum over all ranks, added as a binary tree over the ranks in order adds them: the same bits on
    /// each of them.</summary>
    /// <param name="flat">Single precision, one dimension.</param>
    void Sum(torch.Tensor flat);

    /// <summary>Gives every rank what rank 0 has.</summary>
    /// <param name="bytes">As many on each rank.</param>
    void Share(Span<byte> bytes);

    /// <summary>What every rank gives, in order.</summary>
    /// <param name="record">As many bytes on each rank.</param>
    byte[][] Gather(ReadOnlySpan<byte> record);

    /// <summary>Ends the session once all ranks are here. A process that ends without it ends all others.</summary>
    void Leave();
}
