// Training, distilling and evaluating models of every family.

using DataFreeKD.Distiller.Optimisation;
using DataFreeKD.Models;
using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class FamilyRunTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private const string ResNet = "resnet:depth=10,img=16,stem=3,width=8",
        RedNet = "rednet:depth=26,img=16,stem=3,width=8",
        TinyVit = "tinyvit:img=16,stem=1,dims=16/24/32/48,depths=1/1/1/1,heads=1/2/2/2";

    public static TheoryData<string> Families => [ResNet, RedNet, TinyVit];

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_family_learns_the_labels_and_is_evaluated_from_its_directory(string spec)
    {
        using TempFolder folder = new();
        List<double> losses = [];
        TrainRun.Execute(
            world.Train(folder["m"]) with
            {
                Model = spec,
                Steps = 60,
                Ema = 0.9,
                LogEvery = 10,
            },
            new Losses(losses),
            TestContext.Current.CancellationToken
        );
        Assert.True(losses[^1] < 0.5 * losses[0], string.Join(' ', losses));
        EvaluationReport report = EvaluateRun.Execute(
            new EvaluateOptions
            {
                Model = folder["m"],
                Labelled = world.Images,
                BatchSize = 50,
            },
            cancel: TestContext.Current.CancellationToken
        );
        Assert.True(report.Top1 >= 0.9, $"accuracy {report.Top1}");
        Assert.Contains(
            spec[..spec.IndexOf(':', StringComparison.Ordinal)],
            File.ReadAllText(Path.Combine(folder["m"], "config.json")),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_run_killed_between_checkpoints_and_resumed_ends_bit_equal(string spec)
    {
        using TempFolder folder = new();
        TrainOptions options = world.Train(folder["whole"]) with
        {
            Model = spec,
            Steps = 12,
            HoldOut = 0.1,
            EvaluateEvery = 5,
            Ema = 0.9,
            CheckpointEvery = 4,
            LogEvery = 1,
        };
        TrainRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        TrainOptions broken = options with { Output = folder["broken"], Resume = true };
        Assert.Throws<InvalidDataException>(() => TrainRun.Execute(broken, new KillAt(6), TestContext.Current.CancellationToken));
        Assert.Equal(4, TrainRun.Execute(broken, cancel: TestContext.Current.CancellationToken).ResumedFrom);
        foreach (string name in (string[])["model.safetensors", "training/checkpoint.safetensors", "training/metrics.csv"])
            Assert.True(
                File.ReadAllBytes(Path.Combine(folder["whole"], name))
                    .AsSpan()
                    .SequenceEqual(File.ReadAllBytes(Path.Combine(folder["broken"], name))),
                name + " differs"
            );
    }

    [Fact]
    public void Logits_are_enough_for_any_pair_of_families()
    {
        using TempFolder folder = new();
        DistillSummary convolutional = DistillRun.Execute(
            world.Distill(folder["resnet"]) with
            {
                Student = ResNet,
                Steps = 80,
                HoldOut = 0.2,
                Loss = DataFreeKD.Distiller.Losses.Recipe.Parse("kd+noise*0.1"),
            },
            cancel: TestContext.Current.CancellationToken
        );
        Assert.True(convolutional.HeldOut >= 0.8, $"agreement {convolutional.HeldOut}");
        DistillSummary back = DistillRun.Execute(
            world.Distill(folder["vit"]) with
            {
                Teacher = folder["resnet"],
                Steps = 120,
                HoldOut = 0.2,
            },
            cancel: TestContext.Current.CancellationToken
        );
        Assert.True(back.HeldOut >= 0.8, $"agreement {back.HeldOut}");
    }

    [Fact]
    public void Every_training_step_is_counted_once_by_the_norms()
    {
        using TempFolder folder = new();
        // Scoring the held-out slice in between must not count.
        TrainRun.Execute(
            world.Train(folder["m"]) with
            {
                Model = ResNet,
                Steps = 5,
                HoldOut = 0.2,
                EvaluateEvery = 1,
                LogEvery = 1,
            },
            cancel: TestContext.Current.CancellationToken
        );
        using DisposeScope scope = torch.NewDisposeScope();
        KeyValuePair<string, torch.Tensor>[] counters =
        [
            .. SafeTensors
                .Read(Path.Combine(folder["m"], "model.safetensors"))
                .Where(pair => pair.Key.EndsWith("num_batches_tracked", StringComparison.Ordinal)),
        ];
        Assert.NotEmpty(counters);
        Assert.All(counters, counter => Assert.Equal(5, counter.Value.item<long>()));
    }

    [Fact]
    public void What_needs_tokens_is_refused_in_one_line()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]) with { Student = ResNet };
        foreach (string loss in (string[])["hidden", "probe", "attention", "minilm", "vitkd", "manifold", "tat", "hard:head=dist"])
            Assert.Contains(
                "has no tokens",
                Assert
                    .Throws<DistillException>(() =>
                        DistillRun.Execute(
                            options with
                            {
                                Loss = DataFreeKD.Distiller.Losses.Recipe.Parse("kd+" + loss),
                            },
                            cancel: TestContext.Current.CancellationToken
                        )
                    )
                    .Message,
                StringComparison.Ordinal
            );
        Assert.Contains(
            "no patch tokens",
            Assert
                .Throws<DistillException>(() =>
                    DistillRun.Execute(options with { PatchDropout = 0.3 }, cancel: TestContext.Current.CancellationToken)
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "cannot be pruned",
            Assert
                .Throws<ModelException>(() =>
                    DistillRun.Execute(options with { Init = StudentInit.Teacher }, cancel: TestContext.Current.CancellationToken)
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "cannot be cut",
            Assert
                .Throws<ModelException>(() =>
                    DistillRun.Execute(options with { Init = StudentInit.Slice }, cancel: TestContext.Current.CancellationToken)
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(folder["s"]));
    }

    [Fact]
    public void Norms_biases_and_attention_biases_are_spared_by_weight_decay()
    {
        using ImageModel model = ModelRegistry.Resolve(TinyVit).Create();
        IReadOnlyList<TrainedTensor> trained = TrainedTensor.Of(model, []);
        Assert.Equal(model.named_parameters().Count(), trained.Count);
        Assert.All(trained, tensor =>
            Assert.Equal(tensor.Value.dim() > 1 && !tensor.Name.EndsWith("attention_biases", StringComparison.Ordinal), tensor.Decay)
        );
    }

    [Fact]
    public void Running_statistics_are_averaged_as_the_weights_are()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using ImageModel model = ModelRegistry.Resolve(ResNet).Create();
        torch.Tensor mean = model.Buffers()["bn1.running_mean"],
            count = model.Buffers()["bn1.num_batches_tracked"];
        using RunningStatistics statistics = new(model, 0.9);
        using IDisposable off = torch.no_grad();
        mean.fill_(1);
        count.fill_(1);
        statistics.Follow(0); // decay (1 + 0)/(10 + 0)
        mean.fill_(2);
        count.fill_(2);
        statistics.Follow(1); // decay 2/11
        double average = (0.9 * 2 / 11) + (2 * 9 / 11.0),
            seen = 0;
        statistics.WithAverage(() => seen = mean[0].item<float>());
        Assert.Equal(average, seen, 1e-6);
        Assert.Equal(2, mean[0].item<float>());
        statistics.KeepAverage();
        Assert.Equal(average, mean[0].item<float>(), 1e-6);
        Assert.Equal(2, count.item<long>());
    }

    private sealed class Losses(List<double> losses) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value)
        {
            if (value.Phase == "train")
                losses.Add(value.Loss);
        }
    }

    private sealed class KillAt(int step) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value)
        {
            if (value.Phase == "train" && value.Done == step)
                throw new InvalidDataException("killed");
        }
    }
}
