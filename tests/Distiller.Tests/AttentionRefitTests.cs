// The refits of attention in closed-form pruning, each against its equation.

using DataFreeKD.Distiller.Pruning;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class AttentionRefitTests
{
    private const int Heads = 2,
        Size = 3,
        Width = 6,
        Images = 40,
        Tokens = 7;

    [Fact]
    public void Refitted_values_never_lose_more_than_those_they_begin_with()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        for (ulong seed = 1; seed <= 5; seed++)
        {
            using ValueRefit refit = Values(seed, Random(seed + 50, Images, Tokens, Width));
            RefittedValues better = refit.Solve(Random(seed + 60, Heads * Size, Width), 1e-3);
            Assert.True(better.After < better.Before, $"{better.Before} became {better.After}");
            RefittedValues again = refit.Solve(better.Weight, 1e-3);
            Assert.InRange(again.Before, better.After - 1e-2, better.After + 1e-6);
            Assert.True(again.After <= again.Before + 1e-9, "refitting what is refitted loses nothing");
        }
    }

    [Fact]
    public void The_loss_reported_is_that_of_the_values_with_their_best_projection()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor answer = Random(8, Images, Tokens, Width);
        using ValueRefit refit = Values(7, answer);
        RefittedValues better = refit.Solve(Random(9, Heads * Size, Width), 1e-9);
        torch.Tensor mixed =
            torch.cat([.. Attended(7).unbind(1).Select((head, h) => head.matmul(better.Weight.narrow(0, h * Size, Size).t()))], 2)
            + better.Bias;
        using RidgeRegression projection = new(Heads * Size, Width, torch.CPU);
        projection.Add(mixed, answer);
        (torch.Tensor weight, torch.Tensor bias) = projection.Solve(1e-9);
        torch.Tensor residual = mixed.matmul(weight.t()) + bias - answer,
            spread = answer.to(torch.float64).flatten(0, 1);
        Assert.Equal(residual.square().sum().item<double>() / (spread - spread.mean([0L])).square().sum().item<double>(), better.After, 4);
        Assert.True(mixed.flatten(0, 1).mean([0L]).abs().max().item<double>() < 1e-6, "the bias takes the mean away");
    }

    [Fact]
    public void Values_that_can_give_the_answer_are_found()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor answer = 3 * torch.ones(Images, Tokens, Width, dtype: torch.float64);
        foreach ((int h, torch.Tensor head) in Attended(3).unbind(1).Index())
            answer =
                answer
                + head.matmul(Random(20 + (ulong)h, Width, Size).to(torch.float64))
                    .matmul(Random(30 + (ulong)h, Size, Width).to(torch.float64));
        using ValueRefit refit = Values(3, answer);
        RefittedValues found = refit.Solve(Random(40, Heads * Size, Width), 1e-9);
        Assert.True(found.Before > 0.05, $"the start is no answer: {found.Before}");
        Assert.True(found.After < 0.01, $"lost {found.After}");
    }

    [Fact]
    public void A_token_counted_twice_is_a_token_given_twice()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor queries, torch.Tensor keys, torch.Tensor normed) = Parts(4);
        torch.Tensor answer = Random(5, Images, Tokens, Width),
            start = Random(6, Heads * Size, Width);
        using ValueRefit weighted = new(Heads, Width, Width, torch.CPU),
            repeated = new(Heads, Width, Width, torch.CPU);
        weighted.Add(queries, keys, normed, answer, 2);
        repeated.Add(queries, keys, normed, answer);
        repeated.Add(queries, keys, normed, answer);
        Assert.True(weighted.Solve(start, 1e-3).Weight.allclose(repeated.Solve(start, 1e-3).Weight, 1e-6, 1e-9));
    }

    [Fact]
    public void Values_are_refitted_the_same_each_time()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor answer = Random(5, Images, Tokens, Width),
            start = Random(6, Heads * Size, Width);
        using ValueRefit one = Values(4, answer),
            other = Values(4, answer);
        Assert.True(one.Solve(start, 1e-3).Weight.eq(other.Solve(start, 1e-3).Weight).all().item<bool>());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Refitted_queries_and_keys_attend_more_like_the_teacher(bool intercept)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        RefittedLogits better = Logits(intercept, full: false, out double before, out double after);
        Assert.True(better.After < 0.8 * better.Before, $"{better.Before} became {better.After}");
        // The loss is a measure of attention: that comes nearer too.
        Assert.True(after < before, $"{before} became {after}");
    }

    [Fact]
    public void Queries_and_keys_that_can_give_the_teachers_attention_are_found()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        RefittedLogits better = Logits(intercept: true, full: true, out double before, out double after);
        Assert.True(better.After < 0.02 * better.Before, $"{better.Before} became {better.After}");
        Assert.True(after < 0.1 * before, $"{before} became {after}");
    }

    [Fact]
    public void Queries_and_keys_are_refitted_the_same_each_time()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        RefittedLogits one = Logits(intercept: true, full: false, out _, out _),
            other = Logits(intercept: true, full: false, out _, out _);
        Assert.True(one.Queries.Weight.eq(other.Queries.Weight).all().item<bool>() && one.Keys.Bias.eq(other.Keys.Bias).all().item<bool>());
    }

    [Fact]
    public void A_token_that_does_not_count_has_no_say()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor normed = Random(1, Images, Tokens, Width),
            queries = Random(2, Images, 1, Tokens, 4),
            keys = Random(3, Images, 1, Tokens, 4),
            other = queries.clone();
        other.narrow(2, 1, Tokens - 1).mul_(-2);
        torch.Tensor first = torch.zeros(Tokens);
        first[0] = torch.tensor(1f);
        Assert.True(
            Solve(queries).Queries.Weight.allclose(Solve(other).Queries.Weight, 1e-6, 1e-9),
            "only the first token's attention counts"
        );

        RefittedLogits Solve(torch.Tensor theirs)
        {
            using QueryKeyRefit refit = new();
            refit.Add(normed, theirs, keys);
            return refit.Solve((Random(4, 2, Width), torch.zeros(2)), (Random(5, 2, Width), torch.zeros(2)), [0], first, true, 1e-3);
        }
    }

    // A teacher of three heads of 4, of which the student follows the last two; its logits are within the student's reach, or not.
    private static RefittedLogits Logits(bool intercept, bool full, out double before, out double after)
    {
        int size = full ? 4 : 2;
        torch.Tensor normed = Random(1, Images, Tokens, Width);
        (torch.Tensor toQueries, torch.Tensor toKeys) = (Random(2, 3, Width, 4), Random(3, 3, Width, 4));
        torch.Tensor queries = normed.unsqueeze(1).matmul(toQueries) + 0.5,
            keys = normed.unsqueeze(1).matmul(toKeys);
        (torch.Tensor, torch.Tensor) Begin(torch.Tensor map, ulong seed) =>
            (
                map.narrow(0, 1, 2).narrow(2, 0, size).transpose(1, 2).reshape(-1, Width) + (0.3 * Random(seed, 2 * size, Width)),
                torch.zeros(2 * size)
            );
        ((torch.Tensor, torch.Tensor) query, (torch.Tensor, torch.Tensor) key) = (Begin(toQueries, 4), Begin(toKeys, 5));
        using QueryKeyRefit refit = new();
        refit.Add(normed.narrow(0, 0, 10), queries.narrow(0, 0, 10), keys.narrow(0, 0, 10));
        refit.Add(normed.narrow(0, 10, Images - 10), queries.narrow(0, 10, Images - 10), keys.narrow(0, 10, Images - 10));
        RefittedLogits better = refit.Solve(query, key, [1, 2], torch.ones(Tokens), intercept, 1e-4);
        torch.Tensor wanted = (queries.matmul(keys.transpose(2, 3)) / 2).softmax(-1).narrow(1, 1, 2);
        (before, after) = (Far(query, key), Far(better.Queries, better.Keys));
        if (!intercept)
            Assert.Equal(0, better.Queries.Bias.abs().max().item<double>());
        return better;

        double Far((torch.Tensor Weight, torch.Tensor Bias) q, (torch.Tensor Weight, torch.Tensor Bias) k)
        {
            torch.Tensor logits = Part(q).matmul(Part(k).transpose(2, 3)) / Math.Sqrt(size);
            return (wanted * (wanted.log() - logits.log_softmax(-1))).sum().item<double>();
        }

        torch.Tensor Part((torch.Tensor Weight, torch.Tensor Bias) map) =>
            (normed.to(torch.float64).matmul(map.Weight.to(torch.float64).t()) + map.Bias).view(Images, Tokens, 2, size).transpose(1, 2);
    }

    private static ValueRefit Values(ulong seed, torch.Tensor answer)
    {
        (torch.Tensor queries, torch.Tensor keys, torch.Tensor normed) = Parts(seed);
        ValueRefit refit = new(Heads, Width, Width, torch.CPU);
        foreach ((int start, int count) in ((int, int)[])[(0, 15), (15, Images - 15)])
            refit.Add(
                queries.narrow(0, start, count),
                keys.narrow(0, start, count),
                normed.narrow(0, start, count),
                answer.narrow(0, start, count)
            );
        return refit;
    }

    private static (torch.Tensor Queries, torch.Tensor Keys, torch.Tensor Normed) Parts(ulong seed) =>
        (
            Random(seed + 100, Images, Heads, Tokens, Size) * 2,
            Random(seed + 200, Images, Heads, Tokens, Size),
            Random(seed + 300, Images, Tokens, Width) + 0.5
        );

    // Attention times tokens, [B, H, T, d].
    private static torch.Tensor Attended(ulong seed)
    {
        (torch.Tensor queries, torch.Tensor keys, torch.Tensor normed) = Parts(seed);
        return (queries.matmul(keys.transpose(2, 3)) / Math.Sqrt(Size)).softmax(-1).matmul(normed.unsqueeze(1)).to(torch.float64);
    }

    private static torch.Tensor Random(ulong seed, params long[] shape) => torch.randn(shape, generator: new torch.Generator(seed));
}
