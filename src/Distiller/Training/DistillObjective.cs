// The objective of distillation: the sum of the chosen losses between student and teacher.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Student against its teachers. They see every patch of the same pixels, or a share of them that the student chooses, without
/// gradient.</summary>
internal sealed class DistillObjective(
    ImageModel student,
    TeacherSource teacher,
    IReadOnlyList<LossTerm> losses,
    torch.Tensor? weights,
    SlotPredictor predictor,
    double teacherPatches = 1
) : Objective
{
    private readonly int teachers = Math.Max(1, teacher.Models.Count);
    private readonly IReadOnlyList<ModelCapture> teacherCaptures = CapturesOf(losses, Math.Max(1, teacher.Models.Count));
    private readonly ModelCapture studentCapture = Union(losses.Select(loss => loss.StudentCapture));

    public override IReadOnlyList<string> Terms { get; } = [.. losses.Select(loss => loss.Name)];

    public override string HeldOutName => "heldout_agreement";

    public override StepLoss Loss(Batch batch, Mixed mixed, torch.Tensor? kept, StepPosition at)
    {
        ModelOutput? own = teacherPatches < 1 ? student.Run(mixed.Pixels, studentCapture with { ClsRowBlocks = [LastBlock] }) : null;
        if (own is not null)
            Clock.Mark("student");
        IReadOnlyList<ModelOutput> answers = teacher.Outputs(batch, mixed, own is null ? teacherCaptures : Chosen(own));
        Clock.Mark("teacher");
        LossInputs inputs = new()
        {
            Teacher = answers[0],
            Student = own ?? student.Run(mixed.Pixels, studentCapture with { KeptPatches = kept }),
            Weights = weights?.index_select(0, Upload.To(torch.tensor(batch.Images.Select(slot => (long)slot).ToArray()), weights.device)),
            KeptPatches = kept,
            At = at,
        };
        torch.Tensor[] terms = [.. losses.Select(loss => loss.Compute(inputs with { Teacher = HeardBy(loss, answers) }) * loss.Weight)];
        return new StepLoss(terms.Aggregate((sum, term) => sum + term), terms);
    }

    public override int[] HeldOutTargets(int[] slots) => teacher.Decisions(predictor, slots);

    /// <summary>What is wanted of each teacher.</summary>
    public static IReadOnlyList<ModelCapture> CapturesOf(IReadOnlyList<LossTerm> losses, int teachers) =>
        [
            .. Enumerable
                .Range(0, teachers)
                .Select(i =>
                    Union(
                        losses
                            .Where(loss => loss.Teacher.Among(teachers, loss.ReadsTeacherFeatures) == i)
                            .Select(loss => loss.TeacherCapture)
                    )
                ),
        ];

    private int LastBlock => ((VitConfig)student.Config).Depth - 1;

    private IReadOnlyList<ModelCapture> Chosen(ModelOutput own)
    {
        torch.Tensor seen = TeacherPatches.Choose(own.ClsRows[LastBlock], teacherPatches);
        return [.. teacherCaptures.Select(capture => capture with { KeptPatches = seen })];
    }

    private ModelOutput HeardBy(LossTerm loss, IReadOnlyList<ModelOutput> answers) =>
        loss.Teacher.Among(teachers, loss.ReadsTeacherFeatures) is { } one
            ? answers[one]
            : answers[0] with
            {
                Logits = loss.Teacher.Mix([.. answers.Select(answer => answer.Logits!)]),
            };

    /// <summary>What several losses read, each block once.</summary>
    public static ModelCapture Union(IEnumerable<ModelCapture> captures)
    {
        ModelCapture[] all = [.. captures];
        return new ModelCapture
        {
            HiddenBlocks = [.. all.SelectMany(capture => capture.HiddenBlocks).Distinct().Order()],
            NormedTokens = all.Any(capture => capture.NormedTokens),
            QkvBlocks = [.. all.SelectMany(capture => capture.QkvBlocks).Distinct().Order()],
        };
    }
}
