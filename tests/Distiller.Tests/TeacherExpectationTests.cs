// The arithmetic of an estimate: against figures worked out elsewhere, where the expectation is known, and over many samples.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Evaluation;

namespace DataFreeKD.Distiller.Tests;

public sealed class TeacherExpectationTests
{
    private const int Classes = 5;

    // Seven images of three classes; the expected figures are of a plain Python program: bisection on 1/τ, and the influence
    // of each image by a numerical derivative.
    private static readonly Judgements Seven = new(
        3,
        [2, 0.5f, -1, 0.1f, 0.3f, 0.2f, -1.5f, 2.5f, 0, 1, 1.2f, -0.4f, 0, -0.5f, 3, 0.7f, -0.2f, 0.6f, 4, 1, 0.5f],
        [0, 2, 1, 0, 2, 1, 0]
    );

    [Fact]
    public void The_expectation_is_that_of_an_independent_program()
    {
        ExpectedAccuracy plain = TeacherExpectation.Over(Seven, All(Seven), null);
        Assert.Equal((7, 1.0), (plain.Images, plain.Temperature));
        Assert.Equal(0.6370777049489478, plain.Accuracy, 1e-7);
        Assert.Equal(0.12170882081378367, plain.StandardError, 1e-7);

        ExpectedAccuracy calibrated = TeacherExpectation.Over(Seven, All(Seven), 0.6);
        Assert.Equal(1.5989453320701539, calibrated.Temperature, 1e-6);
        Assert.Equal(0.5649575988135648, calibrated.Accuracy, 1e-7);
        Assert.Equal(0.03310490361158806, calibrated.StandardError, 1e-7);
    }

    [Fact]
    public void The_familiar_half_has_the_lowest_energies()
    {
        Assert.Equal([0, 2, 4, 6], TeacherExpectation.Halves(Seven).Familiar);
        Assert.Equal([1, 3, 5], TeacherExpectation.Halves(Seven).Unfamiliar);
        ExpectedAccuracy familiar = TeacherExpectation.Over(Seven, TeacherExpectation.Halves(Seven).Familiar, 0.6);
        Assert.Equal(2.6719303829633487, familiar.Temperature, 1e-6);
        Assert.Equal(0.6, familiar.Accuracy, 1e-9);
    }

    [Fact]
    public void The_temperature_found_brings_the_mean_confidence_to_the_accuracy()
    {
        Judgements judged = Drawn(500, 1, out _);
        foreach (double accuracy in (double[])[0.25, 0.5, 0.9, 0.999])
        {
            double temperature = TeacherExpectation.Over(judged, All(judged), accuracy).Temperature;
            double confidence = 0;
            for (int image = 0; image < judged.Images; image++)
                confidence += Softmax(judged, image, temperature).Max() / judged.Images;
            Assert.Equal(accuracy, confidence, 1e-9);
        }
    }

