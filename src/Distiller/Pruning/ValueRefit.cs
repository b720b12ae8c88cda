// Values of narrow heads, fitted for what attention makes of them.

using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Refits the values of all heads together with the projection, on the student's attended tokens.</summary>
/// <remarks>
/// A head writes F·V·W with F = A·u, its attention times the block's normed tokens: a map M = V·W of rank r. One head's best map, the
/// others' held,
/// is a reduced-rank regression (Izenman, 1975) with a closed form; the heads take turns. Equations are in docs/prune.md.
/// Sums are in float64 and do not grow with the rows.
/// </remarks>
internal sealed class ValueRefit : IDisposable
{
    // Heads share little, so that few turns settle them.
    private const int Turns = 8;

    // Starting values may be dependent: this share of the mean diagonal keeps their regression solvable.
    private const double Floor = 1e-9;

    private readonly int heads;
    private readonly long width;
    private readonly NormalEquations sums;
    private readonly torch.Tensor squares;

    /// <param name="heads">H.</param>
    /// <param name="width">d: width of the normed tokens.</param>
    /// <param name="outputs">Width of what the projection is to give.</param>
    /// <param name="device">Where tokens come from.</param>
    public ValueRefit(int heads, long width, long outputs, torch.Device device)
    {
        (this.heads, this.width) = (heads, width);
        sums = new NormalEquations(heads * width, outputs, device);
        squares = torch.zeros([outputs], torch.float64, device).DetachFromDisposeScope();
    }

    /// <summary>Adds a batch.</summary>
    /// <param name="queries">The student's, of the tokens that are to count: <c>[B, H, t, r]</c>.</param>
    /// <param name="keys">The student's, of all tokens: <c>[B, H, T, r]</c>.</param>
    /// <param name="normed">What values are made of, <c>[B, T, d]</c>.</param>
    /// <param name="answer">What the projection is to give, <c>[B, t, outputs]</c>.</param>
    /// <param name="weight">How often each token counts.</param>
    public void Add(torch.Tensor queries, torch.Tensor keys, torch.Tensor normed, torch.Tensor answer, double weight = 1)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor attention = (queries.matmul(keys.transpose(2, 3)) / Math.Sqrt(keys.shape[3])).softmax(-1);
        sums.Add(attention.matmul(normed.unsqueeze(1)).transpose(1, 2).reshape(-1, heads * width), answer, weight);
        squares.add_(answer.reshape(-1, answer.shape[^1]).to(torch.float64).square().sum([0]) * weight);
    }

    /// <summary>The values that, with the projection best for them, lose least.</summary>
    /// <param name="start">Values to begin with, <c>[H·r, d]</c>.</param>
    /// <param name="penalty">Ridge penalty of every M as a share of the mean diagonal, above 0.</param>
    public RefittedValues Solve(torch.Tensor start, double penalty)
    {
        penalty = Math.Max(penalty, QueryKeyRefit.LeastPenalty);
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.no_grad();
        int size = (int)(start.shape[0] / heads);
        long columns = heads * width;
        (torch.Tensor all, torch.Tensor right) = (sums.Gram.cpu(), sums.Cross.cpu());
        double count = all[columns, columns].item<double>();
        torch.Tensor attended = all[columns].narrow(0, 0, columns),
            answers = right[columns];
        // The projection's bias takes over every mean.
        torch.Tensor system = all.narrow(0, 0, columns).narrow(1, 0, columns) - (attended.outer(attended) / count),
            wanted = right.narrow(0, 0, columns) - (attended.outer(answers) / count);
        system.diagonal().add_(penalty * all.diagonal().mean().item<double>());
        double spread = (squares.cpu() - (answers.square() / count)).sum().item<double>();

        torch.Tensor maps = StartingMaps(start.to(torch.float64).cpu(), size, system, wanted);
        double before = Loss(maps, system, wanted, spread);
        torch.Tensor values = torch.zeros([columns / width * size, width], torch.float64);
        torch.Tensor[] lower = [.. Enumerable.Range(0, heads).Select(head => torch.linalg.cholesky(Block(system, head)))];
        for (int turn = 0; turn < Turns; turn++)
        {
            for (int head = 0; head < heads; head++)
            {
                torch.Tensor own = Rows(maps, head),
                    rest = Rows(wanted, head) - Rows(system, head).matmul(maps) + Block(system, head).matmul(own);
                torch.Tensor whitened = torch.linalg.solve_triangular(lower[head], rest, upper: false);
                (torch.Tensor left, torch.Tensor strengths, torch.Tensor directions) = torch.linalg.svd(whitened, fullMatrices: false);
                long rank = Math.Min(size, strengths.shape[0]);
                torch.Tensor read = torch.linalg.solve_triangular(lower[head].t(), left.narrow(1, 0, rank), upper: true);
                own.copy_((read * strengths.narrow(0, 0, rank)).matmul(directions.narrow(0, 0, rank)));
                // Each value has a variance of about 1, so that the projection's penalty treats them alike.
                values.narrow(0, head * size, rank).copy_(read.t() * Math.Sqrt(count));
            }
        }
        torch.Tensor means = (attended / count).view(heads, width, 1),
            bias = values.view(heads, size, width).matmul(means).flatten().neg();
        double after = Loss(maps, system, wanted, spread);
        torch.Device device = squares.device;
        return new RefittedValues(values.to(device).MoveToOuterDisposeScope(), bias.to(device).MoveToOuterDisposeScope(), before, after);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        sums.Dispose();
        squares.Dispose();
    }

    private torch.Tensor Rows(torch.Tensor matrix, int head) => matrix.narrow(0, head * width, width);

    private torch.Tensor Block(torch.Tensor matrix, int head) => Rows(matrix, head).narrow(1, head * width, width);

    // The maps of given values and their best projection, [H·d, outputs].
    private torch.Tensor StartingMaps(torch.Tensor start, int size, torch.Tensor system, torch.Tensor wanted)
    {
        torch.Tensor spread = torch.block_diag([.. Enumerable.Range(0, heads).Select(head => start.narrow(0, head * size, size).t())]);
        torch.Tensor normal = spread.t().matmul(system).matmul(spread);
        normal.diagonal().add_(Floor * normal.diagonal().mean().item<double>());
        return spread.matmul(torch.linalg.solve(normal, spread.t().matmul(wanted)));
    }

    // ‖Y − F·M‖² + λ‖M‖², as a share of the answer's spread.
    private static double Loss(torch.Tensor maps, torch.Tensor system, torch.Tensor wanted, double spread)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return 1 + ((maps * (system.matmul(maps) - (2 * wanted))).sum().item<double>() / spread);
    }
}

/// <summary>Values refitted.</summary>
/// <param name="Weight"><c>[H·r, d]</c>, float64.</param>
/// <param name="Bias">Takes the values' mean away: <c>[H·r]</c>.</param>
/// <param name="Before">The regularised loss of the values begun with, as a share of the answer's spread.</param>
/// <param name="After">The same of these.</param>
internal sealed record RefittedValues(torch.Tensor Weight, torch.Tensor Bias, double Before, double After);
