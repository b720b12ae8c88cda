// The classifier of corrupted copies: what it learns, when it is not used, what it minimises, its file.

using DataFreeKD.Imaging.Corruptions;
using DataFreeKD.Probe.Corruptions;
using DataFreeKD.Testing;
using Microsoft.ML;
using TorchSharp;

namespace DataFreeKD.Probe.Tests;

public sealed class CorruptionLearningTests
{
    private const int Features = 6;

    private static readonly Corruption[] Kinds = Enum.GetValues<Corruption>();

    [Fact]
    public void Copies_are_told_from_the_pool_and_so_is_what_in_the_pool_looks_like_them()
    {
        // A tenth of the pool is as spoilt as the copies.
        (float[][] pool, (Corruption, float[])[] copies) = World(2000, spoilt: 0.1, signal: 6);
        (CorruptionModel model, _) = Learn(pool, copies);
        float[] odds = LogOdds(model, pool),
            of = LogOdds(model, [.. copies.Select(copy => copy.Item2)]);

        Assert.True(model.Verdict.Better, model.Verdict.ToString());
        Assert.InRange(of.Count(x => x < 0) / (double)of.Length, 0.97, 1);
        Assert.InRange(odds[200..].Count(x => x > 0) / 1800.0, 0.97, 1);
        Assert.InRange(odds[..200].Count(x => x < 0) / 200.0, 0.9, 1);
    }

    [Fact]
    public void Where_copies_of_new_kinds_are_no_better_told_than_by_one_score_the_classifier_says_nothing()
    {
        // Kinds have nothing in common but the last feature, which is a score.
        (float[][] pool, (Corruption Kind, float[] Features)[] copies) = World(1200, spoilt: 0, signal: 0);
        foreach ((_, float[] row) in copies)
            row[^1] += 3;
        foreach ((Corruption kind, float[] row) in copies)
            row[(int)kind % (Features - 1)] += (int)kind % 2 == 0 ? 4 : -4;
        (CorruptionModel model, _) = Learn(pool, copies);

        Assert.Equal("entropy", model.Verdict.SingleName);
        Assert.InRange(model.Verdict.Single, 0.97, 1);
        Assert.Equal(!(model.Verdict.Learned > model.Verdict.Single), LogOdds(model, pool).All(x => x == 0));
    }

