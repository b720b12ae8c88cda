// One stage of TinyViT.

using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>The first stage is of MBConvs; a later one halves the map, then attends.</summary>
internal sealed class TinyVitStage : nn.Module
{
    private readonly ConvTriple? downsample;
    private readonly ModuleList<nn.Module> blocks;

    public TinyVitStage(TinyVitConfig config, int stage)
        : base(nameof(TinyVitStage))
    {
        int width = config.Widths[stage];
        if (stage > 0)
            register_module(nameof(downsample), downsample = new ConvTriple(config.Widths[stage - 1], width, width, 2));
        blocks = [];
        for (int i = 0; i < config.Depths[stage]; i++)
            blocks.Add(
                stage == 0
                    ? new ConvTriple(width, 4 * width, width, 1)
                    : new TinyVitBlock(width, config.Heads[stage], config.Windows[stage])
            );
        register_module(nameof(blocks), blocks);
    }

    /// <summary>Norms that end a residual branch of convolutions.</summary>
    public IEnumerable<BatchNorm> LastNorms => blocks.OfType<ConvTriple>().Select(block => block.Last!);

    /// <summary><c>[B, C, H, W]</c> to <c>[B, C', H', W']</c>, moved to the caller's dispose scope.</summary>
    public Tensor Forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        if (downsample is not null)
            x = downsample.Forward(x).permute(0, 2, 3, 1);
        foreach (nn.Module block in blocks)
            x = block is ConvTriple convolutions ? convolutions.Forward(x) : ((TinyVitBlock)block).Forward(x);
        if (downsample is not null)
            x = x.permute(0, 3, 1, 2);
        return x.MoveToOuterDisposeScope();
    }
}
