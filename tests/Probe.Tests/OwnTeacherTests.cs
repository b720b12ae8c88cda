// A network that a program brings is a teacher as any other.

using System.Runtime.InteropServices;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Tests;

public sealed class OwnTeacherTests
{
    private const int Classes = 5;

    [Fact]
    public void It_gives_the_figures_of_the_checkpoint_that_holds_the_same_weights()
    {
        using ScoringWorld world = new();
        string directory = Checkpoint(world);
        MemoryImage[] images = Images(world, 9, brokenEvery: 4);
        string[] scores = ["margin", "feature_norm", "weight_cosine", "view_kl", "rollout_entropy"];
        using Teacher read = new(
            new TeacherOptions
            {
                Teacher = directory,
                ExtraScores = scores,
                BatchSize = 2,
            }
        );
        using LoadedModel loaded = ModelStore.Load(directory);
        using Teacher own = Teacher.From(new Network(loaded.Model), loaded.Preprocessing, loaded.ClassNames, options =>
            options with
            {
                ExtraScores = scores,
                BatchSize = 2,
            }
        );

        IReadOnlyList<ScoredImage> expected = read.Score(images, TestContext.Current.CancellationToken),
            found = own.Score(images, TestContext.Current.CancellationToken);

        Assert.Equal(read.Columns, own.Columns);
        Assert.Equal(expected.Select(image => image.Reason), found.Select(image => image.Reason));
        foreach ((ScoredImage first, ScoredImage second) in expected.Zip(found).Where(pair => pair.First.Ok))
        {
            Assert.Equal((first.Prediction, first.ClassName), (second.Prediction, second.ClassName));
            Assert.Equal((first.Confidence, first.Entropy, first.Energy), (second.Confidence, second.Entropy, second.Energy));
            Assert.Equal(first.Extras, second.Extras);
            Assert.Equal(first.Embedding.ToArray(), second.Embedding.ToArray());
            Assert.Empty(second.Probes);
            Assert.True(double.IsNaN(second.Extras["rollout_entropy"]));
        }
        own.Dispose();
        using Tensor blank = zeros(1, 3, 16, 16);
        Assert.Equal([1, Classes], loaded.Model.forward(blank).shape);
    }

    [Fact]
    public void Logits_alone_suffice_and_scores_of_what_is_missing_stay_empty()
    {
        using ScoringWorld world = new();
        using LoadedModel loaded = ModelStore.Load(Checkpoint(world));
        using Teacher own = Teacher.From(new Network(loaded.Model) { GivesEmbeddings = false }, loaded.Preprocessing, configure: options =>
            options with
            {
                ExtraScores = ["margin", "feature_norm", "weight_cosine"],
            }
        );
        ScoredImage scored = own.Score(Images(world, 1)[0]);
        Assert.True(scored.Ok);
        Assert.Equal("", scored.ClassName);
        Assert.Equal(0, scored.Embedding.Length);
        Assert.True(double.IsFinite(scored.Extras["margin"]));
        Assert.True(double.IsNaN(scored.Extras["feature_norm"]) && double.IsNaN(scored.Extras["weight_cosine"]));
    }

    [Theory]
    [InlineData(8, 4)]
    [InlineData(3, 2)]
    [InlineData(1, 1)]
    public void Where_memory_runs_out_it_gets_half_of_the_images_at_once_from_then_on(int most, int expected)
    {
        using ScoringWorld world = new();
        using LoadedModel loaded = ModelStore.Load(Checkpoint(world));
        MemoryImage[] images = Images(world, 23, brokenEvery: 7);
        List<long> sizes = [];
        using Teacher whole = From(new Network(loaded.Model)),
            limited = From(new Network(loaded.Model) { Most = most, Sizes = sizes });

        IReadOnlyList<ScoredImage> found = limited.Score(images, TestContext.Current.CancellationToken);
        // Of ten files one is broken.
        Assert.Equal(9, sizes[0]);
        Assert.Equal(20, sizes.Where(size => size <= most).Sum());
        Assert.All(sizes.SkipWhile(size => size > most), size => Assert.InRange(size, 1, expected));
        Assert.Equal(images.Length, found.Count);
        foreach ((ScoredImage one, ScoredImage other) in whole.Score(images, TestContext.Current.CancellationToken).Zip(found))
        {
            Assert.Equal(one.Sha256, other.Sha256);
            Assert.Equal(one.Reason, other.Reason);
            Assert.Equal(one.Prediction, other.Prediction);
            Assert.Equal(one.Entropy ?? 0, other.Entropy ?? 0, 1e-5);
        }

        Teacher From(Network network) =>
            Teacher.From(network, loaded.Preprocessing, configure: options => options with { BatchSize = 10, Workers = 1 });
    }

