// What every image classifier of the toolkit can do, whatever its family.

using TorchSharp;
using TorchSharp.Modules;

namespace DataFreeKD.Models;

/// <summary>A classifier of square images whose tensors bear timm's names.</summary>
public abstract class ImageModel : torch.nn.Module<torch.Tensor, torch.Tensor>
{
    private protected ImageModel(string name)
        : base(name) { }

    /// <summary>The architecture.</summary>
    public abstract ModelConfig Config { get; }

    /// <summary>Logits <c>[B, C]</c> of normalised pixels <c>[B, 3, S, S]</c>; for a model without a head the embedding <c>[B, D]</c>, as
    /// timm.</summary>
    public override torch.Tensor forward(torch.Tensor pixels)
    {
        ModelOutput output = Run(pixels, ModelCapture.None);
        return output.Logits ?? output.Embedding;
    }

    /// <summary>Logits and embedding, and of a Vision Transformer what <paramref name="capture"/> asks for.</summary>
    /// <param name="pixels">Normalised pixels <c>[B, 3, S, S]</c>, float32, on the model's device.</param>
    /// <param name="capture">What to keep beside the logits; families without tokens have nothing of it.</param>
    /// <exception cref="ArgumentException">The pixels' shape or the capture does not fit the model.</exception>
    public abstract ModelOutput Run(torch.Tensor pixels, ModelCapture capture);

    /// <summary>The same weights for another input size.</summary>
    /// <param name="imageSize">Input side, pixels.</param>
    /// <exception cref="ModelException">The family cannot take this size.</exception>
    public virtual ImageModel WithImageSize(int imageSize)
    {
        ImageModel other = (Config with { ImageSize = imageSize }).Validated().Build();
        CopyTo(other, (_, tensor) => tensor);
        return other;
    }

    /// <summary>Parameters, then buffers (running statistics of BatchNorm), by timm name; live tensors, not copies.</summary>
    public IReadOnlyDictionary<string, torch.Tensor> StateDict()
    {
        OrderedDictionary<string, torch.Tensor> state = [];
        foreach ((string name, Parameter parameter) in named_parameters())
            state.Add(name, parameter);
        foreach ((string name, torch.Tensor buffer) in Buffers())
            state.Add(name, buffer);
        return state;
    }

    /// <summary>What training adjusts without gradients: BatchNorm's <c>running_mean</c>, <c>running_var</c> and
    /// <c>num_batches_tracked</c>, by timm name; live tensors. Empty for most Vision Transformers.</summary>
    public IReadOnlyDictionary<string, torch.Tensor> Buffers()
    {
        // Index tables, which follow from the shape, are not persistent and stay out.
        HashSet<string> persistent = [.. state_dict().Keys];
        return new OrderedDictionary<string, torch.Tensor>(
            named_buffers().Where(pair => persistent.Contains(pair.name)).Select(pair => KeyValuePair.Create(pair.name, pair.buffer))
        );
    }

    /// <summary>Trainable numbers; running statistics are not counted, as everywhere.</summary>
    public long ParameterCount() => named_parameters().Sum(pair => pair.parameter.numel());

    /// <summary>Moves parameters and buffers to a device, in place.</summary>
    /// <returns>This model.</returns>
    public ImageModel MoveTo(torch.Device device)
    {
        this.to(device);
        return this;
    }

    /// <summary>This model as a Vision Transformer.</summary>
    /// <param name="lack">What the others lack, for the message: <c>has no attention to probe</c>.</param>
    /// <exception cref="ModelException">It is of another family.</exception>
    public VisionTransformer AsVisionTransformer(string lack) =>
        this as VisionTransformer
        ?? throw new ModelException($"{Config.Name} {lack}; give a Vision Transformer (a vit_ or deit_ name, or vit:...)");

    /// <summary>Draws every weight from <paramref name="seed"/>.</summary>
    internal abstract void Randomise(long seed);

    /// <summary>Whether weight decay does harm to a parameter of more than one dimension: positions, tokens, attention biases.</summary>
    public virtual bool SparedByDecay(string name) => false;

    private protected void CopyTo(ImageModel other, Func<string, torch.Tensor, torch.Tensor> carry)
    {
        other.to(named_parameters().First().parameter.device);
        other.train(training);
        using IDisposable noGrad = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        IReadOnlyDictionary<string, torch.Tensor> target = other.StateDict();
        foreach ((string name, torch.Tensor source) in StateDict())
            target[name].copy_(carry(name, source));
    }

    private protected void CheckPixels(torch.Tensor pixels)
    {
        long[] shape = pixels.shape;
        if (shape is not [_, 3, _, _] || shape[2] != Config.ImageSize || shape[3] != Config.ImageSize)
        {
            throw new ArgumentException(
                $"pixels are [{string.Join(", ", shape)}], the model wants [B, 3, {Config.ImageSize}, {Config.ImageSize}]",
                nameof(pixels)
            );
        }
    }

    /// <summary>Refuses captures of tokens and attention, which a convolutional family has not.</summary>
    private protected void CheckCapture(ModelCapture capture)
    {
        if (capture.ClsRowBlocks.Count > 0 || capture.AttentionBlocks.Count > 0)
            throw new ArgumentException($"{Config.Name} has no attention to probe", nameof(capture));
        if (capture.HiddenBlocks.Count > 0 || capture.NormedTokens)
            throw new ArgumentException($"{Config.Name} has no blocks of tokens", nameof(capture));
        if (capture.KeptPatches is not null || capture.PatchDropout > 0)
            throw new ArgumentException($"{Config.Name} has no patches to drop", nameof(capture));
    }
}
