// Images made out of the teacher alone, for those who have not even wild ones.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Optimisation;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Synthesis;

/// <summary>
/// Optimises noise until the teacher takes it for its classes and its patches differ as those of a picture do: cross-entropy + total
/// variation − patch-similarity entropy
/// (PSAQ-ViT, Li et al., ECCV 2022), under random shifts and mirroring. An image depends on its number and the options alone, so that any
/// part may be made again.
/// </summary>
internal sealed class ImageSynthesis : IDisposable
{
    /// <summary>Patches whose similarities are compared, at most; a random choice at each step where there are more.</summary>
    private const int MaxPatches = 32;

    private readonly SynthesisOptions options;
    private readonly LoadedModel teacher;
    private readonly VitConfig config;
    private readonly torch.Device device;
    private readonly torch.Tensor low,
        high;

    /// <summary>Loads the teacher.</summary>
    /// <exception cref="DistillException">Options that cannot work, or a teacher without a head.</exception>
    /// <exception cref="ModelException">A teacher that cannot be read.</exception>
    public ImageSynthesis(SynthesisOptions options)
    {
        options.Validate();
        using Gradients learning = Gradients.On();
        this.options = options;
        teacher = ModelStore.Load(options.Teacher, options.TeacherHeads);
        config = teacher.Model.AsVisionTransformer("has no patch tokens to make images by").Config;
        if (config.Classes == 0)
            throw new DistillException(
                $"{options.Teacher} has no classification head, so no image can be made for a class; give a classifier"
            );
        device = Devices.Of(options.Device);
        teacher.Model.MoveTo(device);
        teacher.Model.eval();
        low = Bound(0);
        high = Bound(1);
    }

    /// <summary>Makes the images with numbers <paramref name="from"/> to <paramref name="from"/> + <paramref name="count"/> − 1.</summary>
    /// <param name="from">Number of the first.</param>
    /// <param name="count">How many, above 0.</param>
    /// <param name="step">Told after each step.</param>
    /// <param name="cancel">Stops.</param>
    public IReadOnlyList<RgbImage> Make(int from, int count, Action<int>? step, CancellationToken cancel)
    {
        using Gradients learning = Gradients.On();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor classes = torch.tensor(
            Enumerable.Range(from, count).Select(i => (long)(i % config.Classes)).ToArray(),
            device: device
        );
        torch.Tensor pixels = Noise(from, count),
            first = torch.zeros_like(pixels),
            second = torch.zeros_like(pixels);
        for (int at = 0; at < options.Steps; at++)
        {
            cancel.ThrowIfCancellationRequested();
            using DisposeScope one = torch.NewDisposeScope();
            torch.Tensor gradient = Gradient(pixels, classes, at);
            using IDisposable off = torch.no_grad();
            Adam(pixels, gradient, first, second, at);
            step?.Invoke(at + 1);
        }
        return Images(pixels);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        low.Dispose();
        high.Dispose();
        teacher.Dispose();
    }

    private torch.Tensor Gradient(torch.Tensor pixels, torch.Tensor classes, int step)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor leaf = pixels.detach().requires_grad_(true);
        Randomness random = new(options.Seed, Purpose.Synthesis, -1, step);
        int reach = options.Shift ?? config.ImageSize / 8;
        torch.Tensor seen = leaf.roll([random.NextInt((2 * reach) + 1) - reach, random.NextInt((2 * reach) + 1) - reach], [2, 3]);
        if (random.NextInt(2) == 1 && options.Flip)
            seen = seen.flip([3]);
        int[] blocks = options.PatchEntropy > 0 ? [.. Enumerable.Range(0, config.Depth)] : [];
        ModelOutput output = teacher.Model.Run(seen, new ModelCapture { HiddenBlocks = blocks });

        // Sums over the images: each has its own gradient, whatever is made beside it.
        torch.Tensor loss =
            options.CrossEntropy * torch.nn.functional.cross_entropy(output.Logits!, classes, reduction: torch.nn.Reduction.Sum);
        loss = loss + (options.TotalVariation * PixelPriors.TotalVariation(leaf).sum());
        torch.Tensor? chosen = Patches(config.Patches, random);
        foreach (int block in blocks)
        {
            torch.Tensor patches = output.Hidden[block].narrow(1, config.PrefixTokens, config.Patches);
            if (chosen is not null)
                patches = patches.index_select(1, chosen);
            loss = loss - (options.PatchEntropy / blocks.Length * PatchSimilarity.Entropy(patches).sum());
        }
        return torch.autograd.grad([loss], [leaf])[0].MoveToOuterDisposeScope();
    }

    private torch.Tensor? Patches(int patches, Randomness random)
    {
        if (patches <= MaxPatches)
            return null;
        int[] order = [.. Enumerable.Range(0, patches)];
        random.Shuffle(order);
        return torch.tensor(order.Take(MaxPatches).Order().Select(i => (long)i).ToArray(), device: device);
    }

    // Adam (Kingma and Ba, 2015) in place, then back to colours that a file can hold.
    private void Adam(torch.Tensor pixels, torch.Tensor gradient, torch.Tensor first, torch.Tensor second, int step)
    {
        const double beta1 = 0.5,
            beta2 = 0.9;
        first.mul_(beta1).add_(gradient, alpha: 1 - beta1);
        second.mul_(beta2).add_(gradient.square(), alpha: 1 - beta2);
        double rate = options.LearningRate * 0.5 * (1 + Math.Cos(Math.PI * step / options.Steps));
        torch.Tensor change = first / (1 - Math.Pow(beta1, step + 1)) / ((second / (1 - Math.Pow(beta2, step + 1))).sqrt() + 1e-8);
        pixels.sub_(change * rate);
        pixels.copy_(torch.minimum(torch.maximum(pixels, low), high));
    }

    private torch.Tensor Noise(int from, int count)
    {
        int size = teacher.Model.Config.ImageSize,
            each = 3 * size * size;
        float[] values = new float[count * each];
        Parallel.For(0, count, i =>
        {
            Randomness random = new(options.Seed, Purpose.Synthesis, from + i);
            for (int at = 0; at < each; at++)
                values[(i * each) + at] = (float)random.NextNormal();
        });
        torch.Tensor noise = torch.tensor(values, [count, 3, size, size], device: device);
        return torch.minimum(torch.maximum(noise, low), high);
    }

    private List<RgbImage> Images(torch.Tensor pixels)
    {
        torch.Tensor std = Channel(teacher.Preprocessing.Std),
            mean = Channel(teacher.Preprocessing.Mean);
        int size = teacher.Model.Config.ImageSize,
            each = 3 * size * size;
        byte[] bytes = (((pixels * std) + mean) * 255)
            .round()
            .clamp(0, 255)
            .permute(0, 2, 3, 1)
            .contiguous()
            .to_type(torch.ScalarType.Byte)
            .cpu()
            .data<byte>()
            .ToArray();
        return [.. bytes.Chunk(each).Select(image => new RgbImage(size, size, image))];
    }

    // Black (0) or white (1) as the teacher sees it.
    private torch.Tensor Bound(float value)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return ((value - Channel(teacher.Preprocessing.Mean)) / Channel(teacher.Preprocessing.Std)).MoveToOuterDisposeScope();
    }

    private torch.Tensor Channel(IReadOnlyList<float> values) => torch.tensor(values.ToArray(), [1, 3, 1, 1], device: device);
}
