// What one process and several ranks have in common, without MPI: the tree of sums, the shares of a batch, what is compared.

using System.Collections.Concurrent;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Optimisation;
using DataFreeKD.Distiller.Ranks;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class RankTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private const int Microbatch = 8;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Ranks_add_in_the_order_of_one_tree(int ranks)
    {
        // Floats whose sum hangs on the order.
        float[] values = [1e8f, 1, -1e8f, 3, 1e-3f, 7e7f, 1e-3f, -7e7f];
        float tree = ((values[0] + values[1]) + (values[2] + values[3])) + ((values[4] + values[5]) + (values[6] + values[7]));
        int each = values.Length / ranks;
        float[] sums = OnRanks(ranks, reducer =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor own = torch.tensor(new[] { Block(values.AsSpan(reducer.Rank * each, each)) });
            reducer.Sum(own);
            return own.item<float>();
        });
        Assert.All(sums, sum => Assert.Equal(BitConverter.SingleToInt32Bits(tree), BitConverter.SingleToInt32Bits(sum)));

        static float Block(ReadOnlySpan<float> block) =>
            block.Length == 1 ? block[0] : Block(block[..(block.Length / 2)]) + Block(block[(block.Length / 2)..]);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Every_rank_has_what_the_first_shares_and_what_all_give_in_order(int ranks)
    {
        byte[][] all = OnRanks(ranks, reducer =>
        {
            byte[] shared = reducer.Rank == 0 ? [1, 2, 3] : new byte[3];
            reducer.Share(shared);
            return (byte[])[.. shared, .. reducer.Gather([(byte)reducer.Rank]).SelectMany(one => one)];
        });
        byte[] expected = [1, 2, 3, .. Enumerable.Range(0, ranks).Select(rank => (byte)rank)];
        Assert.All(all, one => Assert.Equal(expected, one));
    }

    [Fact]
    public void The_first_rank_that_differs_says_in_what_and_one_that_fails_says_why()
    {
        string[] said = OnRanks(4, reducer =>
            Said(reducer, group => group.Compare(new Dictionary<string, string> { ["a"] = "1", ["seed"] = reducer.Rank > 1 ? "5" : "0" }))
        );
        Assert.Equal(
            (string[])["", "", "the ranks differ: seed is '5' here and '0' at rank 0", ""],
            said.Select(line => line.Split(';')[0])
        );

        said = OnRanks(4, reducer => Said(reducer, group =>
            {
                if (reducer.Rank is 1 or 3)
                    throw new DistillException("broken");
                group.Compare(new Dictionary<string, string>());
            }));
        Assert.Equal((string[])["", "broken", "", ""], said);

        static string Said(IReducer reducer, Action<RankGroup> work)
        {
            RankGroup group = new(reducer);
            try
            {
                group.Attend(() => work(group));
                return "went on";
            }
            catch (DistillException refused)
            {
                return refused.Message;
            }
            catch (OtherRankException)
            {
                return "";
            }
        }
    }

    [Fact]
    public void Ranks_begin_with_the_state_of_the_first_and_are_told_of_other_weights()
    {
        string[] said = OnRanks(4, reducer =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            RankGroup group = new(reducer);
            // As machines that do not compute alike would come to.
            torch.Tensor leaf = torch.full([3], reducer.Rank < 2 ? 1f : 2f);
            using AdamW optimiser = new([new TrainedTensor("leaf", leaf, Decay: true)], world.Train("x"));
            try
            {
                RankState.RequireSame(group, optimiser, 7);
                return "the same";
            }
            catch (DistillException refused)
            {
                return refused.Message;
            }
            catch (OtherRankException)
            {
                return "";
            }
        });
        Assert.StartsWith("rank 2 has other weights than rank 0 after step 7", said[0], StringComparison.Ordinal);
        Assert.All(said[1..], Assert.Empty);

        float[] shared = OnRanks(4, reducer =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            RankGroup group = new(reducer);
            torch.Tensor leaf = torch.full([3], reducer.Rank + 1f);
            using AdamW optimiser = new([new TrainedTensor("leaf", leaf, Decay: true)], world.Train("x"));
            int step = RankState.Share(group, reducer.Rank == 0 ? 9 : 0, optimiser, scale: null);
            RankState.RequireSame(group, optimiser, step);
            return step + leaf.sum().item<float>();
        });
        Assert.All(shared, one => Assert.Equal(9 + 3, one));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Shares_of_a_batch_are_the_batch(int ranks)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        TrainOptions options = world.Train("x") with { Mixup = 0.5, CutMix = 0.5, Flip = 0.5 };
        LabelledImages data = LabelledImages.Read(world.Images, [], null, TestContext.Current.CancellationToken);
        using TrainingImages images = new(
            options,
            new ImageList(data.Paths),
            new Preprocessing { ImageSize = 16 },
            16,
            "images",
            null,
            TestContext.Current.CancellationToken
        );
        int count = options.BatchSize / ranks;
        using BatchLoader whole = images.Batches(0, 3);
        BatchLoader[] shares = [.. Enumerable.Range(0, ranks).Select(rank => images.Batches(0, 3, new BatchShare(rank * count, count)))];
        for (int step = 0; step < 3; step++)
        {
            Batch all = whole.Next();
            torch.Tensor mixed = Mixing.Apply(all.Pixels, options, step).Pixels;
            foreach (BatchLoader share in shares)
            {
                Batch own = share.Next(),
                    expected = all.Part(own.First, count);
                Assert.Equal(expected.Images, own.Images);
                Assert.Equal(expected.Partners, own.Partners);
                Assert.Equal(expected.Seeds, own.Seeds);
                Assert.Equal(expected.Start, own.Start);
                Assert.Equal(all.Epoch, own.Epoch);
                torch.Tensor pixels = Mixing.Apply(own.Pixels, options, step, own.PartnerPixels).Pixels;
                Assert.True(pixels.bytes.SequenceEqual(mixed.narrow(0, own.First, count).bytes));
            }
        }
        foreach (BatchLoader share in shares)
            share.Dispose();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Gradients_of_ranks_have_the_bits_of_one_process(int ranks)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using ImageModel model = StudentFactory.Fresh(TinyWorld.StudentSpec, 3, 4);
        torch.Tensor[] leaves = [.. model.parameters().Select(parameter => parameter.requires_grad_(true))];
        const int images = 2 * Microbatch;
        torch.Tensor pixels = torch.randn([images, 3, 16, 16], generator: new torch.Generator(3));
        Batch batch = new(pixels, [.. Enumerable.Range(0, images)], 0) { Start = 0, Seeds = new ulong[images] };
        SupervisedObjective objective = new(model, [.. Enumerable.Range(0, images).Select(i => i % 3)], 0.1);

        StepResult whole = Of(new Microbatches(Microbatch, OneProcess.Instance), batch);
        int count = images / ranks;
        // One after the other: each rank's sum is kept as it is handed over, and divided by the number of microbatches afterwards.
        torch.Tensor[] sums =
        [
            .. Enumerable
                .Range(0, ranks)
                .Select(rank =>
                {
                    Kept kept = new(rank, ranks);
                    Of(new Microbatches(Microbatch, kept), batch.Part(rank * count, count));
                    return kept.Sum!;
                }),
        ];
        while (sums.Length > 1)
            sums = [.. sums.Chunk(2).Select(pair => pair[0] + pair[1])];
        torch.Tensor gradient = whole.Gradients.Single();
        Assert.True(gradient.bytes.SequenceEqual((sums[0] / Microbatch).narrow(0, 0, gradient.numel()).contiguous().bytes));

        StepResult Of(Microbatches microbatches, Batch part) =>
            new StepGradients(objective, model, leaves, 1, clock: null, microbatches).Of(
                part,
                new Mixed(part.Pixels, 1),
                null,
                new StepPosition(2, 10)
            );
    }

    [Theory]
    [InlineData(0, 1, "must be 1 or more")]
    [InlineData(3, 1, "parts of equal size")]
    [InlineData(16, 1, "2 images or more")]
    [InlineData(8, 2, "leave Accumulate out")]
    public void Microbatches_that_cannot_be_are_refused(int microbatches, int accumulate, string reason)
    {
        DistillOptions options = world.Distill("s") with { Microbatches = microbatches, Accumulate = accumulate };
        Assert.Contains(reason, Assert.Throws<DistillException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kd+hidden", "")]
    [InlineData("dist", "dist compares the images of a microbatch (4), not of the batch (16)")]
    [InlineData("kd+rkd+noise:balance=1", "rkd and noise compare the images of a microbatch (4), not of the batch (16)")]
    public void Losses_that_look_across_images_are_noted(string recipe, string note) =>
        Assert.Equal(
            note,
            string.Join('\n', DistillRun.NotesOf(world.Distill("s") with { Microbatches = 4, Loss = Recipe.Parse(recipe) }))
        );

    [Theory]
    [InlineData("resnet:depth=10,img=16,stem=3,width=8")]
    [InlineData("rednet:depth=26,img=16,stem=3,width=16")]
    public void Students_with_BatchNorm_are_refused_by_name(string spec)
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]) with { Student = spec, Microbatches = 4 };
        DistillException refused = Assert.Throws<DistillException>(() =>
            DistillRun.Execute(options, cancel: TestContext.Current.CancellationToken)
        );
        Assert.Contains($"{spec.Split(':')[0]}", refused.Message, StringComparison.Ordinal);
        Assert.Contains("has BatchNorm", refused.Message, StringComparison.Ordinal);
    }

    // Each rank on a thread of its own.
    private static T[] OnRanks<T>(int ranks, Func<IReducer, T> work)
    {
        BlockingCollection<byte[]>[,] lines = new BlockingCollection<byte[]>[ranks, ranks];
        for (int from = 0; from < ranks; from++)
        {
            for (int to = 0; to < ranks; to++)
                lines[from, to] = [];
        }
        T[] results = new T[ranks];
        Exception?[] failures = new Exception?[ranks];
        Thread[] threads =
        [
            .. Enumerable
                .Range(0, ranks)
                .Select(rank => new Thread(() =>
                {
                    try
                    {
                        results[rank] = work(new InMemory(rank, lines));
                    }
                    catch (Exception failure)
                    {
                        failures[rank] = failure;
                    }
                })),
        ];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            Assert.True(thread.Join(TimeSpan.FromMinutes(2)));
        Assert.All(failures, Assert.Null);
        return results;
    }

    private sealed class InMemory(int rank, BlockingCollection<byte[]>[,] lines) : DoublingReducer(rank, lines.GetLength(0))
    {
        public override void Leave() { }

        protected override void Exchange(int partner, ReadOnlySpan<byte> send, Span<byte> receive)
        {
            lines[Rank, partner].Add(send.ToArray());
            byte[] got = lines[partner, Rank].Take();
            Assert.Equal(receive.Length, got.Length);
            got.CopyTo(receive);
        }
    }

    private sealed class Kept(int rank, int ranks) : IReducer
    {
        public torch.Tensor? Sum { get; private set; }

        public int Rank => rank;

        public int Ranks => ranks;

        void IReducer.Sum(torch.Tensor flat) => Sum = flat.clone();

        public void Share(Span<byte> bytes) { }

        public byte[][] Gather(ReadOnlySpan<byte> record) => [record.ToArray()];

        public void Leave() { }
    }
}