    [Fact]
    public void The_fit_minimises_the_weighted_loss_with_its_penalty()
    {
        (float[][] pool, (Corruption Kind, float[] Features)[] copies) = World(600, spoilt: 0, signal: 1.5f);
        CopyFit fit = CorruptionLearning.FitOnce(pool, copies);

        // The gradient of mean weighted cross-entropy + 0.005·½‖w‖², by libtorch, is all but 0 there; it is not at half the weights.
        Assert.InRange(Gradient(fit, 1), 0, 2e-3);
        Assert.InRange(Gradient(fit, 0.5f), 1e-2, 10);

        double Gradient(CopyFit at, float scale)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            float[][] rows = [.. pool, .. copies.Select(copy => copy.Features)];
            torch.Tensor x = (Matrix(rows) - torch.tensor(at.Offset)) * torch.tensor(at.Scale);
            torch.Tensor labels = torch.tensor((long[])[.. pool.Select(_ => 0L), .. copies.Select(copy => 1L + (int)copy.Kind)]);
            double half = rows.Length / 2.0;
            torch.Tensor weights = torch.tensor(
                (float[])
                    [
                        .. pool.Select(_ => (float)(half / pool.Length)),
                        .. copies.Select(copy => (float)(half / Kinds.Length / copies.Count(other => other.Kind == copy.Kind))),
                    ]
            );
            torch.Tensor w = (Matrix(at.Weights) * scale).detach().requires_grad_(),
                b = (torch.tensor(at.Bias) * scale).detach().requires_grad_();
            torch.Tensor loss =
                (torch.nn.functional.cross_entropy(x.matmul(w.t()) + b, labels, reduction: torch.nn.Reduction.None) * weights).mean()
                + 0.5 * 0.005 * w.pow(2).sum();
            loss.backward();
            return Math.Sqrt(w.grad!.pow(2).sum().ToDouble() + b.grad!.pow(2).sum().ToDouble());
        }
    }

    [Fact]
    public void The_file_is_read_back_and_opens_in_Microsoft_ML_with_the_same_decisions()
    {
        using TempFolder folder = new();
        (float[][] pool, (Corruption, float[])[] copies) = World(600, spoilt: 0, signal: 6);
        (CorruptionModel model, CorruptionFile.Trained? trained) = Learn(pool, copies);
        CorruptionFile.Save(folder["model.zip"], model, trained);

        Assert.Equal(LogOdds(model, pool), LogOdds(CorruptionFile.Load(folder["model.zip"]), pool));
        MLContext context = new(seed: 0);
        ITransformer other = context.Model.Load(folder["model.zip"], out _);
        IDataView view = other.Transform(
            CorruptionExample.View(context, pool.Select(row => new CorruptionExample { Features = row }), Features, 1 + Kinds.Length)
        );
        uint[] decisions = [.. Microsoft.ML.Data.ColumnCursorExtensions.GetColumn<uint>(view, "PredictedLabel")];
        Assert.InRange(decisions.Count(decision => decision == 1) / (double)pool.Length, 0.97, 1);
        File.WriteAllText(folder["other.zip"], "no zip");
        Assert.Contains(
            "other.zip",
            Assert.Throws<ScoreException>(() => CorruptionFile.Load(folder["other.zip"])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no such file",
            Assert.Throws<ScoreException>(() => CorruptionFile.Load(folder["none.zip"])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Too_few_images_teach_nothing_and_say_so()
    {
        (float[][] pool, (Corruption, float[])[] copies) = World(CorruptionLearning.Fewest - 1, spoilt: 0, signal: 6);
        (CorruptionModel model, CorruptionFile.Trained? trained) = Learn(pool, copies);
        Assert.Null(trained);
        Assert.Equal("", model.Verdict.SingleName);
        Assert.All(LogOdds(model, pool), odds => Assert.Equal(0, odds));
    }

    private static (CorruptionModel, CorruptionFile.Trained?) Learn(float[][] pool, (Corruption, float[])[] copies) =>
        CorruptionLearning.Of(pool, copies, ["probe_variance_0", "entropy"], "test", TestContext.Current.CancellationToken);

    // Kinds lie around the pool on a circle of the first two features, so that no single line parts them from it; the others are noise.
    private static (float[][] Pool, (Corruption Kind, float[] Features)[] Copies) World(int count, double spoilt, float signal)
    {
        Random random = new(1);
        (Corruption Kind, float[] Features)[] copies =
        [
            .. Enumerable.Range(0, count).Select(i => (Kinds[i % Kinds.Length], Spoilt(Kinds[i % Kinds.Length]))),
        ];
        float[][] pool = [.. Enumerable.Range(0, count).Select(i => i < spoilt * count ? Spoilt(Kinds[i % Kinds.Length]) : Noise())];
        return (pool, copies);

        float[] Noise() =>
            [
                .. Enumerable
                    .Range(0, Features)
                    .Select(_ =>
                        (float)Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * (float)Math.Cos(2 * Math.PI * random.NextDouble())
                    ),
            ];

        float[] Spoilt(Corruption kind)
        {
            float[] row = Noise();
            (double sine, double cosine) = Math.SinCos(2 * Math.PI * (int)kind / Kinds.Length);
            row[0] += signal * (float)sine;
            row[1] += signal * (float)cosine;
            return row;
        }
    }

    private static float[] LogOdds(CorruptionModel model, float[][] rows)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return model.LogOdds(Matrix(rows).to(torch.ScalarType.Float64)).to(torch.ScalarType.Float32).data<float>().ToArray();
    }

    private static torch.Tensor Matrix(IReadOnlyList<float[]> rows) =>
        torch.tensor(rows.SelectMany(row => row).ToArray()).reshape(rows.Count, -1);
}
