// What a calibrated teacher expects of a student: the mean of its probability of what the student decides.

namespace DataFreeKD.Distiller.Evaluation;

/// <summary>What teacher and student make of the same images.</summary>
/// <param name="Classes">Classes C of both.</param>
/// <param name="Logits">The teacher's logits <c>[n, C]</c>, row-major.</param>
/// <param name="Decisions">The student's decisions <c>[n]</c>.</param>
internal sealed record Judgements(int Classes, float[] Logits, int[] Decisions)
{
    /// <summary>n.</summary>
    public int Images => Decisions.Length;

    /// <summary>The teacher's logits of an image.</summary>
    public ReadOnlySpan<float> LogitsOf(int image) => Logits.AsSpan(image * Classes, Classes);
}

/// <summary>
/// Where p_T(· | x) is calibrated, a decision ŷ is right with probability p_T(ŷ | x), so that accuracy is E[p_T(ŷ_S(x) | x)] without a
/// label.
/// For ŷ = argmax p_T this is the average confidence (Guo et al., ICML 2017; a baseline of Garg et al., ICLR 2022).
/// </summary>
internal static class TeacherExpectation
{
    /// <summary>Normal quantile of a two-sided 95 % interval.</summary>
    public const double Quantile = 1.959963984540054;

    // Far beyond what any calibration asks for.
    private const double ColdestLog = -12,
        HottestLog = 12;
    private const int Bisections = 60;

    /// <summary>The expectation over <paramref name="images"/> (indices, two or more).</summary>
    /// <param name="judged">What the models make of them.</param>
    /// <param name="images">Which ones.</param>
    /// <param name="teacherAccuracy">Accuracy that the teacher's mean confidence over these images is brought to; null for temperature
    /// 1.</param>
    /// <exception cref="DistillException">No temperature brings the teacher's confidence there.</exception>
    public static ExpectedAccuracy Over(Judgements judged, IReadOnlyList<int> images, double? teacherAccuracy)
    {
        double temperature = teacherAccuracy is { } accuracy ? Temperature(judged, images, accuracy) : 1;
        Moment[] moments = [.. images.Select(image => MomentOf(judged, image, temperature))];
        double expected = moments.Average(of => of.Student),
            confidence = moments.Average(of => of.Teacher);
        // The temperature moves with the sample. To first order each image's part in it is that of its confidence (delta method for the
        // pair
        // of estimating equations: mean confidence = accuracy, mean probability of the student's decision = estimate).
        double slope = teacherAccuracy is null ? 0 : moments.Sum(of => of.StudentSlope) / moments.Sum(of => of.TeacherSlope);
        double squares = moments.Sum(of => Math.Pow(of.Student - expected - (slope * (of.Teacher - confidence)), 2));
        return new ExpectedAccuracy(images.Count, expected, Math.Sqrt(squares / (images.Count - 1) / images.Count), temperature);
    }

    /// <summary>The expectation as a share of what the teacher expects of its own decisions, both by its probabilities as they are. The
    /// standard error is that of a ratio of means (delta method).</summary>
    /// <param name="judged">What the models make of them.</param>
    /// <param name="images">Which ones (indices, two or more).</param>
    public static ExpectedAccuracy ShareOfOwn(Judgements judged, IReadOnlyList<int> images)
    {
        Moment[] moments = [.. images.Select(image => MomentOf(judged, image, 1))];
        double own = moments.Average(of => of.Teacher),
            share = moments.Average(of => of.Student) / own;
        double squares = moments.Sum(of => Math.Pow(of.Student - (share * of.Teacher), 2));
        return new ExpectedAccuracy(images.Count, share, Math.Sqrt(squares / (images.Count - 1) / images.Count) / own, 1);
    }

    /// <summary>The half of the images (rounded up) with the lowest energy −ln Σ exp z (Liu et al., NeurIPS 2020), and the others, each
    /// ascending; ties go to the earlier image.</summary>
    public static (int[] Familiar, int[] Unfamiliar) Halves(Judgements judged)
    {
        int[] ordered = [.. Enumerable.Range(0, judged.Images).OrderBy(image => Energy(judged.LogitsOf(image)))];
        int half = (judged.Images + 1) / 2;
        return ([.. ordered[..half].Order()], [.. ordered[half..].Order()]);
    }

    /// <summary>Mean of the teacher's greatest probability at a temperature.</summary>
    public static double MeanConfidence(Judgements judged, IReadOnlyList<int> images, double temperature) =>
        images.Average(image => MomentOf(judged, image, temperature).Teacher);

    /// <summary>Spans the sampling intervals of expectations, within 0–1.</summary>
    public static (double Low, double High) Span(params ExpectedAccuracy[] expectations) =>
        (
            Math.Max(0, expectations.Min(of => of.Accuracy - (Quantile * of.StandardError))),
            Math.Min(1, expectations.Max(of => of.Accuracy + (Quantile * of.StandardError)))
        );

    // Mean confidence falls with the temperature, from 1 to 1/C.
    private static double Temperature(Judgements judged, IReadOnlyList<int> images, double accuracy)
    {
        double cold = ColdestLog,
            hot = HottestLog;
        double most = MeanConfidence(judged, images, Math.Exp(cold)),
            least = MeanConfidence(judged, images, Math.Exp(hot));
        if (!(accuracy < most && accuracy > least))
            throw new DistillException(
                FormattableString.Invariant(
                    $"no temperature brings the teacher's mean confidence to {accuracy}: on these images it lies between {least:F3} and {most:F3}; give the teacher's accuracy as a share above chance, or another teacher"
                )
            );
        for (int i = 0; i < Bisections; i++)
        {
            double middle = (cold + hot) / 2;
            if (MeanConfidence(judged, images, Math.Exp(middle)) > accuracy)
                cold = middle;
            else
                hot = middle;
        }
        return Math.Exp((cold + hot) / 2);
    }

    private static double Energy(ReadOnlySpan<float> logits)
    {
        double most = logits[ClassDecision.Of(logits)],
            sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - most);
        return -most - Math.Log(sum);
    }

    /// <summary>At a temperature τ: the probabilities of the student's and the teacher's decision, and their derivatives by τ.</summary>
    private readonly record struct Moment(double Student, double Teacher, double StudentSlope, double TeacherSlope);

    private static Moment MomentOf(Judgements judged, int image, double temperature)
    {
        ReadOnlySpan<float> logits = judged.LogitsOf(image);
        double most = logits[ClassDecision.Of(logits)],
            sum = 0,
            mean = 0;
        foreach (float logit in logits)
        {
            double weight = Math.Exp((logit - most) / temperature);
            sum += weight;
            mean += weight * (logit - most);
        }
        mean /= sum;
        double chosen = logits[judged.Decisions[image]] - most,
            student = Math.Exp(chosen / temperature) / sum,
            teacher = 1 / sum;
        return new Moment(
            student,
            teacher,
            student * (mean - chosen) / (temperature * temperature),
            teacher * mean / (temperature * temperature)
        );
    }
}
