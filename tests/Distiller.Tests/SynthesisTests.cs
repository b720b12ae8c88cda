// Images out of a teacher: the losses against NumPy, and what comes out against the teacher itself.

using System.Text.Json;
using DataFreeKD.Distiller.Synthesis;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class SynthesisTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Fact]
    public void Patch_entropy_and_total_variation_equal_the_reference()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Close(Expected("patch_entropy"), PatchSimilarity.Entropy(Drawn(1, 3, 7, 5)));
        Close(Expected("total_variation"), PixelPriors.TotalVariation(Drawn(2, 2, 3, 6, 5)));
    }

    [Fact]
    public void Gradients_equal_finite_differences()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Differentiate(PatchSimilarity.Entropy, Drawn(3, 2, 5, 4));
        Differentiate(PixelPriors.TotalVariation, Drawn(4, 2, 3, 4, 5));
    }

    [Fact]
    public void The_teacher_takes_the_images_for_the_classes_they_were_made_for()
    {
        using ImageSynthesis synthesis = new(Options() with { Steps = 150, CrossEntropy = 5, PatchEntropy = 0.2, TotalVariation = 0.1 });
        IReadOnlyList<RgbImage> images = synthesis.Make(0, 9, null, TestContext.Current.CancellationToken);
        using LoadedModel teacher = ModelStore.Load(world.Teacher);
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.inference_mode();
        long[] decisions = teacher.Model.forward(Normalised(images, teacher.Preprocessing)).argmax(-1).data<long>().ToArray();
        // Noise may lie in the valley of another class; chance would get 3 of 9.
        Assert.InRange(decisions.Where((decision, i) => decision == i % 3).Count(), 7, 9);
    }

    [Fact]
    public void Patches_differ_more_than_without_the_entropy_and_pixels_less_than_without_the_variation()
    {
        double Of(SynthesisOptions options, Func<torch.Tensor, VisionTransformer, torch.Tensor> measure)
        {
            using ImageSynthesis synthesis = new(options);
            IReadOnlyList<RgbImage> images = synthesis.Make(0, 6, null, TestContext.Current.CancellationToken);
            using LoadedModel teacher = ModelStore.Load(world.Teacher);
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable off = torch.inference_mode();
            return measure(Normalised(images, teacher.Preprocessing), (VisionTransformer)teacher.Model).mean().item<float>();
        }

        static torch.Tensor Patches(torch.Tensor pixels, VisionTransformer teacher)
        {
            ModelOutput output = teacher.Run(pixels, new ModelCapture { HiddenBlocks = [0, 1, 2] });
            return torch.stack([
                .. output.Hidden.Values.Select(hidden => PatchSimilarity.Entropy(hidden.narrow(1, 1, teacher.Config.Patches))),
            ]);
        }

        Assert.True(Of(Options() with { PatchEntropy = 5 }, Patches) > Of(Options() with { PatchEntropy = 0 }, Patches) + 0.02);
        Assert.True(
            Of(Options() with { TotalVariation = 1 }, (pixels, _) => PixelPriors.TotalVariation(pixels))
                < 0.7 * Of(Options() with { TotalVariation = 0 }, (pixels, _) => PixelPriors.TotalVariation(pixels))
        );
    }

    [Fact]
    public void A_seed_gives_the_same_images_and_another_gives_others()
    {
        static byte[] Pixels(SynthesisOptions options)
        {
            using ImageSynthesis synthesis = new(options with { Steps = 3 });
            return [.. synthesis.Make(4, 2, null, TestContext.Current.CancellationToken).SelectMany(image => image.Pixels)];
        }

        byte[] once = Pixels(Options());
        Assert.Equal(once, Pixels(Options()));
        Assert.NotEqual(once, Pixels(Options() with { Seed = 1 }));
    }

    [Fact]
    public void Options_that_cannot_work_are_refused()
    {
        Assert.Contains(
            "steps is 0",
            Assert.Throws<DistillException>(() => new ImageSynthesis(Options() with { Steps = 0 })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "nothing to learn",
            Assert.Throws<DistillException>(() => new ImageSynthesis(Options() with { CrossEntropy = 0, PatchEntropy = 0 })).Message,
            StringComparison.Ordinal
        );
    }

    private SynthesisOptions Options() =>
        new()
        {
            Teacher = world.Teacher,
            Count = 9,
            Steps = 60,
            Flip = false,
            Shift = 0,
        };

    private static double[] Expected(string name)
    {
        using JsonDocument references = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "References", "synthesis.json"))
        );
        return [.. references.RootElement.GetProperty(name).EnumerateArray().Select(value => value.GetDouble())];
    }

    // The recurrence of tests/peers/synthesis.py.
    private static torch.Tensor Drawn(long seed, params long[] shape)
    {
        double[] values = new double[shape.Aggregate((a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
        {
            seed = ((1103515245 * seed) + 12345) % (1L << 31);
            values[i] = (seed / (double)(1L << 30)) - 1;
        }
        return torch.tensor(values, shape);
    }

    private static void Close(double[] expected, torch.Tensor actual)
    {
        foreach ((double e, double a) in expected.Zip(actual.data<double>()))
            Assert.Equal(e, a, 1e-9);
    }

    private static void Differentiate(Func<torch.Tensor, torch.Tensor> loss, torch.Tensor at)
    {
        torch.Tensor leaf = at.detach().requires_grad_(true);
        double[] gradient = torch.autograd.grad([loss(leaf).sum()], [leaf])[0].data<double>().ToArray(),
            values = at.data<double>().ToArray();
        const double step = 1e-6;
        for (int i = 0; i < values.Length; i += 3)
        {
            double Moved(double by)
            {
                double[] moved = [.. values];
                moved[i] += by;
                return loss(torch.tensor(moved, at.shape)).sum().item<double>();
            }

            Assert.Equal((Moved(step) - Moved(-step)) / (2 * step), gradient[i], 1e-6);
        }
    }

    private static torch.Tensor Normalised(IReadOnlyList<RgbImage> images, Preprocessing preprocessing)
    {
        int size = images[0].Width;
        torch.Tensor pixels = torch
            .tensor(images.SelectMany(image => image.Pixels).Select(value => value / 255f).ToArray(), [images.Count, size, size, 3])
            .permute(0, 3, 1, 2);
        return (pixels - torch.tensor(preprocessing.Mean.ToArray(), [1, 3, 1, 1]))
            / torch.tensor(preprocessing.Std.ToArray(), [1, 3, 1, 1]);
    }
}
