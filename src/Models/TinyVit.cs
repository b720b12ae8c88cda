// TinyViT.

using DataFreeKD.Models.Layers;
using TorchSharp;
using TorchSharp.Modules;

namespace DataFreeKD.Models;

/// <summary>A TinyViT under timm's tensor names.</summary>
/// <remarks>Wu et al., "TinyViT: Fast Pretraining Distillation for Small Vision Transformers", ECCV 2022.</remarks>
internal sealed class TinyVit : ImageModel
{
    private readonly Stem patch_embed;
    private readonly ModuleList<TinyVitStage> stages;
    private readonly Classifier head;

    internal TinyVit(TinyVitConfig config)
        : base(nameof(TinyVit))
    {
        Config = config.Validated();
        register_module(nameof(patch_embed), patch_embed = new Stem(config));
        stages = [];
        for (int stage = 0; stage < 4; stage++)
            stages.Add(new TinyVitStage(config, stage));
        register_module(nameof(stages), stages);
        register_module(nameof(head), head = new Classifier(config));
    }

    /// <summary>The architecture.</summary>
    public override TinyVitConfig Config { get; }

    /// <inheritdoc/>
    public override ModelOutput Run(torch.Tensor pixels, ModelCapture capture)
    {
        CheckPixels(pixels);
        CheckCapture(capture);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = patch_embed.Forward(pixels);
        foreach (TinyVitStage stage in stages)
            x = stage.Forward(x);
        torch.Tensor embedding = scope.MoveToOuter(head.norm.Norm(x.mean([2, 3]), 1e-5));
        return new ModelOutput { Embedding = embedding, Logits = head.fc is null ? null : scope.MoveToOuter(head.fc.Linear(embedding)) };
    }

    /// <summary>Attention biases are spared.</summary>
    public override bool SparedByDecay(string name) => name.EndsWith(".attention_biases", StringComparison.Ordinal);

    internal override void Randomise(long seed) =>
        ConvolutionInit.Tiny(this, seed, stages.SelectMany(stage => stage.LastNorms).Select(norm => norm.weight));

    /// <summary>Two 3×3 convolutions with a GELU between.</summary>
    private sealed class Stem : torch.nn.Module
    {
        private readonly ConvNorm conv1;
        private readonly ConvNorm conv2;

        public Stem(TinyVitConfig config)
            : base(nameof(Stem))
        {
            int width = config.Widths.First;
            register_module(nameof(conv1), conv1 = new ConvNorm(3, width / 2, 3, config.StemStride > 1 ? 2 : 1));
            register_module(nameof(conv2), conv2 = new ConvNorm(width / 2, width, 3, config.StemStride > 2 ? 2 : 1));
        }

        public torch.Tensor Forward(torch.Tensor pixels)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            return conv2.Forward(conv1.Forward(pixels).gelu()).MoveToOuterDisposeScope();
        }
    }

    /// <summary>LayerNorm of the pooled map, then a linear map.</summary>
    private sealed class Classifier : torch.nn.Module
    {
        public readonly Affine norm;
        public readonly Affine? fc;

        public Classifier(TinyVitConfig config)
            : base(nameof(Classifier))
        {
            register_module(nameof(norm), norm = new Affine([config.Features]));
            if (config.Classes > 0)
                register_module(nameof(fc), fc = new Affine([config.Classes, config.Features]));
        }
    }
}
