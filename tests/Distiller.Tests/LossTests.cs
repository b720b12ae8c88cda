// The losses against golden values and their own definitions.

using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class LossTests
{
    [Fact]
    public void Kd_at_temperature_4_equals_the_published_code()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> golden = SafeTensors.Read(SharedData.Path("golden", "losses.expected.safetensors"));
        float loss = KnowledgeDistillation.Loss(golden["student_logits"], golden["teacher_logits"], 4).item<float>();
        Assert.Equal(golden["kd_T4"].item<float>(), loss, 1e-5);
    }

    [Fact]
    public void Official_probe_distillation_equals_the_published_code()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> golden = SafeTensors.Read(SharedData.Path("golden", "losses.expected.safetensors"));
        float loss = ProbeDistillation.Loss(golden["feature_student"], golden["feature_teacher"], ProbeVariant.Official).item<float>();
        Assert.Equal(golden["probe_distillation_official"].item<float>(), loss, 1e-5);
    }

    [Theory]
    [InlineData(nameof(ProbeVariant.Official), 1)]
    [InlineData(nameof(ProbeVariant.Corrected), 2)]
    public void The_cls_row_is_row_0_of_the_whole_gram_matrix(string variant, int normalisedAxis)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor tokens = Random([3, 7, 5], 1);
        torch.Tensor normal = tokens / tokens.square().sum(normalisedAxis, keepdim: true).sqrt();
        torch.Tensor gram = normal.matmul(normal.transpose(1, 2));
        torch.Tensor expected = gram.select(1, 0).narrow(1, 1, 6);
        Assert.True(torch.allclose(expected, ProbeDistillation.ClsGramRow(tokens, Enum.Parse<ProbeVariant>(variant)), 1e-5, 1e-6));
    }

    [Fact]
    public void Corrected_probe_distillation_is_0_for_a_student_whose_features_are_the_teachers_scaled()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor teacher = Random([2, 3, 7, 5], 2);
        Assert.Equal(0, ProbeDistillation.Loss(teacher * 3, teacher, ProbeVariant.Corrected).item<float>(), 1e-10);
        Assert.True(ProbeDistillation.Loss(Random([2, 3, 7, 9], 3), teacher, ProbeVariant.Corrected).item<float>() > 1e-3);
    }

    [Fact]
    public void A_student_that_dropped_patches_is_compared_on_the_patches_it_kept()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        VitConfig shape = new()
        {
            ImageSize = 12,
            PatchSize = 4,
            Width = 8,
            Depth = 1,
            Heads = 2,
            MlpHidden = 8,
            Classes = 3,
        };
        torch.Tensor tokens = Random([2, 10, 8], 4);
        torch.Tensor kept = torch.tensor(new long[] { 0, 4, 8, 1, 2, 7 }, [2, 3]);
        torch.Tensor[] rows =
        [
            .. Enumerable.Range(0, 2).Select(b => tokens[b].index_select(0, torch.cat([torch.tensor(new long[] { 0 }), kept[b] + 1]))),
        ];
        LossInputs inputs = new()
        {
            Teacher = new ModelOutput
            {
                Embedding = tokens,
                Hidden = new Dictionary<int, torch.Tensor> { [0] = tokens },
            },
            Student = new ModelOutput
            {
                Embedding = tokens,
                Hidden = new Dictionary<int, torch.Tensor> { [0] = torch.stack(rows) },
            },
            KeptPatches = kept,
        };
        foreach (ProbeVariant variant in Enum.GetValues<ProbeVariant>())
            Assert.Equal(
                0,
                Term($"probe:variant={variant.ToString().ToLowerInvariant()}", shape, shape).Compute(inputs).item<float>(),
                1e-10
            );
    }

    [Fact]
    public void A_students_extra_prefix_tokens_do_not_reach_the_probe_loss()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        VitConfig plain = new()
        {
            ImageSize = 12,
            PatchSize = 4,
            Width = 8,
            Depth = 1,
            Heads = 2,
            MlpHidden = 8,
            Classes = 3,
        };
        torch.Tensor tokens = Random([2, 10, 8], 5);
        torch.Tensor distilled = torch.cat([tokens.narrow(1, 0, 1), Random([2, 1, 8], 6), tokens.narrow(1, 1, 9)], 1);
        LossInputs inputs = new()
        {
            Teacher = new ModelOutput
            {
                Embedding = tokens,
                Hidden = new Dictionary<int, torch.Tensor> { [0] = tokens },
            },
            Student = new ModelOutput
            {
                Embedding = tokens,
                Hidden = new Dictionary<int, torch.Tensor> { [0] = distilled },
            },
        };
        Assert.Equal(0, Term("probe:variant=official", plain, plain with { Distilled = true }).Compute(inputs).item<float>(), 1e-10);
    }

    [Fact]
    public void Weights_count_an_image_as_often_as_they_say()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor student = Random([3, 4], 7),
            teacher = Random([3, 4], 8);
        torch.Tensor first = KnowledgeDistillation.Loss(student.narrow(0, 0, 1), teacher.narrow(0, 0, 1), 2);
        torch.Tensor weighted = KnowledgeDistillation.Loss(student, teacher, 2, torch.tensor(new float[] { 3, 0, 0 }));
        Assert.Equal(first.item<float>(), weighted.item<float>(), 1e-5);
    }

    [Fact]
    public void The_hard_loss_is_cross_entropy_with_the_teachers_decision()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor student = Random([5, 4], 9),
            teacher = Random([5, 4], 10);
        float expected = torch.nn.functional.cross_entropy(student, teacher.argmax(1)).item<float>();
        Assert.Equal(expected, HardDecision.Loss(student, teacher).item<float>(), 1e-6);
    }

    [Fact]
    public void The_noise_matrix_is_row_stochastic_with_its_diagonal_held()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor matrix = NoiseAdaptation.Matrix(Random([6, 6], 11), 0.8);
        Assert.True(torch.allclose(matrix.sum(1), torch.ones(6), 1e-6, 1e-6));
        Assert.True(torch.allclose(matrix.diagonal(), torch.full(6, 0.8f), 1e-6, 1e-6));
        Assert.True(matrix.min().item<float>() > 0);
    }

    [Fact]
    public void An_identity_noise_matrix_leaves_the_plain_loss_on_the_teachers_decision()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor student = Random([5, 4], 12),
            teacher = Random([5, 4], 13);
        Assert.Equal(
            HardDecision.Loss(student, teacher).item<float>(),
            NoiseAdaptation.Loss(student, teacher, torch.eye(4)).item<float>(),
            1e-5
        );
    }

    [Fact]
    public void The_hidden_state_loss_vanishes_where_the_projection_is_exact()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor student = Random([2, 3, 4], 14),
            projection = Random([4, 6], 15);
        Assert.Equal(0, HiddenStates.Loss(student, student.matmul(projection), projection).item<float>(), 1e-9);
        Assert.Equal(1, HiddenStates.Loss(student, student.matmul(projection) + 1, projection).item<float>(), 1e-5);
    }

    [Fact]
    public void Smoothed_targets_follow_the_convention_of_PyTorch()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor logits = Random([5, 4], 16),
            labels = torch.tensor(new long[] { 0, 1, 2, 3, 0 });
        float expected = torch.nn.functional.cross_entropy(logits, labels, label_smoothing: 0.1).item<float>();
        Assert.Equal(expected, SmoothedCrossEntropy.Loss(logits, SmoothedCrossEntropy.Targets(labels, 4, 0.1)).item<float>(), 1e-5);
    }

    [Fact]
    public void No_gradient_flows_to_the_teacher()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor teacher = Random([3, 4], 17).requires_grad_(true),
            student = Random([3, 4], 18).requires_grad_(true);
        torch.Tensor loss = KnowledgeDistillation.Loss(student, teacher, 4);
        loss.backward();
        Assert.True(teacher.grad is null || teacher.grad.IsInvalid);
        Assert.True(student.grad!.abs().sum().item<float>() > 0);
    }

    [Theory]
    [InlineData(12, 12, "3-3 7-7 11-11")]
    [InlineData(6, 12, "1-3 3-7 5-11")]
    [InlineData(5, 24, "1-7 2-15 4-23")]
    [InlineData(2, 12, "0-5 1-11")]
    public void The_published_probe_joins_the_ends_of_the_thirds(int student, int teacher, string expected)
    {
        VitConfig Shape(int depth) =>
            new()
            {
                ImageSize = 8,
                PatchSize = 4,
                Width = 8,
                Depth = depth,
                Heads = 2,
                MlpHidden = 8,
                Classes = 3,
            };
        Assert.Equal(
            expected,
            string.Join(
                ' ',
                Term("probe:variant=official,layers=thirds", Shape(teacher), Shape(student))
                    .Layers.Select(pair => $"{pair.Student}-{pair.Teacher}")
            )
        );
    }

    [Theory]
    [InlineData(6, 6, "0-0 1-1 2-2 3-3 4-4 5-5")]
    [InlineData(3, 12, "0-3 1-7 2-11")]
    [InlineData(5, 6, "0-0 1-1 2-3 3-4 4-5")]
    [InlineData(4, 2, "1-0 3-1")]
    public void Layers_are_mapped_evenly_and_the_last_ones_meet(int student, int teacher, string expected) =>
        Assert.Equal(expected, string.Join(' ', LayerMap.Evenly(student, teacher).Select(pair => $"{pair.Student}-{pair.Teacher}")));

    [Fact]
    public void Losses_that_do_not_fit_the_models_are_refused_with_the_cure()
    {
        VitConfig teacher = new() { ImageSize = 32, PatchSize = 4 },
            student = teacher with { PatchSize = 8 };
        Assert.Contains(
            "img and patch",
            Assert.Throws<DistillException>(() => Term("probe", teacher, student)).Message,
            StringComparison.Ordinal
        );
        foreach (string recipe in (string[])["hidden", "attention", "minilm", "vitkd", "manifold", "tat:form=official"])
            Assert.Contains(
                "img and patch",
                Assert.Throws<DistillException>(() => Term(recipe, teacher, student)).Message,
                StringComparison.Ordinal
            );
        Assert.Contains(
            "heads=mean",
            Assert.Throws<DistillException>(() => Term("attention:heads=each", teacher, teacher with { Heads = 6 })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "3 classes",
            Assert.Throws<DistillException>(() => Term("dkd", teacher with { Classes = 2 }, teacher with { Classes = 2 })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "distilled=1",
            Assert.Throws<DistillException>(() => Term("hard", teacher, student)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(12, 24, "0-0 1-1 2-2 3-3 8-20 9-21 10-22 11-23")]
    [InlineData(5, 6, "0-0 1-1 2-3 3-4 4-5")]
    public void The_manifold_loss_joins_both_ends_or_every_layer_of_a_shallow_model(int student, int teacher, string expected)
    {
        VitConfig shape = new() { ImageSize = 32, PatchSize = 4 };
        Assert.Equal(
            expected,
            string.Join(
                ' ',
                Term("manifold", shape with { Depth = teacher }, shape with { Depth = student })
                    .Layers.Select(pair => $"{pair.Student}-{pair.Teacher}")
            )
        );
    }

    [Theory]
    [InlineData(12, 11)]
    [InlineData(24, 20)]
    public void MiniLm_learns_from_an_upper_block_of_a_deep_teacher(int depth, int block)
    {
        VitConfig shape = new() { ImageSize = 32, PatchSize = 4 };
        Assert.Equal([new LayerPair(5, block)], Term("minilm", shape with { Depth = depth }, shape with { Depth = 6 }).Layers);
    }

    [Fact]
    public void Draws_hang_on_the_step_and_nothing_else()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        VitConfig shape = new()
        {
            ImageSize = 16,
            PatchSize = 4,
            Width = 8,
            Depth = 1,
            Heads = 2,
            MlpHidden = 8,
            Classes = 3,
        };
        torch.Tensor student = Random([2, 17, 8], 20),
            teacher = Random([2, 17, 8], 21);
        LossTerm manifold = Term("manifold:intra=0,inter=0,random=1,k=4", shape, shape);
        float[] first = [.. Enumerable.Range(0, 5).Select(At)],
            again = [.. Enumerable.Range(0, 5).Select(At)];
        Assert.Equal(first, again);
        Assert.Equal(5, first.Distinct().Count());

        float At(int step) =>
            manifold
                .Compute(
                    new LossInputs
                    {
                        Teacher = new ModelOutput
                        {
                            Embedding = teacher,
                            Hidden = new Dictionary<int, torch.Tensor> { [0] = teacher },
                        },
                        Student = new ModelOutput
                        {
                            Embedding = student,
                            Hidden = new Dictionary<int, torch.Tensor> { [0] = student },
                        },
                        At = new StepPosition(step, 5),
                    }
                )
                .item<float>();
    }

    private static LossTerm Term(string recipe, VitConfig teacher, VitConfig student) =>
        LossCatalogue.Build(Recipe.Parse(recipe), new LossContext(new ModelPair(teacher, student), 0, torch.CPU)).Single();

    private static torch.Tensor Random(long[] shape, ulong seed)
    {
        using torch.Generator generator = new(seed);
        return torch.randn(shape, generator: generator);
    }
}
