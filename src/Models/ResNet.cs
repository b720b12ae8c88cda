// ResNet and RedNet.

using DataFreeKD.Models.Layers;
using TorchSharp;
using TorchSharp.Modules;
using BatchNorm = DataFreeKD.Models.Layers.BatchNorm;

namespace DataFreeKD.Models;

/// <summary>A residual network of four stages, average pooling and a linear head. Tensor names are timm's (and torchvision's); a RedNet's
/// are the official code's, with its head as <c>fc</c>.</summary>
/// <remarks>He et al., CVPR 2016; Li et al., CVPR 2021.</remarks>
internal sealed class ResNet : ImageModel
{
    private readonly Affine? conv1;
    private readonly BatchNorm? bn1;
    private readonly InvolutionStem? stem;
    private readonly ModuleList<ResidualBlock>[] layers;
    private readonly Affine? fc;

    internal ResNet(ResNetConfig config)
        : base(nameof(ResNet))
    {
        Config = config.Validated();
        long stride = config.SmallStem ? 1 : 2,
            input = config.Width;
        if (config.Involution)
        {
            register_module(nameof(stem), stem = new InvolutionStem(config.Width, stride));
        }
        else
        {
            long kernel = config.SmallStem ? 3 : 7;
            register_module(nameof(conv1), conv1 = new Affine([config.Width, 3, kernel, kernel], withBias: false));
            register_module(nameof(bn1), bn1 = new BatchNorm(config.Width));
        }
        layers = new ModuleList<ResidualBlock>[config.Blocks.Count];
        for (int stage = 0; stage < layers.Length; stage++)
        {
            layers[stage] = [];
            for (int block = 0; block < config.Blocks[stage]; block++)
            {
                ResidualBlock built = new(config, input, (long)config.Width << stage, block == 0 && stage > 0 ? 2 : 1);
                layers[stage].Add(built);
                input = built.Output;
            }
            register_module($"layer{stage + 1}", layers[stage]);
        }
        if (config.Classes > 0)
            register_module(nameof(fc), fc = new Affine([config.Classes, input]));
    }

    /// <summary>The architecture.</summary>
    public override ResNetConfig Config { get; }

    /// <inheritdoc/>
    public override ModelOutput Run(torch.Tensor pixels, ModelCapture capture)
    {
        CheckPixels(pixels);
        CheckCapture(capture);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = Stem(pixels);
        foreach (ResidualBlock block in layers.SelectMany(layer => layer))
        {
            torch.Tensor next = block.Forward(x);
            x.Dispose();
            x = next;
        }
        torch.Tensor embedding = scope.MoveToOuter(x.mean([2, 3]));
        return new ModelOutput { Embedding = embedding, Logits = fc is null ? null : scope.MoveToOuter(fc.Linear(embedding)) };
    }

    internal override void Randomise(long seed) =>
        ConvolutionInit.Randomise(this, seed, layers.SelectMany(layer => layer).Select(block => block.Last.weight));

    private torch.Tensor Stem(torch.Tensor pixels)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = stem?.Forward(pixels) ?? bn1!.Norm(conv1!.Convolve(pixels, Config.SmallStem ? 1 : 2)).relu_();
        if (!Config.SmallStem)
            x = torch.nn.functional.max_pool2d(x, 3, 2, 1);
        return x.MoveToOuterDisposeScope();
    }
}