    [Fact]
    public void Where_memory_does_not_suffice_for_one_image_it_says_so()
    {
        using ScoringWorld world = new();
        using LoadedModel loaded = ModelStore.Load(Checkpoint(world));
        using Teacher none = Teacher.From(new Network(loaded.Model) { Most = 0 }, loaded.Preprocessing);
        Assert.Throws<NativeException>(() => none.Score(Images(world, 4), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void What_does_not_fit_is_refused_by_name()
    {
        using ScoringWorld world = new();
        using LoadedModel loaded = ModelStore.Load(Checkpoint(world));
        Network network = new(loaded.Model);
        Refused("5 classes, and 2 class names", () => Teacher.From(network, loaded.Preprocessing, ["a", "b"]));
        Refused("Runtime is of teachers that are read from a file", () => From(options => options with { Runtime = TeacherRuntime.Onnx }));
        Refused("no attention to probe", () => From(options => options with { Blocks = [1] }));
        using Teacher wrong = Teacher.From(new Network(loaded.Model) { Classes = 7 }, loaded.Preprocessing);
        Refused("Logits of shape [1, 5] and says that it gives [1, 7]", () => wrong.Score(Images(world, 1)[0]));

        Teacher From(Func<TeacherOptions, TeacherOptions> configure) => Teacher.From(network, loaded.Preprocessing, configure: configure);

        static void Refused(string why, Func<object> action) =>
            Assert.Contains(why, Assert.Throws<ScoreException>(action).Message, StringComparison.Ordinal);
    }

    private static string Checkpoint(ScoringWorld world)
    {
        string directory = world["resnet"];
        using ImageModel model = ModelRegistry.Resolve($"resnet:depth=10,img=16,stem=3,width=8,classes={Classes}").Create(3);
        ModelStore.Save(
            directory,
            model,
            new Preprocessing { ImageSize = 16, CropPct = 1 },
            [.. Enumerable.Range(0, Classes).Select(index => $"class {index}")]
        );
        return directory;
    }

    private static MemoryImage[] Images(ScoringWorld world, int count, int brokenEvery = int.MaxValue) =>
        [
            .. Directory
                .EnumerateFiles(world.Images("images", count, brokenEvery))
                .Order(StringComparer.Ordinal)
                .Select(file => new MemoryImage(file, File.ReadAllBytes(file))),
        ];

    /// <summary>As libtorch reports.</summary>
    private sealed class NativeException(string message) : ExternalException(message);

    private sealed class Network(ImageModel model) : ITeacher
    {
        public int Classes { get; init; } = model.Config.Classes;

        public bool GivesEmbeddings { get; init; } = true;

        /// <summary>Images that memory suffices for.</summary>
        public int Most { get; init; } = int.MaxValue;

        public List<long> Sizes { get; init; } = [];

        public int EmbeddingWidth => GivesEmbeddings ? model.Config.Features : 0;

        public LinearHead? Head => GivesEmbeddings ? new LinearHead(model.StateDict()["fc.weight"], model.StateDict()["fc.bias"]) : null;

        public TeacherAnswer Answer(Tensor pixels)
        {
            Sizes.Add(pixels.shape[0]);
            if (pixels.shape[0] > Most)
                throw new NativeException("CUDA out of memory. Tried to allocate 2.00 GiB");
            ModelOutput output = model.Run(pixels, ModelCapture.None);
            return TeacherAnswer.From(output.Logits, GivesEmbeddings ? output.Embedding : null);
        }
    }
}
