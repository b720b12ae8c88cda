// Output matching in two parts, the target class and the others, so that the second is not drowned by a confident teacher (DKD).

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Decoupled knowledge distillation. Label-free: the target class is the teacher's decision.</summary>
internal sealed class DecoupledDistillation : LossTerm
{
    /// <summary>Its line of the catalogue.</summary>
    public static LossEntry Entry { get; } =
        new()
        {
            Name = "dkd",
            Equation =
                "min(1, (step+1)/(warmup·steps)) · T²·(α·KL(b_t ‖ b_s) + β·KL(p̂_t ‖ p̂_s)), b = (p_y, 1 − p_y), p̂ = p without y = argmax z_t; batch mean",
            Source = "DKD, Zhao et al., CVPR 2022 (β 8 on small data, 0.5–2 on ImageNet)",
            Keys =
            [
                LossKey.Number("alpha", 1, "weight of the target class"),
                LossKey.Number("beta", 8, "weight of the other classes"),
                LossKey.Number("T", 4, "temperature", open: true),
                LossKey.Number("warmup", 0.083, "share of the run in which it grows from 0 (published: 20 of 240 epochs)", most: 1),
                StudentHead.Key(),
                LogitStandardisation.Key,
            ],
            ReadsPlainProbabilities = term => term.Number("T") == 1 && !term.On("standardise"),
            Build = (term, context) => new DecoupledDistillation(term, context),
        };

    private readonly double alpha,
        beta,
        temperature,
        warmup;
    private readonly bool standardise;
    private readonly StudentHead head;

    private DecoupledDistillation(RecipeTerm term, LossContext context)
        : base(term)
    {
        if (context.Pair.StudentShape.Classes < 3)
            throw new DistillException(
                $"the {Name} loss needs 3 classes or more: the teacher has {context.Pair.Student.Classes}, so there is nothing beside the target class to tell apart"
            );
        (alpha, beta, temperature, warmup, standardise, head) = (
            term.Number("alpha"),
            term.Number("beta"),
            term.Number("T"),
            term.Number("warmup"),
            term.On("standardise"),
            new StudentHead(term, context.Pair)
        );
    }

    /// <summary>T²·(α·TCKD + β·NCKD), mean over the batch (the published code sums and divides by the batch).</summary>
    /// <param name="student">Student logits <c>[B, C]</c>.</param>
    /// <param name="teacher">Teacher logits <c>[B, C]</c>; no gradient flows to them.</param>
    /// <param name="alpha">Weight of the target part.</param>
    /// <param name="beta">Weight of the other classes.</param>
    /// <param name="temperature">T, above 0.</param>
    /// <param name="weights">Weight of each image <c>[B]</c>; null for 1.</param>
    public static torch.Tensor Loss(
        torch.Tensor student,
        torch.Tensor teacher,
        double alpha,
        double beta,
        double temperature,
        torch.Tensor? weights = null
    )
    {
        torch.Tensor target = teacher.detach().argmax(-1, keepdim: true);
        (torch.Tensor binary, torch.Tensor others) s = Split(student / temperature, target),
            t = Split(teacher.detach() / temperature, target);
        torch.Tensor perImage = (Divergence(t.binary, s.binary) * alpha) + (Divergence(t.others, s.others) * beta);
        return Reduction.BatchMean(perImage, weights) * (temperature * temperature);
    }

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs)
    {
        (torch.Tensor student, torch.Tensor teacher) = (head.Of(inputs.Student), inputs.Teacher.Logits!);
        if (standardise)
            (student, teacher) = (LogitStandardisation.Apply(student), LogitStandardisation.Apply(teacher));
        double warm = warmup * inputs.At.Steps,
            share = warm > 0 ? Math.Min(1, (inputs.At.Step + 1) / warm) : 1;
        return Loss(student, teacher, alpha, beta, temperature, inputs.Weights) * share;
    }

    // Log-probabilities of (target, any other) [B, 2] and of the others among themselves [B, C − 1].
    private static (torch.Tensor Binary, torch.Tensor Others) Split(torch.Tensor logits, torch.Tensor target)
    {
        // By number, as a choice by mask waits for the device to say how many there are.
        torch.Tensor rest = torch.arange(logits.shape[1] - 1, device: logits.device).unsqueeze(0);
        torch.Tensor others = logits.gather(-1, rest + rest.ge(target).to_type(torch.ScalarType.Int64));
        torch.Tensor binary = torch.cat([logits.gather(-1, target), others.logsumexp(-1, keepdim: true)], -1);
        return (binary.log_softmax(-1), others.log_softmax(-1));
    }

    private static torch.Tensor Divergence(torch.Tensor teacher, torch.Tensor student) => (teacher.exp() * (teacher - student)).sum(-1);
}
