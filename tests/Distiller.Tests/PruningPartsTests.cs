// The parts of closed-form pruning, each against its equation.

using DataFreeKD.Distiller.Pruning;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class PruningPartsTests
{
    [Fact]
    public void A_ridge_regression_in_batches_equals_the_one_over_all_rows()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor inputs = torch.randn([50, 4], torch.float64, generator: new torch.Generator(1)),
            outputs = torch.randn([50, 3], torch.float64, generator: new torch.Generator(2)) + 5;
        using RidgeRegression whole = new(4, 3, torch.CPU),
            parts = new(4, 3, torch.CPU);
        whole.Add(inputs, outputs);
        foreach (int start in (int[])[0, 20])
            parts.Add(inputs.narrow(0, start, start == 0 ? 20 : 30), outputs.narrow(0, start, start == 0 ? 20 : 30));
        (torch.Tensor weight, torch.Tensor bias) = whole.Solve(1e-3);
        (torch.Tensor again, torch.Tensor itsBias) = parts.Solve(1e-3);
        Assert.True(weight.allclose(again, 1e-12) && bias.allclose(itsBias, 1e-12));

        // The gradient of ‖UW + b − Y‖² + λ‖W‖² vanishes.
        double lambda = 1e-3 * (inputs.square().sum().item<double>() + 50) / 5;
        torch.Tensor residual = inputs.matmul(weight.t()) + bias - outputs;
        Assert.True((inputs.t().matmul(residual) + (lambda * weight.t())).abs().max().item<double>() < 1e-9);
        Assert.True(residual.sum([0]).abs().max().item<double>() < 1e-9);
    }

    [Fact]
    public void Units_are_ranked_by_spread_times_what_they_write()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using UnitSpread units = new(4, torch.CPU);
        // Spreads 1, 0, 3, 2 around different means; lengths 1, 100, 1, 1.
        torch.Tensor activations = torch.tensor(new float[] { 1, 7, 30, 102, -1, 7, 24, 98 }, [2, 4]);
        units.Add(activations);
        units.Add(activations);
        torch.Tensor written = torch.tensor(new double[] { 1, 100, 0, 0, 0, 0, 1, 1 }, [2, 4]);
        Assert.Equal([2L, 3L], units.Largest(2, written));
        Assert.Equal([0L, 2L, 3L], units.Largest(3, written));
    }

    [Fact]
    public void Units_are_left_out_whose_work_others_can_do()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using MlpUnits units = new(4, 2, torch.CPU);
        torch.Tensor free = torch.randn([200, 2], torch.float64, generator: new torch.Generator(5));
        torch.Tensor first = free.narrow(1, 0, 1),
            second = free.narrow(1, 1, 1),
            third = torch.randn([200, 1], torch.float64, generator: new torch.Generator(6));
        // Unit 2 is unit 0 and a little noise, and louder in the answer; nobody listens to unit 3.
        torch.Tensor activations = torch.cat([first, second, first + (0.05 * third), third * 10], 1);
        units.Add(activations, torch.cat([2 * activations.narrow(1, 2, 1), second * 0.5], 1));
        Assert.Equal([0L, 1L, 2L], units.Kept(3, 1e-6));
        Assert.Equal([1L, 2L], units.Kept(2, 1e-6));
        Assert.Equal([2L], units.Kept(1, 1e-6));
    }

    [Fact]
    public void A_basis_is_orthonormal_without_mean_and_keeps_the_largest_energy()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using StreamBasis gathered = new(6, torch.CPU);
        torch.Tensor tokens =
            torch.randn([3, 40, 6], torch.float64, generator: new torch.Generator(3))
            * torch.tensor(new double[] { 9, 5, 3, 0.1, 0.1, 0.1 });
        gathered.Add(tokens);
        (torch.Tensor basis, double kept) = gathered.Of(4, 7);
        torch.Tensor gram = basis.matmul(basis.t());
        // P·Pᵀ projects on three directions, none of them along the ones.
        Assert.True(gram.matmul(gram).allclose(gram, 1e-9, 1e-9));
        Assert.Equal(3, gram.diagonal().sum().item<double>(), 6);
        Assert.True(basis.sum([1]).abs().max().item<double>() < 1e-9 && basis.sum([0]).abs().max().item<double>() < 1e-9);
        Assert.InRange(kept, 0.99, 1);
        Assert.True(
            gathered.Of(4, 8).Basis is { } other && other.matmul(other.t()).allclose(gram, 1e-9, 1e-9),
            "the free rotation does not change the subspace"
        );
    }

    [Fact]
    public void A_basis_with_slopes_takes_what_the_answer_depends_on_before_what_is_only_large()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using StreamBasis loud = Gathered(false),
            heard = Gathered(true);
        // The three directions that hold most energy, whatever anybody reads.
        Assert.InRange(Share(loud, 0), 0.9, 1.1);
        Assert.InRange(Share(loud, 4), 0, 0.4);
        // The loudest is read by nobody and makes room for one of a third of its size that decides.
        Assert.InRange(Share(heard, 0), 0, 0.4);
        Assert.InRange(Share(heard, 4), 0.6, 1.1);
        torch.Tensor basis = heard.Of(4, 7).Basis,
            gram = basis.matmul(basis.t());
        Assert.True(gram.matmul(gram).allclose(gram, 1e-9, 1e-9));
        Assert.True(basis.sum([1]).abs().max().item<double>() < 1e-9 && basis.sum([0]).abs().max().item<double>() < 1e-9);

        // How much of a direction is kept.
        static double Share(StreamBasis gathered, long direction)
        {
            torch.Tensor one = torch.zeros(8, torch.float64);
            one[direction] = 1;
            one = one - one.mean();
            torch.Tensor basis = gathered.Of(4, 7).Basis;
            return basis.t().matmul(one / one.norm()).square().sum().item<double>();
        }

        static StreamBasis Gathered(bool slopes)
        {
            StreamBasis gathered = new(8, torch.CPU);
            torch.Tensor tokens =
                torch.randn([4000, 8], torch.float64, generator: new torch.Generator(3))
                * torch.tensor(new double[] { 9, 5, 5, 0.1, 3, 0.1, 0.1, 0.1 });
            gathered.Add(tokens);
            if (slopes)
                gathered.AddSlopes(
                    tokens,
                    torch.randn([4000, 8], torch.float64, generator: new torch.Generator(4))
                        * torch.tensor(new double[] { 0.01, 1, 1, 0.01, 1, 0.01, 0.01, 0.01 })
                );
            return gathered;
        }
    }

    [Theory]
    [InlineData("vit:img=16,patch=4,dim=12,depth=3,heads=3,classes=5")]
    [InlineData("vit:img=16,patch=4,dim=12,depth=2,heads=3,classes=5,distilled")]
    [InlineData("vit:img=16,patch=4,dim=12,depth=2,heads=3,classes=0")]
    public void Slopes_of_a_teacher_taken_block_by_block_are_those_of_one_backward_pass(string spec)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        VisionTransformer teacher = (VisionTransformer)ModelRegistry.Resolve(spec).Create(3);
        teacher.eval();
        torch.Tensor pixels = torch.randn([5, 3, 16, 16], generator: new torch.Generator(9));
        List<torch.Tensor> reads = [teacher.Tokens(pixels).detach().requires_grad_(true)];
        foreach (VitBlock step in teacher.Steps)
        {
            torch.Tensor x = reads[^1],
                middle = step.AddAttention(x, VitBlock.Mix(step.Split(step.AttentionInput(x))));
            reads.Add(middle);
            reads.Add(step.AddMlp(middle, step.Activate(step.Hidden(step.MlpInput(middle)))));
        }
        ModelOutput output = teacher.Classify(reads[^1]);
        torch.Tensor answer = StreamSlopes.Answer(output);
        torch.Tensor directions = torch.randn(answer.shape, generator: new torch.Generator(10));
        IList<torch.Tensor> expected = torch.autograd.grad([(answer * directions).sum()], reads);
        Dictionary<int, torch.Tensor> found = [];
        StreamSlopes.Of(
            teacher,
            pixels,
            _ => directions,
            (at, tokens, slopes) => found[at] = torch.stack([tokens, slopes]).DetachFromDisposeScope()
        );
        Assert.Equal(reads.Count, found.Count);
        foreach ((int at, torch.Tensor read) in reads.Index())
        {
            Assert.True(found[at][0].allclose(read, 1e-5, 1e-6));
            Assert.True(found[at][1].allclose(expected[at], 1e-4, 1e-6), $"read {at}");
        }
    }

    [Fact]
    public void Whole_heads_keep_their_attention()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Qkv parts = new(Part(1), Part(2), Part(3));
        using HeadTargets heads = new(2, 4, torch.CPU);
        heads.Add(parts);
        (torch.Tensor queries, torch.Tensor keys, torch.Tensor _) = heads.Maps(
            1,
            4,
            torch.randn([5, 4], torch.float64, generator: new torch.Generator(4))
        );
        torch.Tensor q = parts.Queries.select(1, 1).to(torch.float64),
            k = parts.Keys.select(1, 1).to(torch.float64);
        Assert.True(q.matmul(queries).matmul(k.matmul(keys).transpose(1, 2)).allclose(q.matmul(k.transpose(1, 2)), 1e-6, 1e-6));

        static torch.Tensor Part(ulong seed) => torch.randn([3, 2, 7, 4], generator: new torch.Generator(seed));
    }
}
