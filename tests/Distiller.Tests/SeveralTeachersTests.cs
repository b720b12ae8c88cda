// Several teachers: how their answers become one, in whose normalisation each sees, and who may not teach together.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class SeveralTeachersTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    // Two images, two classes, three teachers; by hand from the definitions.
    private static readonly double[][][] Probabilities =
    [
        [
            [0.8, 0.2],
            [0.5, 0.5],
        ],
        [
            [0.6, 0.4],
            [0.9, 0.1],
        ],
        [
            [0.1, 0.9],
            [0.7, 0.3],
        ],
    ];

    [Fact]
    public void The_mean_of_teachers_is_the_mean_of_their_probabilities() => AssertMixture(TeacherMixture.Mean, [1.5 / 3, 2.1 / 3]);

    [Fact]
    public void A_confident_teacher_counts_by_its_largest_probability() =>
        AssertMixture(
            TeacherMixture.Confident,
            [((0.8 * 0.8) + (0.6 * 0.6) + (0.9 * 0.1)) / (0.8 + 0.6 + 0.9), ((0.5 * 0.5) + (0.9 * 0.9) + (0.7 * 0.7)) / (0.5 + 0.9 + 0.7)]
        );

    [Fact]
    public void A_teacher_that_stands_apart_counts_less()
    {
        double[] expected = [Agreeing([0.8, 0.6, 0.1], 0.5), Agreeing([0.5, 0.9, 0.7], 0.7)];
        AssertMixture(TeacherMixture.Agreeing, expected);
        Assert.True(expected[0] > 0.5, "two of three teachers say class 0");

        static double Agreeing(double[] first, double mean)
        {
            double[] weights = [.. first.Select(p => Math.Exp(-((p * Math.Log(p / mean)) + ((1 - p) * Math.Log((1 - p) / (1 - mean))))))];
            return first.Zip(weights, (p, weight) => p * weight).Sum() / weights.Sum();
        }
    }

    [Fact]
    public void Each_teacher_sees_the_images_in_its_own_normalisation()
    {
        using TempFolder folder = new();
        string other = Copy(
            folder["other"],
            new Preprocessing
            {
                ImageSize = 16,
                CropPct = 1,
                Mean = [0.1f, 0.5f, 0.7f],
                Std = [0.2f, 0.5f, 0.9f],
            }
        );
        using DisposeScope scope = torch.NewDisposeScope();
        using SeveralTeachers teachers = new([world.Teacher, other], null, null, Precision.Float32);
        teachers.MoveTo(torch.CPU, 1);
        byte[] bytes = [.. Enumerable.Range(0, 16 * 16 * 3).Select(i => (byte)(i * 37))];
        using LoadedModel first = ModelStore.Load(world.Teacher),
            second = ModelStore.Load(other);
        IReadOnlyList<ModelOutput> outputs = teachers.Outputs(
            new Batch(Normalised(first), [0], 0) { Start = 0, Seeds = [0] },
            new Mixed(Normalised(first), 1),
            [ModelCapture.None, new ModelCapture { HiddenBlocks = [1] }]
        );
        AssertClose(first.Model.Run(Normalised(first), ModelCapture.None).Logits!, outputs[0].Logits!);
        AssertClose(second.Model.Run(Normalised(second), ModelCapture.None).Logits!, outputs[1].Logits!);
        Assert.Empty(outputs[0].Hidden);
        Assert.Equal([1], outputs[1].Hidden.Keys);

        torch.Tensor Normalised(LoadedModel model)
        {
            float[] pixels = new float[bytes.Length];
            new PixelNormaliser(model.Preprocessing.Mean, model.Preprocessing.Std).Apply(bytes, pixels);
            return torch.tensor(pixels, [1, 3, 16, 16]);
        }
    }

    [Fact]
    public void A_loss_that_names_one_teacher_learns_from_that_one_alone()
    {
        using TempFolder folder = new();
        string junk = Trained(folder["junk"]);
        Run(world.Distill(folder["alone"]) with { HoldOut = 0, Loss = Recipe.Parse("kd+hidden*0.1") });
        Run(
            world.Distill(folder["second"]) with
            {
                HoldOut = 0,
                Teacher = junk,
                FurtherTeachers = [world.Teacher],
                Loss = Recipe.Parse("kd:teacher=2+hidden:teacher=2*0.1"),
            }
        );
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(folder["alone"], "model.safetensors")),
            File.ReadAllBytes(Path.Combine(folder["second"], "model.safetensors"))
        );
    }

    [Fact]
    public void A_student_learns_from_the_mean_and_its_card_names_every_teacher()
    {
        using TempFolder folder = new();
        string other = Trained(folder["other"], steps: 80);
        DistillSummary summary = Run(
            world.Distill(folder["s"]) with
            {
                FurtherTeachers = [other],
                Steps = 80,
                HoldOut = 0.2,
                Loss = Recipe.Parse("kd:T=2+kd:teacher=confident+hard:teacher=agree,head=mean+hidden*0.1"),
            }
        );
        Assert.True(summary.HeldOut >= 0.8, $"agreement {summary.HeldOut}");
        string card = File.ReadAllText(Path.Combine(folder["s"], "README.md")),
            provenance = File.ReadAllText(Path.Combine(folder["s"], "provenance.json"));
        Assert.Contains("| teacher 1 | teacher (", card, StringComparison.Ordinal);
        Assert.Contains("| teacher 2 | other (", card, StringComparison.Ordinal);
        Assert.Contains("| held-out agreement with the teachers' mean | ", card, StringComparison.Ordinal);
        Assert.Contains("| further-teachers | other |", card, StringComparison.Ordinal);
        foreach (string teacher in (string[])[world.Teacher, other])
            Assert.Contains(
                Manifests.Provenance.HashFile(Path.Combine(teacher, "model.safetensors"), TestContext.Current.CancellationToken),
                provenance,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public void Features_are_read_of_the_first_teacher_or_of_the_one_named()
    {
        using TempFolder folder = new();
        RecipeExplanation explained = RecipeExplanation.Of(
            world.Distill(folder["s"]) with
            {
                FurtherTeachers = [Trained(folder["other"])],
                Loss = Recipe.Parse("kd+hidden+minilm:teacher=2"),
            }
        );
        Assert.Equal([null, 1, 2], explained.Terms.Select(term => term.Teacher));
        Assert.Equal([1, 2], explained.Teachers[0].Outputs);
        Assert.Empty(explained.Teachers[0].Qkv);
        Assert.Empty(explained.Teachers[1].Outputs);
        Assert.Equal([2], explained.Teachers[1].Qkv);
    }

    [Theory]
    [InlineData("kd:teacher=3", "there are 2 teachers")]
    [InlineData("hidden:teacher=mean", "name one (teacher=1 to 2)")]
    [InlineData("rkd:teacher=agree", "name one (teacher=1 to 2)")]
    [InlineData("preset:co-advise", "tokens=cls+conv+inv")]
    public void A_choice_that_cannot_be_is_refused_with_the_cure(string recipe, string cure)
    {
        using TempFolder folder = new();
        Assert.Contains(
            cure,
            Refused(world.Distill(folder["s"]) with { FurtherTeachers = [world.Teacher], Loss = Recipe.Parse(recipe) }),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(folder["s"]));
    }

    [Fact]
    public void Co_advise_wants_its_three_teachers()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]) with
        {
            Student = TinyWorld.StudentSpec + ",tokens=cls+conv+inv",
            Loss = Recipe.Parse("preset:co-advise"),
        };
        Assert.Contains("kd:teacher=2 does not exist: there is one teacher", Refused(options), StringComparison.Ordinal);
    }

    [Fact]
    public void Teachers_that_do_not_go_together_are_refused()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]);
        Preprocessing own = new() { ImageSize = 16, CropPct = 1 };
        Assert.Contains(
            "give CropPct",
            Refused(options with { FurtherTeachers = [Copy(folder["cropped"], own with { CropPct = 0.9 })] }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "another order",
            Refused(options with { FurtherTeachers = [Copy(folder["order"], own, ["right", "middle", "left"])] }),
            StringComparison.Ordinal
        );
        using (ImageModel four = ModelRegistry.Resolve(TinyWorld.Spec + ",classes=4").Create())
            ModelStore.Save(folder["four"], four, own, []);
        Assert.Contains("4 classes", Refused(options with { FurtherTeachers = [folder["four"]] }), StringComparison.Ordinal);
        using (ImageModel large = ModelRegistry.Resolve("vit:img=32,patch=4,dim=24,depth=3,heads=2,classes=3").Create())
            ModelStore.Save(folder["large"], large, own with { ImageSize = 32 }, []);
        Assert.Contains("give ImageSize", Refused(options with { FurtherTeachers = [folder["large"]] }), StringComparison.Ordinal);
        Assert.Contains(
            "one teacher",
            Refused(options with { Cache = folder["cache"], FurtherTeachers = [world.Teacher] }),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_crop_share_lets_a_teacher_that_squashes_teach_beside_one_that_crops()
    {
        using TempFolder folder = new();
        string squashing = Copy(
            folder["squashing"],
            new Preprocessing
            {
                ImageSize = 16,
                CropPct = 1,
                Squash = true,
            }
        );
        DistillOptions options = world.Distill(folder["s"]) with { FurtherTeachers = [squashing], Steps = 1, HoldOut = 0 };
        Assert.Contains("squashed", Refused(options), StringComparison.Ordinal);

        Run(options with { Preprocessing = new PreprocessingOverride { CropPct = 1 } });

        using LoadedModel student = ModelStore.Load(folder["s"]);
        Assert.Equal((false, 1.0), (student.Preprocessing.Squash, student.Preprocessing.CropPct));
    }

    private static void AssertMixture(Func<IReadOnlyList<torch.Tensor>, torch.Tensor> mixture, double[] firstClass)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        // Logits are probabilities' logarithms up to a constant.
        torch.Tensor[] logits =
        [
            .. Probabilities.Select(
                (teacher, k) =>
                    torch.tensor(
                        teacher.SelectMany(image => image).Select(p => Math.Log(p) + k).ToArray(),
                        [2, 2],
                        torch.ScalarType.Float64
                    )
            ),
        ];
        double[] mixed = mixture(logits).exp().data<double>().ToArray();
        double[] expected = [firstClass[0], 1 - firstClass[0], firstClass[1], 1 - firstClass[1]];
        Assert.All(expected.Zip(mixed), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    private static void AssertClose(torch.Tensor expected, torch.Tensor actual) =>
        Assert.True((expected - actual).abs().max().item<float>() < 1e-4, $"{expected.cstr()} {actual.cstr()}");

    // The world's teacher under another preprocessing.
    private string Copy(string path, Preprocessing preprocessing, string[]? names = null)
    {
        using LoadedModel teacher = ModelStore.Load(world.Teacher);
        ModelStore.Save(path, teacher.Model, preprocessing, names ?? teacher.ClassNames);
        return path;
    }

    private string Trained(string path, int steps = 1)
    {
        TrainRun.Execute(
            world.Train(path) with
            {
                Model = "vit:img=16,patch=4,dim=16,depth=3,heads=2",
                Steps = steps,
                Seed = 5,
            },
            cancel: TestContext.Current.CancellationToken
        );
        return path;
    }

    private static DistillSummary Run(DistillOptions options) => DistillRun.Execute(options, cancel: TestContext.Current.CancellationToken);

    private static string Refused(DistillOptions options) => Assert.Throws<DistillException>(() => Run(options)).Message;
}
