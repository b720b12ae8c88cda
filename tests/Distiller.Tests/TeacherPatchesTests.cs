// MaskedKD: which patches a teacher sees, that they keep their positions, and where it is refused.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class TeacherPatchesTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Theory]
    [InlineData(0.5, new long[] { 1, 3 }, new long[] { 0, 2 })]
    [InlineData(0.75, new long[] { 0, 1, 3 }, new long[] { 0, 2, 3 })]
    [InlineData(0.01, new long[] { 3 }, new long[] { 0 })]
    public void The_patches_kept_are_those_with_the_largest_mean_attention_in_their_own_order(double share, long[] first, long[] second)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        // Two images, two heads, four patches; means .2 .25 .1 .35 and .4 .05 .3 .2.
        torch.Tensor rows = torch.tensor(
            new[] { 0.3f, 0.1f, 0.1f, 0.4f, 0.1f, 0.4f, 0.1f, 0.3f, 0.7f, 0.05f, 0.1f, 0.1f, 0.1f, 0.05f, 0.5f, 0.3f },
            [2, 2, 4]
        );
        long[] kept = [.. TeacherPatches.Choose(rows, share).data<long>()];
        Assert.Equal([.. first, .. second], kept);
    }

    [Fact]
    public void A_step_teaches_what_the_teacher_says_of_its_class_token_and_the_kept_patches_at_their_own_places()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using VisionTransformer teacher = Network(TinyWorld.Spec, 1),
            student = Network(TinyWorld.StudentSpec, 2);
        using IDisposable off = torch.no_grad();
        torch.Tensor pixels = torch.randn([3, 3, 16, 16], generator: new torch.Generator(3));

        // The student's last attention by its blocks' own steps, and its heads one by one.
        torch.Tensor tokens = student.Steps[0].Forward(student.Tokens(pixels));
        torch.Tensor attention = student.Steps[1].Split(student.Steps[1].AttentionInput(tokens)).Attention();
        int last = student.Config.Depth - 1;
        torch.Tensor seen = TeacherPatches.Choose(student.Run(pixels, new ModelCapture { ClsRowBlocks = [last] }).ClsRows[last], 0.5);
        for (int image = 0; image < 3; image++)
        {
            double[] looks =
            [
                .. Enumerable
                    .Range(0, 16)
                    .Select(patch => Enumerable.Range(0, 2).Sum(head => attention[image, head, 0, patch + 1].item<float>())),
            ];
            long[] expected =
            [
                .. Enumerable.Range(0, 16).OrderByDescending(patch => looks[patch]).Take(8).Order().Select(patch => (long)patch),
            ];
            Assert.Equal(expected, seen[image].data<long>().ToArray());

            // The teacher on this image alone: positions are added to all patches before any is left out.
            torch.Tensor all = teacher.Tokens(pixels.narrow(0, image, 1));
            torch.Tensor x = torch.cat([all.narrow(1, 0, 1), .. expected.Select(patch => all.narrow(1, patch + 1, 1))], 1);
            foreach (VitBlock block in teacher.Steps)
                x = block.Forward(x);
            torch.Tensor masked = teacher.Run(pixels, new ModelCapture { KeptPatches = seen }).Logits!;
            Assert.True((teacher.Classify(x).Logits! - masked.narrow(0, image, 1)).abs().max().item<float>() < 1e-5);
        }
    }

    [Fact]
    public void A_distillation_with_half_of_the_patches_learns_by_other_answers_and_still_agrees_with_its_teacher()
    {
        using TempFolder folder = new();
        // From a student that knows where to look; the last step's weights, whatever the start was worth.
        DistillOptions whole = world.Distill(folder["whole"]) with { Init = StudentInit.Teacher, LearningRate = 4e-4, KeepBest = false };
        DistillSummary all = Run(whole),
            half = Run(whole with { Output = folder["half"], TeacherPatches = 0.5 });

        Assert.NotEqual(all.FinalLoss, half.FinalLoss);
        Assert.InRange(half.HeldOut!.Value, 0.6, 1);
        Assert.Equal(Run(whole with { Output = folder["again"], TeacherPatches = 0.5 }).FinalLoss, half.FinalLoss);
    }

    [Theory]
    [InlineData("kd+minilm", 0, "minilm")]
    [InlineData("probe", 0, "probe")]
    [InlineData("kd", 0.3, "PatchDropout")]
    public void What_needs_all_patches_is_refused_by_name(string recipe, double dropout, string named)
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]) with
        {
            Loss = Recipe.Parse(recipe),
            PatchDropout = dropout,
            TeacherPatches = 0.5,
        };
        string message = Assert.Throws<DistillException>(() => Run(options)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains("TeacherPatches", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vit:img=16,patch=8,dim=16,depth=2,heads=2", "4x4 patches and the student 2x2")]
    [InlineData("resnet:depth=10,img=16,stem=3,width=8", "no class token")]
    public void A_student_that_cannot_choose_is_refused_with_the_reason(string student, string named)
    {
        using TempFolder folder = new();
        string message = Assert
            .Throws<DistillException>(() => Run(world.Distill(folder["s"]) with { Student = student, TeacherPatches = 0.5 }))
            .Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    public void A_share_that_is_none_is_refused(double share)
    {
        using TempFolder folder = new();
        Assert.Contains(
            "teacher patches",
            Assert.Throws<DistillException>(() => Run(world.Distill(folder["s"]) with { TeacherPatches = share })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_default_recipe_has_no_loss_over_patches_then()
    {
        using TempFolder folder = new();
        RecipeExplanation explained = RecipeExplanation.Of(world.Distill(folder["s"]) with { Loss = null, TeacherPatches = 0.5 });
        Assert.Equal(["kd"], explained.Terms.Select(term => term.Name));
    }

    private static DistillSummary Run(DistillOptions options) => DistillRun.Execute(options, cancel: TestContext.Current.CancellationToken);

    private static VisionTransformer Network(string spec, long seed)
    {
        VisionTransformer network = new((VitConfig)ModelRegistry.Resolve(spec) with { Classes = 3 }, seed);
        network.eval();
        return network;
    }
}
