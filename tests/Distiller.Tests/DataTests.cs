// Order, randomness, hold-out, mixing, patches, pixels: the parts that make a run repeatable.

using DataFreeKD.Distiller.Data;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class DataTests
{
    private static TrainOptions Options { get; } =
        new()
        {
            Output = "o",
            Model = "m",
            Labelled = "d",
        };

    [Theory]
    [InlineData(10, 4)]
    [InlineData(3, 8)]
    [InlineData(7, 7)]
    public void Every_image_has_its_turn_once_an_epoch(int images, int batch)
    {
        BatchOrder order = new(images, batch, seed: 5);
        Turn[] turns = [.. Enumerable.Range(0, images).SelectMany(step => order.At(step))];
        foreach (IGrouping<int, Turn> epoch in turns.GroupBy(turn => turn.Epoch))
            Assert.Equal(Enumerable.Range(0, images), epoch.Select(turn => turn.Image).Order());
        if (images > 3)
            Assert.NotEqual(turns.Take(images).Select(turn => turn.Image), turns.Skip(images).Take(images).Select(turn => turn.Image));
    }

    [Fact]
    public void A_later_step_is_the_same_whether_or_not_the_earlier_were_asked_for()
    {
        BatchOrder all = new(50, 8, 3),
            fresh = new(50, 8, 3);
        Turn[][] turns = [.. Enumerable.Range(0, 20).Select(step => all.At(step))];
        Assert.Equal(turns[17], fresh.At(17));
    }

    [Fact]
    public void A_curriculum_grows_pass_by_pass_from_the_head_of_the_table_to_all_of_it()
    {
        Curriculum curriculum = new(0.25, 3);
        BatchOrder order = new(40, 8, 5, curriculum);
        Turn[] turns = [.. Enumerable.Range(0, 40).SelectMany(step => order.At(step))];
        int[] sizes = [.. turns.GroupBy(turn => turn.Epoch).SkipLast(1).Select(pass => pass.Count())];
        Assert.Equal(10, sizes[0]);
        Assert.Equal(sizes.Order(), sizes);
        Assert.Equal(40, sizes[^1]);
        // Growth is linear in the turns: 40 after 3·40 of them.
        for (int pass = 1; pass < sizes.Length; pass++)
            Assert.Equal(Math.Min(40, Math.Ceiling(10 + 30 * sizes.Take(pass).Sum() / 120.0)), sizes[pass]);
        foreach (IGrouping<int, Turn> pass in turns.GroupBy(turn => turn.Epoch).SkipLast(1))
            Assert.Equal(Enumerable.Range(0, pass.Count()), pass.Select(turn => turn.Image).Order());
    }

    [Fact]
    public void A_step_of_a_curriculum_is_the_same_whatever_was_asked_before()
    {
        BatchOrder all = new(50, 8, 3, new Curriculum(0.1, 2)),
            fresh = new(50, 8, 3, new Curriculum(0.1, 2));
        Turn[][] turns = [.. Enumerable.Range(0, 30).Select(step => all.At(step))];
        Assert.Equal(turns[17], fresh.At(17));
        Assert.Equal(turns[2], fresh.At(2));
        Assert.Equal(turns[29], fresh.At(29));
    }

    [Fact]
    public void A_curriculum_of_everything_is_none()
    {
        Assert.Null(Curriculum.Of(Options));
        Assert.Equal(new Curriculum(0.3, 3), Curriculum.Of(Options with { Curriculum = 0.3 }));
        Assert.Throws<DistillException>((Options with { Curriculum = 0 }).Validate);
        Assert.Throws<DistillException>((Options with { Curriculum = 0.5, CurriculumEpochs = 0 }).Validate);
    }

    [Fact]
    public void Streams_of_different_purpose_or_key_differ()
    {
        ulong[] first =
        [
            new Randomness(1, Purpose.Order).Next(),
            new Randomness(1, Purpose.Patches).Next(),
            new Randomness(2, Purpose.Order).Next(),
            new Randomness(1, Purpose.Order, 1).Next(),
            new Randomness(1, Purpose.Order, 0, 1).Next(),
        ];
        Assert.Equal(5, first.Distinct().Count());
    }

    [Fact]
    public void A_beta_variable_has_the_mean_and_variance_of_its_law()
    {
        foreach (double alpha in (double[])[0.2, 1, 3])
        {
            Randomness random = new(7, Purpose.Mixing);
            double[] values = [.. Enumerable.Range(0, 20000).Select(_ => random.NextBeta(alpha))];
            double mean = values.Average();
            Assert.Equal(0.5, mean, 0.02);
            Assert.Equal(1 / (4 * ((2 * alpha) + 1)), values.Average(value => (value - mean) * (value - mean)), 0.01);
        }
    }

    [Fact]
    public void The_held_out_slice_is_apart_from_the_training_images_and_repeatable()
    {
        int[] indices = [.. Enumerable.Range(10, 100)];
        (int[] train, int[] held) = HoldOut.Split(indices, 0.2, 4);
        Assert.Equal(20, held.Length);
        Assert.Equal(indices, train.Concat(held).Order());
        Assert.Equal(held, HoldOut.Split(indices, 0.2, 4).Held);
        Assert.NotEqual(held, HoldOut.Split(indices, 0.2, 5).Held);
        Assert.Equal([3], HoldOut.Split([3], 0.5, 0).Train);
    }

    [Fact]
    public void The_share_that_CutMix_reports_is_the_share_of_own_pixels()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor pixels = torch.cat([torch.zeros(1, 3, 16, 16), torch.ones(1, 3, 16, 16)]);
        for (int step = 0; step < 30; step++)
        {
            Mixed mixed = Mixing.Apply(pixels, Options with { CutMix = 1 }, step);
            Assert.Equal(1 - mixed.Own, mixed.Pixels[0].mean().item<float>(), 1e-5);
        }
    }

    [Fact]
    public void Mixup_blends_each_image_with_its_mirror_in_the_batch()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor pixels = torch.arange(4).to_type(torch.ScalarType.Float32).reshape(4, 1, 1, 1).expand(4, 3, 2, 2);
        Mixed mixed = Mixing.Apply(pixels, Options with { Mixup = 1 }, 3);
        Assert.InRange(mixed.Own, 0.0001, 0.9999);
        Assert.Equal((1 * mixed.Own) + (2 * (1 - mixed.Own)), mixed.Pixels[1, 0, 0, 0].item<float>(), 1e-5);
    }

    [Fact]
    public void Kept_patches_are_distinct_sorted_and_fixed_by_seed_and_step()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor kept = KeptPatches.Choose(5, 64, 0.5, 1, 2, torch.CPU)!;
        Assert.Equal([5, 32], kept.shape);
        for (int image = 0; image < 5; image++)
        {
            long[] row = kept[image].data<long>().ToArray();
            Assert.Equal(row.Distinct().Order(), row);
            Assert.InRange(row[^1], 31, 63);
        }
        Assert.Equal(kept.data<long>().ToArray(), KeptPatches.Choose(5, 64, 0.5, 1, 2, torch.CPU)!.data<long>().ToArray());
        Assert.NotEqual(kept.data<long>().ToArray(), KeptPatches.Choose(5, 64, 0.5, 1, 3, torch.CPU)!.data<long>().ToArray());
        Assert.Null(KeptPatches.Choose(5, 64, 0, 1, 2, torch.CPU));
    }

    [Fact]
    public void Dropped_patches_follow_their_schedule()
    {
        TrainOptions options = new()
        {
            Labelled = "d",
            Model = "m",
            Output = "o",
            PatchDropout = 0.5,
            PatchDropoutUntil = 0.8,
        };
        Assert.Equal([0.5, 0.5, 0], [Share(0), Share(7), Share(8)]);
        options = options with { PatchDropoutTo = 0.1 };
        Assert.Equal(0.5, Share(0));
        Assert.Equal(0.3, Share(4), 12);
        Assert.Equal(0.15, Share(7), 12);
        Assert.Equal([0, 0], [Share(8), Share(9)]);
        Assert.Contains(
            "patch dropout to is 1",
            Assert.Throws<DistillException>(() => (options with { PatchDropoutTo = 1 }).Validate()).Message,
            StringComparison.Ordinal
        );

        double Share(int step) => KeptPatches.ShareDropped(options, step, 10);
    }

    [Fact]
    public void Normalising_by_table_equals_normalising_each_pixel()
    {
        byte[] pixels = [.. Enumerable.Range(0, 4 * 4 * 3).Select(i => (byte)(i * 5))];
        float[] mean = [0.4914f, 0.4822f, 0.4465f],
            std = [0.247f, 0.2435f, 0.2616f],
            result = new float[48];
        new PixelNormaliser(mean, std).Apply(pixels, result);
        for (int c = 0; c < 3; c++)
            for (int i = 0; i < 16; i++)
                Assert.Equal(((pixels[(i * 3) + c] / 255f) - mean[c]) / std[c], result[(c * 16) + i]);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(0)]
    public void Pixels_come_back_from_memory_and_from_a_mapped_file(long maxMemory)
    {
        using PixelStore store = new(count: 40, side: 5, maxMemory);
        byte[] image = new byte[75],
            read = new byte[75];
        for (int slot = 0; slot < 40; slot++)
        {
            Array.Fill(image, (byte)slot);
            store.Write(slot, image);
        }
        for (int slot = 0; slot < 40; slot++)
        {
            store.Read(slot, read);
            Assert.All(read, value => Assert.Equal(slot, value));
        }
    }
}
