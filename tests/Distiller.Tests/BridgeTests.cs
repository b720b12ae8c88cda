// Bridges: assistants between teacher and student, and a student carried to another input size.

using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using DataFreeKD.Testing;

namespace DataFreeKD.Distiller.Tests;

public sealed class BridgeTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private const string Assistant = "vit:img=16,patch=4,dim=20,depth=3,heads=2";

    [Fact]
    public void Assistants_are_runs_of_their_own_that_teach_the_student()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]) with
        {
            Via = [Assistant, "resnet:depth=10,img=16,stem=3,width=8"],
            Steps = 60,
            HoldOut = 0.2,
        };
        DistillSummary summary = Run(options);
        // Three hops of 60 steps each: well above a third, which is chance.
        Assert.True(summary.HeldOut >= 0.6, $"agreement {summary.HeldOut}");

        // The same, hop by hop.
        Run(options with { Via = [], Student = Assistant, Output = folder["one"] });
        Run(options with { Via = [], Teacher = folder["one"], Student = options.Via[1], Output = folder["two"] });
        Run(options with { Via = [], Teacher = folder["two"], Output = folder["student"] });
        Assert.Equal(Weights(folder["one"]), Weights(Path.Combine(folder["s"], "assistant-1")));
        Assert.Equal(Weights(folder["two"]), Weights(Path.Combine(folder["s"], "assistant-2")));
        Assert.Equal(Weights(folder["student"]), Weights(folder["s"]));
        string card = File.ReadAllText(Path.Combine(folder["s"], "README.md"));
        Assert.Contains($"| lineage | teacher (", card, StringComparison.Ordinal);
        Assert.Contains($") → assistant-1 ({Assistant}, ", card, StringComparison.Ordinal);
        Assert.Contains("→ assistant-2 (resnet:", card, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("assistant-1 train", 20)]
    [InlineData("train", 10)]
    public void A_chain_killed_in_any_hop_and_resumed_ends_bit_equal(string phase, int step)
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["whole"]) with { Via = [Assistant], Loss = Recipe.Parse("kd+probe*0.5"), Seed = 4 };
        Run(options);
        DistillOptions broken = options with { Output = folder["broken"] };
        Assert.Throws<InvalidDataException>(() => Run(broken, new OnStep(phase, step, () => throw new InvalidDataException("killed"))));
        Assert.Contains("Resume", Refused(broken), StringComparison.Ordinal);
        List<(string Phase, long Done)> seen = [];
        Run(broken with { Resume = true }, new Recorded(seen));
        foreach (string hop in (string[])["", "assistant-1"])
            Assert.Equal(Weights(Path.Combine(folder["whole"], hop)), Weights(Path.Combine(folder["broken"], hop)));
        // What was done before the kill is not done again.
        long[] steps = [.. seen.Where(report => report.Phase == "assistant-1 train").Select(report => report.Done)];
        Assert.True(phase == "train" ? steps.Length == 0 : steps.Min() > 14, string.Join(' ', steps));
    }

    [Fact]
    public void A_hop_that_cannot_be_is_refused_before_the_first_begins()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]);
        Assert.Contains(
            "img=16",
            Refused(options with { Via = [Assistant, "vit:img=32,patch=4,dim=20,depth=3,heads=2"] }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "has no tokens",
            Refused(options with { Via = ["resnet:depth=10,img=16,stem=3,width=8"], Loss = Recipe.Parse("kd+probe") }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "one teacher",
            Refused(options with { Via = [Assistant], FurtherTeachers = [world.Teacher] }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "assistants",
            Assert.Throws<DistillException>(() => RecipeExplanation.Of(options with { Via = [Assistant] })).Message,
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(folder["s"]));
    }

    [Fact]
    public void A_student_goes_on_at_another_input_size_with_its_teacher()
    {
        using TempFolder folder = new();
        Run(world.Distill(folder["small"]) with { Steps = 300 });
        DistillOptions larger = world.Distill(folder["large"]) with
        {
            Student = folder["small"],
            Preprocessing = new PreprocessingOverride { ImageSize = 24 },
            LearningRate = 1e-5,
            Ema = 0,
            Steps = 5,
            HoldOut = 0.3,
        };
        DistillSummary summary = Run(larger);
        // Three hops of 60 steps each: well above a third, which is chance.
        Assert.True(summary.HeldOut >= 0.6, $"agreement {summary.HeldOut}");
        using LoadedModel written = ModelStore.Load(folder["large"]),
            before = ModelStore.Load(folder["small"]);
        Assert.Equal((24, 24), (written.Model.Config.ImageSize, written.Preprocessing.ImageSize));
        Assert.Equal([1, 37, 16], written.Model.StateDict()["pos_embed"].shape);
        // Five small steps: the start was the trained student, not a fresh one.
        Assert.True(
            (written.Model.StateDict()["blocks.0.mlp.fc1.weight"] - before.Model.StateDict()["blocks.0.mlp.fc1.weight"])
                .abs()
                .max()
                .item<float>()
                is > 0
                    and < 1e-3f
        );
        Assert.Contains(
            "ImageSize 24",
            Refused(world.Distill(folder["back"]) with { Student = folder["large"] }),
            StringComparison.Ordinal
        );
    }

    private static byte[] Weights(string path) => File.ReadAllBytes(Path.Combine(path, "model.safetensors"));

    private static DistillSummary Run(DistillOptions options, IProgress<TrainProgress>? progress = null) =>
        DistillRun.Execute(options, progress, TestContext.Current.CancellationToken);

    private static string Refused(DistillOptions options) => Assert.Throws<DistillException>(() => Run(options)).Message;

    private sealed class Recorded(List<(string Phase, long Done)> seen) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value) => seen.Add((value.Phase, value.Done));
    }
}