    [Fact]
    public void A_student_that_decides_as_the_teacher_is_as_good_as_the_teacher()
    {
        Judgements judged = Drawn(200, 2, out _);
        judged = judged with { Decisions = [.. All(judged).Select(image => ClassDecision.Of(judged.LogitsOf(image)))] };
        ExpectedAccuracy estimate = TeacherExpectation.Over(judged, All(judged), 0.8);
        Assert.Equal(0.8, estimate.Accuracy, 1e-9);
        Assert.Equal(0, estimate.StandardError, 1e-9);
        Assert.Equal(
            TeacherExpectation.MeanConfidence(judged, All(judged), 1),
            TeacherExpectation.Over(judged, All(judged), null).Accuracy,
            1e-12
        );
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Where_labels_are_drawn_from_the_teacher_the_estimate_is_the_true_accuracy(long seed)
    {
        const double temperature = 1.7;
        Judgements judged = Drawn(20_000, seed, out Randomness random);
        int right = 0,
            teacherRight = 0;
        for (int image = 0; image < judged.Images; image++)
        {
            int label = Draw(Softmax(judged, image, temperature), random.NextDouble());
            if (judged.Decisions[image] == label)
                right++;
            if (ClassDecision.Of(judged.LogitsOf(image)) == label)
                teacherRight++;
        }
        double truth = (double)right / judged.Images;

        ExpectedAccuracy estimate = TeacherExpectation.Over(judged, All(judged), (double)teacherRight / judged.Images);

        Assert.Equal(temperature, estimate.Temperature, 0.1);
        double error = Math.Sqrt(Math.Pow(estimate.StandardError, 2) + (truth * (1 - truth) / judged.Images));
        Assert.Equal(truth, estimate.Accuracy, 3 * error);
        // What the teacher says uncalibrated is far off.
        Assert.True(TeacherExpectation.Over(judged, All(judged), null).Accuracy > truth + (6 * error));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_standard_error_is_the_spread_over_many_samples(bool calibrated)
    {
        const int samples = 400,
            size = 150;
        Judgements many = Drawn(samples * size, 6, out _);
        double? accuracy = calibrated ? TeacherExpectation.MeanConfidence(many, All(many), 1.5) : null;
        ExpectedAccuracy whole = TeacherExpectation.Over(many, All(many), accuracy);
        ExpectedAccuracy[] each =
        [
            .. Enumerable
                .Range(0, samples)
                .Select(sample => TeacherExpectation.Over(many, [.. Enumerable.Range(sample * size, size)], accuracy)),
        ];

        double spread = Math.Sqrt(each.Average(of => Math.Pow(of.Accuracy - whole.Accuracy, 2)));
        Assert.Equal(1, each.Average(of => of.StandardError) / spread, 0.12);
        Assert.InRange(
            each.Count(of => Math.Abs(of.Accuracy - whole.Accuracy) <= TeacherExpectation.Quantile * of.StandardError) / (double)samples,
            0.91,
            0.98
        );
    }

    [Fact]
    public void The_range_spans_all_expectations_and_widens_with_fewer_images()
    {
        Judgements many = Drawn(4000, 7, out _);
        (ExpectedAccuracy[] Of, double Low, double High) wide = Estimate(many, 60),
            narrow = Estimate(many, 4000);
        Assert.True(wide.High - wide.Low > narrow.High - narrow.Low);
        Assert.Equal(narrow.Of.Min(of => of.Accuracy - (1.96 * of.StandardError)), narrow.Low, 1e-5);
        Assert.Equal(narrow.Of.Max(of => of.Accuracy + (1.96 * of.StandardError)), narrow.High, 1e-5);
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.1)]
    public void An_accuracy_that_is_no_better_than_chance_is_refused(double accuracy)
    {
        Judgements judged = Drawn(50, 8, out _);
        Assert.Contains(
            "above chance",
            Assert.Throws<DistillException>(() => TeacherExpectation.Over(judged, All(judged), accuracy)).Message,
            StringComparison.Ordinal
        );
    }

    private static (ExpectedAccuracy[] Of, double Low, double High) Estimate(Judgements many, int images)
    {
        Judgements judged = new(Classes, many.Logits[..(images * Classes)], many.Decisions[..images]);
        (int[] familiar, int[] unfamiliar) = TeacherExpectation.Halves(judged);
        ExpectedAccuracy[] of =
        [
            .. ((int[][])[All(judged), familiar, unfamiliar]).Select(part => TeacherExpectation.Over(judged, part, 0.6)),
        ];
        (double low, double high) = TeacherExpectation.Span(of);
        return (of, low, high);
    }

    private static int[] All(Judgements judged) => [.. Enumerable.Range(0, judged.Images)];

    // Normal logits; the student decides as the teacher on two images of three.
    private static Judgements Drawn(int images, long seed, out Randomness random)
    {
        random = new Randomness(seed, Purpose.Loss);
        float[] logits = new float[images * Classes];
        int[] decisions = new int[images];
        for (int i = 0; i < logits.Length; i++)
            logits[i] = (float)(2 * random.NextNormal());
        Judgements judged = new(Classes, logits, decisions);
        for (int image = 0; image < images; image++)
            decisions[image] = random.NextInt(3) == 0 ? random.NextInt(Classes) : ClassDecision.Of(judged.LogitsOf(image));
        return judged;
    }

    private static double[] Softmax(Judgements judged, int image, double temperature)
    {
        double[] logits = [.. judged.LogitsOf(image).ToArray().Select(logit => logit / temperature)];
        double most = logits.Max();
        double[] weights = [.. logits.Select(logit => Math.Exp(logit - most))];
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }

    private static int Draw(double[] probabilities, double at)
    {
        int drawn = 0;
        while (drawn < probabilities.Length - 1 && (at -= probabilities[drawn]) >= 0)
            drawn++;
        return drawn;
    }
}
