// How a pruning fits.

namespace DataFreeKD.Distiller.Pruning;

/// <summary>What a fit needs beside teacher, images and shape.</summary>
internal sealed record FitSettings
{
    /// <summary>How maps are fitted.</summary>
    public PruneMethod Method { get; init; }

    /// <summary>Images a batch.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Seed of the basis' free rotation.</summary>
    public long Seed { get; init; }

    /// <summary>Ridge penalty as a share of the mean diagonal.</summary>
    public double Penalty { get; init; } = 1e-3;

    /// <summary>What the tokens that a head reads count for in the last block, together, as a share of all others.</summary>
    public double HeadTokenShare { get; init; } = 1;

    /// <summary>Bytes of activations in memory; more go to a temporary file.</summary>
    public long Memory { get; init; } = 1L << 30;
}
