// How often a training waits for its device: once for each row of figures, whatever the losses.

using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class HostReadTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Theory]
    [InlineData("kd", 5)]
    [InlineData("kd", 1)]
    [InlineData("kd+dkd+dist+noise+hidden+probe+attention+minilm+vitkd+rkd+manifold+tat", 5)]
    public void Figures_are_read_once_a_row_however_many_terms_there_are(string recipe, int logEvery)
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]) with
        {
            Loss = Recipe.Parse(recipe),
            Steps = 10,
            LogEvery = logEvery,
            HoldOut = 0,
            CheckpointEvery = 0,
        };
        long before = HostReads.Count;
        DistillRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(10 / logEvery, HostReads.Count - before);
    }

    [Fact]
    public void Figures_read_together_are_those_that_were_kept_one_by_one()
    {
        using TempFolder folder = new();
        using DisposeScope scope = torch.NewDisposeScope();
        Directory.CreateDirectory(folder["together"]);
        Directory.CreateDirectory(folder["apart"]);
        using RunLog together = Log(folder["together"]),
            apart = Log(folder["apart"]);
        using PendingFigures pending = new(together),
            single = new(apart);
        for (int step = 0; step < 7; step++)
        {
            torch.Tensor loss = torch.tensor(1 / (3f + step)),
                norm = torch.tensor(MathF.Sqrt(step));
            pending.Add(step, loss, norm);
            single.Add(step, loss, norm);
            single.Read();
        }
        pending.Read();
        Assert.Equal(apart.Sums, together.Sums);
        Assert.Equal(7, together.Sums[^1]);
    }

    [Fact]
    public void A_figure_that_is_no_number_is_told_with_its_own_step()
    {
        using TempFolder folder = new();
        using DisposeScope scope = torch.NewDisposeScope();
        using RunLog log = Log(folder.Path);
        using PendingFigures pending = new(log);
        pending.Add(3, torch.tensor(1f), torch.tensor(1f));
        pending.Add(4, torch.tensor(1f), torch.tensor(float.PositiveInfinity));
        pending.Add(5, torch.tensor(float.NaN), torch.tensor(float.NaN));
        Assert.Contains("at step 5;", Assert.Throws<DistillException>(pending.Read).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_figure_that_is_no_number_is_noticed_after_a_hundred_steps_at_the_latest()
    {
        using TempFolder folder = new();
        using RunLog log = Log(folder.Path);
        using PendingFigures pending = new(log);
        using torch.Tensor broken = torch.tensor(float.NaN);
        for (int step = 0; step < 99; step++)
            pending.Add(step, broken, broken);
        Assert.Throws<DistillException>(() => pending.Add(99, broken, broken));
    }

    private static RunLog Log(string folder) => new(folder, ["loss", "gradient_norm"], ["loss", "gradient_norm"], 0);
}
