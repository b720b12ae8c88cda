// A training in one process, which has nobody to talk to.

using TorchSharp;

namespace DataFreeKD.Distiller.Ranks;

/// <summary>The only rank.</summary>
internal sealed class OneProcess : IReducer
{
    private OneProcess() { }

    /// <summary>It has no state.</summary>
    public static OneProcess Instance { get; } = new();

    public int Rank => 0;

    public int Ranks => 1;

    public void Sum(torch.Tensor flat) { }

    public void Share(Span<byte> bytes) { }

    public byte[][] Gather(ReadOnlySpan<byte> record) => [record.ToArray()];

    public void Leave() { }
}
