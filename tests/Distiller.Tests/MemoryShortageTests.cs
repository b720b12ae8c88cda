// A step for which memory does not suffice ends in one line that names what takes less.

using System.Runtime.InteropServices;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class MemoryShortageTests
{
    [Theory]
    [InlineData(
        128,
        1,
        "out of memory with 128 images at once: give Accumulate 2, which takes the same steps with 64 at once, or BatchSize 64;"
    )]
    [InlineData(
        128,
        4,
        "out of memory with 32 images at once: give Accumulate 8, which takes the same steps with 16 at once, or BatchSize 64;"
    )]
    [InlineData(6, 2, "out of memory with 3 images at once: there is no smaller batch to take")]
    public void A_step_that_memory_does_not_suffice_for_names_what_takes_less(int images, int parts, string start)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        DistillException refused = Assert.Throws<DistillException>(() => Step(images, parts, most: 1));
        Assert.StartsWith(start, refused.Message, StringComparison.Ordinal);
        Assert.Contains("CheckpointActivations", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("(CUDA out of memory. Tried to allocate 2.00 GiB)", refused.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(LoopOptions.Accumulate), refused.Options);
    }

    [Fact]
    public void What_it_names_is_enough_where_half_of_the_images_fit()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Assert.Throws<DistillException>(() => Step(16, 1, most: 8));
        Assert.Single(Step(16, 2, most: 8).Gradients);
    }

    private static StepResult Step(int images, int parts, int most)
    {
        torch.Tensor leaf = torch.ones(1).requires_grad_(true),
            pixels = torch.zeros([images, 3, 1, 1]);
        using VisionTransformer learner = (VisionTransformer)StudentFactory.Fresh(TinyWorld.StudentSpec, 3, 1);
        Batch batch = new(pixels, new int[images], 0) { Start = 0, Seeds = new ulong[images] };
        return new StepGradients(new Limited(leaf, most), learner, [leaf], parts, clock: null).Of(
            batch,
            new Mixed(pixels, 1),
            null,
            new StepPosition(0, 1)
        );
    }

    /// <summary>As libtorch reports.</summary>
    private sealed class NativeException(string message) : ExternalException(message);

    /// <summary>Has memory for some images.</summary>
    private sealed class Limited(torch.Tensor leaf, int most) : Objective
    {
        public override IReadOnlyList<string> Terms => ["leaf"];

        public override string HeldOutName => "none";

        public override StepLoss Loss(Batch batch, Mixed mixed, torch.Tensor? kept, StepPosition at)
        {
            if (mixed.Pixels.shape[0] > most)
                throw new NativeException("CUDA out of memory. Tried to allocate 2.00 GiB\nstack");
            torch.Tensor loss = leaf.square().sum();
            return new StepLoss(loss, [loss]);
        }

        public override int[] HeldOutTargets(int[] slots) => [];
    }
}
