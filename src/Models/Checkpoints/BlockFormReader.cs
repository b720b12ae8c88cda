// What a block computes beside its tensors: its activation, the epsilon and the place of its norms.

using DataFreeKD.Models.Timm;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Takes these from whoever states them, or from the class that the network is of.</summary>
internal sealed class BlockFormReader(NetworkSource source)
{
    private readonly Statements stated = source.Stated;
    private readonly ReadingReport report = source.Report;
    private readonly TimmShape? named = source.Named?.Value.Shape;

    /// <summary>The activation of the MLPs.</summary>
    /// <exception cref="ModelException">One is stated that is not known.</exception>
    public Told<Activation> ActivationOf(bool swiGlu)
    {
        // A SwiGLU gates by SiLU whatever a config calls its activation.
        if (swiGlu)
            return new(Activation.Gelu, "SwiGLU, which gates by SiLU", FactSource.Tensors);
        if (stated.Text("act_layer", "hidden_act") is { } told)
        {
            return new(
                ActivationNames.Find(told.Value)
                    ?? throw report.Bad(
                        $"{told.Source} is the activation '{Shown.Of(told.Value)}', which is not known; {string.Join(", ", ActivationNames.All)} are"
                    ),
                told.Source,
                told.By
            );
        }
        if (named is { } shape)
            return new(shape.Activation, source.Named!.Value.Source, FactSource.Registry);
        return source.Style.DefaultActivation() is { } usual
            ? new(usual, "what its library's class has", ByClass)
            : new(Activation.Gelu, "", FactSource.Assumed);
    }

    /// <summary>The epsilon of the norms.</summary>
    /// <param name="preNorm">Whether there is a LayerNorm before the blocks.</param>
    /// <exception cref="ModelException">What is stated is none.</exception>
    public Told<double> EpsilonOf(bool preNorm)
    {
        if (stated.Number("layer_norm_eps", "norm_eps") is { } told)
            return told.Value is > 0 and < 1 ? told : throw report.Bad($"{told.Source} is {told.Value}: an epsilon is above 0 and below 1");
        if (named is { } shape)
            return new(shape.Epsilon, source.Named!.Value.Source, FactSource.Registry);
        if (source.Style.DefaultEpsilon() is { } usual)
            return new(stated.Text("model_type") is { Value: "vit_msn" } ? 1e-6 : usual, "what its library's class has", ByClass);
        // timm's CLIP towers have 1e-5, its other ViTs 1e-6.
        return new(preNorm ? 1e-5 : 1e-6, "", FactSource.Assumed);
    }

    /// <summary>Whether norms come after attention and MLP.</summary>
    /// <exception cref="ModelException">A kind of block is stated that is not read.</exception>
    public Told<bool> PostNormOf(VitConfig config)
    {
        if (stated.Text("block_fn") is { } told)
        {
            return told.Value.Split('.')[^1] switch
            {
                "Block" or "RelPosBlock" => new(false, told.Source, told.By),
                "ResPostBlock" or "ResPostRelPosBlock" => new(true, told.Source, told.By),
                "ParallelScalingBlock" when config.ParallelBranches => new(false, told.Source, told.By),
                _ => throw report.Bad($"{told.Source} is '{Shown.Of(told.Value)}'; Block, ResPostBlock and ParallelScalingBlock are read"),
            };
        }
        if (named is { } shape)
            return new(shape.PostNorm, source.Named!.Value.Source, FactSource.Registry);
        // timm's relpos networks have LayerScale where their norms come first, BEiT's positions stand beside biases of two maps.
        return config.RelativeBias && !config.LayerScale && source.Style != NameStyle.Eva
            ? new(!config.ClassToken, "", FactSource.Assumed)
            : new(false, "", FactSource.Registry);
    }

    /// <summary>What norms without bias are: RMSNorm and such a LayerNorm have the same tensors.</summary>
    /// <exception cref="ModelException">They are said to be no RMSNorm.</exception>
    public Told<string> Biasless() =>
        stated.Text("norm_layer") is { } told
            ? (
                told.Value.Contains("rms", StringComparison.OrdinalIgnoreCase)
                    ? new("RMSNorm", told.Source, told.By)
                    : throw report.Bad($"{told.Source} is '{Shown.Of(told.Value)}', but its norms have no bias; RMSNorm alone is read so")
            )
        : source.Named is { } called ? new("RMSNorm", called.Source, FactSource.Registry)
        : new("RMSNorm", "", FactSource.Assumed);

    // torchvision's class has one value; a Hugging Face class has its default where a config goes with it and leaves the field out.
    private FactSource ByClass =>
        source.Style is NameStyle.TorchVision or NameStyle.OpenClip || stated.Of("model_type", "architectures").Any()
            ? FactSource.Registry
            : FactSource.Assumed;
}
