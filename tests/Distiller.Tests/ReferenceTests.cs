// Every loss against values computed elsewhere from the equations, and its gradients against finite differences.

using DataFreeKD.Distiller.Losses;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class ReferenceTests
{
    private const double Step = 1e-5,
        GradientLimit = 1e-5,
        ValueLimit = 1e-10;
    private const int Directions = 8;

    public static TheoryData<int, string> Cases =>
        [.. Enumerable.Range(0, LossCase.Count).Select(number => new TheoryDataRow<int, string>(number, LossCase.Name(number)))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_loss_equals_its_equations_computed_elsewhere(int number, string name)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        LossCase one = new(number);
        double value = one.Compute().item<double>();
        Assert.True(
            Math.Abs(value - one.Expected) <= ValueLimit * Math.Max(1, Math.Abs(one.Expected)),
            $"{name}: {value:R} for {one.Expected:R}"
        );
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_equal_finite_differences_and_none_reaches_the_teacher(int number, string name)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        LossCase one = new(number);
        (string Name, torch.Tensor Value)[] leaves =
        [
            .. one.StudentLeaves.Select(pair => (pair.Key, pair.Value)),
            .. one.Parameters.Select(parameter => (parameter.Name, parameter.Value)),
        ];
        torch.Tensor[] teacher = [.. one.TeacherLeaves.Values];
        IList<torch.Tensor> gradients = torch.autograd.grad(
            [one.Compute()],
            [.. leaves.Select(leaf => leaf.Value), .. teacher],
            allow_unused: true
        );

        Assert.All(gradients.Skip(leaves.Length), gradient =>
            Assert.True(gradient is null || gradient.IsInvalid, name + " sends a gradient to the teacher")
        );
        int reached = 0;
        for (int i = 0; i < leaves.Length; i++)
        {
            if (gradients[i] is null || gradients[i].IsInvalid)
                continue;
            reached++;
            double size = gradients[i].norm().item<double>();
            for (ulong direction = 0; direction < Directions; direction++)
            {
                using torch.Generator generator = new(direction);
                torch.Tensor along = torch.randn(leaves[i].Value.shape, torch.ScalarType.Float64, generator: generator);
                double analytic = (gradients[i] * along).sum().item<double>(),
                    numeric = Slope(one, leaves[i].Value, along);
                Assert.True(
                    Math.Abs(analytic - numeric) <= GradientLimit * Math.Max(size, 1e-4),
                    $"{name}, {leaves[i].Name}: {analytic} for {numeric}, gradient of {size}"
                );
            }
        }
        Assert.True(reached >= 1 + one.Parameters.Count(), $"{name}: only {reached} leaves learn");
    }

    [Fact]
    public void Every_loss_of_the_catalogue_has_a_reference()
    {
        HashSet<string> referenced = [.. Enumerable.Range(0, LossCase.Count).Select(number => LossCase.Name(number).Split(':', ' ')[0])];
        Assert.Superset(LossCatalogue.All.Select(entry => entry.Name).ToHashSet(), referenced);
    }

    // Central difference along a direction in which every number of the leaf moves.
    private static double Slope(LossCase one, torch.Tensor leaf, torch.Tensor along)
    {
        using IDisposable off = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor start = leaf.clone();
        double above = At(Step),
            below = At(-Step);
        leaf.copy_(start);
        return (above - below) / (2 * Step);

        double At(double step)
        {
            leaf.copy_(start + (along * step));
            return one.Compute().item<double>();
        }
    }
}
