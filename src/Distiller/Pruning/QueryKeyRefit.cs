// Queries and keys of narrow heads, fitted for the attention that they give.

using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Refits queries and keys in turn, so that the student's attention logits come near the teacher's where attention
/// looks.</summary>
/// <remarks>
/// The loss is the second order of the divergence between the two softmaxes: Σ p·(e − Σ p·e)² with e the logits' error and p the teacher's
/// attention.
/// With the keys held it is least squares in the queries' map, and the other way round. Each is solved by a few preconditioned conjugate
/// gradients
/// (Hestenes and Stiefel, 1952), whose products never form the system of (d·r)² entries. Equations are in docs/prune.md.
/// </remarks>
internal sealed class QueryKeyRefit : IDisposable
{
    /// <summary>The least penalty of the refits of attention.</summary>
    public const double LeastPenalty = 1e-6;

    private const int Turns = 1,
        Steps = 8;

    private readonly List<(torch.Tensor Normed, torch.Tensor Queries, torch.Tensor Keys)> gathered = [];

    /// <summary>Adds a batch; all are held in memory.</summary>
    /// <param name="normed">The student's normed tokens, <c>[B, T, d]</c>.</param>
    /// <param name="queries">The teacher's, <c>[B, H, T, D/H]</c>.</param>
    /// <param name="keys">The teacher's, likewise.</param>
    public void Add(torch.Tensor normed, torch.Tensor queries, torch.Tensor keys) =>
        gathered.Add((Kept(normed), Kept(queries), Kept(keys)));

    /// <summary>The refitted maps.</summary>
    /// <param name="queries">Of the student, to begin with: <c>[H·r, d]</c> and <c>[H·r]</c>.</param>
    /// <param name="keys">Likewise.</param>
    /// <param name="heads">The teacher's heads that the student's follow.</param>
    /// <param name="weights">How much each token's attention counts, <c>[T]</c>, float32.</param>
    /// <param name="intercept">Whether the maps have a bias.</param>
    /// <param name="penalty">Of the distance to the maps begun with, as a share of the mean diagonal, above 0.</param>
    public RefittedLogits Solve(
        (torch.Tensor Weight, torch.Tensor Bias) queries,
        (torch.Tensor Weight, torch.Tensor Bias) keys,
        int[] heads,
        torch.Tensor weights,
        bool intercept,
        double penalty
    )
    {
        // Below, what is fitted without would be lost in the rounding of single precision.
        penalty = Math.Max(penalty, LeastPenalty);
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.no_grad();
        int size = (int)(queries.Weight.shape[0] / heads.Length);
        torch.Tensor row = weights.unsqueeze(1);
        List<Sample> samples =
        [
            .. gathered.Select(batch => Sample.Of(batch.Normed, batch.Queries, batch.Keys, heads, size, row, intercept)),
        ];
        torch.Tensor query = Joined(queries),
            key = Joined(keys);
        double before = Loss();
        for (int turn = 0; turn < Turns; turn++)
        {
            query = Side(samples, query, key, penalty, ofKeys: false);
            key = Side(samples, key, query, penalty, ofKeys: true);
        }
        return new RefittedLogits(Parted(query), Parted(key), before, Loss());

        // [H, e, r], the bias as last row.
        torch.Tensor Joined((torch.Tensor Weight, torch.Tensor Bias) map)
        {
            torch.Tensor weight = map.Weight.to(torch.float64).view(heads.Length, size, -1).transpose(1, 2);
            return intercept ? torch.cat([weight, map.Bias.to(torch.float64).view(heads.Length, 1, size)], 1) : weight.contiguous();
        }

        (torch.Tensor, torch.Tensor) Parted(torch.Tensor map)
        {
            long inputs = queries.Weight.shape[1];
            torch.Tensor bias = intercept ? map.select(1, inputs).flatten() : torch.zeros(map.shape[0] * size, torch.float64, map.device);
            return (map.narrow(1, 0, inputs).transpose(1, 2).reshape(-1, inputs).MoveToOuterDisposeScope(), bias.MoveToOuterDisposeScope());
        }

        double Loss()
        {
            using DisposeScope own = torch.NewDisposeScope();
            double sum = 0,
                spread = 0;
            foreach (Sample sample in samples)
            {
                torch.Tensor logits = sample.Map(query).matmul(sample.Map(key).transpose(2, 3));
                torch.Tensor error = sample.Centred(logits) - sample.Wanted;
                sum += (sample.Attention * error.square()).sum(torch.float64).item<double>();
                spread += (sample.Attention * sample.Wanted.square()).sum(torch.float64).item<double>();
            }
            return sum / spread;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((torch.Tensor normed, torch.Tensor queries, torch.Tensor keys) in gathered)
        {
            normed.Dispose();
            queries.Dispose();
            keys.Dispose();
        }
        gathered.Clear();
    }

    // A contiguous copy: a view would hold the whole of what it is a view of.
    private static torch.Tensor Kept(torch.Tensor tensor) => tensor.detach().contiguous().clone().DetachFromDisposeScope();

    // Least squares in one side's map, the other's held: (N + λ)·Δ = −gradient, from Δ = 0.
    private static torch.Tensor Side(List<Sample> samples, torch.Tensor map, torch.Tensor held, double penalty, bool ofKeys)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        List<torch.Tensor> others = [.. samples.Select(sample => sample.Map(held))];
        (torch.Tensor inverseInputs, torch.Tensor inverseOutputs, torch.Tensor lambda) = Preconditioner(samples, others, penalty, ofKeys);
        torch.Tensor residual = Product(map, aim: true).neg_();
        torch.Tensor change = torch.zeros_like(map),
            turned = Preconditioned(residual),
            direction = turned,
            strength = Dot(residual, turned);
        for (int step = 0; step < Steps; step++)
        {
            torch.Tensor product = Product(direction, aim: false) + (lambda * direction);
            torch.Tensor length = strength / Dot(direction, product).clamp_min(1e-300);
            change += length * direction;
            residual -= length * product;
            turned = Preconditioned(residual);
            torch.Tensor next = Dot(residual, turned);
            direction = turned + (next / strength.clamp_min(1e-300) * direction);
            strength = next;
        }
        return (map + change).MoveToOuterDisposeScope();

        torch.Tensor Preconditioned(torch.Tensor gradient) => inverseInputs.matmul(gradient).matmul(inverseOutputs);

        static torch.Tensor Dot(torch.Tensor a, torch.Tensor b) => (a * b).sum([1, 2], keepdim: true);

        // N·X, or the gradient at X where there is an aim. [H, e, r]
        torch.Tensor Product(torch.Tensor x, bool aim)
        {
            torch.Tensor sum = torch.zeros_like(x);
            foreach ((Sample sample, torch.Tensor other) in samples.Zip(others))
            {
                using DisposeScope own = torch.NewDisposeScope();
                torch.Tensor mapped = sample.Map(x),
                    logits = ofKeys ? other.matmul(mapped.transpose(2, 3)) : mapped.matmul(other.transpose(2, 3));
                torch.Tensor error = sample.Centred(logits);
                torch.Tensor pull = (aim ? error.sub_(sample.Wanted) : error).mul_(sample.Attention);
                sum.add_(sample.Back((ofKeys ? pull.transpose(2, 3) : pull).matmul(other)));
            }
            return sum;
        }
    }

    // N is near the product of the inputs' second moments and the outputs' (as in K-FAC): its inverse is that of each.
    private static (torch.Tensor Inputs, torch.Tensor Outputs, torch.Tensor Lambda) Preconditioner(
        List<Sample> samples,
        List<torch.Tensor> others,
        double penalty,
        bool ofKeys
    )
    {
        torch.Tensor? inputs = null,
            outputs = null;
        double mass = 0;
        foreach ((Sample sample, torch.Tensor other) in samples.Zip(others))
        {
            torch.Tensor own = sample.Tokens.unsqueeze(0);
            (torch.Tensor first, torch.Tensor second) = ofKeys
                ? (sample.Within(own), sample.Moments(other))
                : (sample.Moments(own), sample.Within(other));
            (inputs, outputs) = (inputs is null ? first : inputs + first, outputs is null ? second : outputs + second);
            mass += sample.Mass;
        }
        outputs = outputs! / mass;
        torch.Tensor scale = MeanDiagonal(inputs!),
            answer = MeanDiagonal(outputs);
        return (Inverse(inputs!, scale), Inverse(outputs, answer), penalty * scale * answer);

        torch.Tensor Inverse(torch.Tensor matrix, torch.Tensor mean) =>
            torch
                .linalg.inv((matrix + (penalty * mean * torch.eye(matrix.shape[1], dtype: torch.float64, device: matrix.device))).cpu())
                .to(matrix.device);

        static torch.Tensor MeanDiagonal(torch.Tensor matrix) => matrix.diagonal(0, 1, 2).mean([1]).view(-1, 1, 1);
    }

    /// <summary>A batch as the fit needs it.</summary>
    /// <param name="Tokens">Normed tokens, with a one behind where there is an intercept: <c>[B, T, e]</c>.</param>
    /// <param name="Shares">The teacher's attention, <c>[H, B, T, T]</c>.</param>
    /// <param name="Attention">The same times the tokens' weights.</param>
    /// <param name="Wanted">The teacher's logits without their mean under its attention.</param>
    /// <param name="Mass">The tokens' weights, summed.</param>
    private sealed record Sample(torch.Tensor Tokens, torch.Tensor Shares, torch.Tensor Attention, torch.Tensor Wanted, double Mass)
    {
        public static Sample Of(
            torch.Tensor normed,
            torch.Tensor queries,
            torch.Tensor keys,
            int[] heads,
            int size,
            torch.Tensor row,
            bool intercept
        )
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor chosen = torch.tensor([.. heads.Select(head => (long)head)], device: normed.device);
            torch.Tensor q = queries.index_select(1, chosen).transpose(0, 1),
                k = keys.index_select(1, chosen).transpose(0, 1);
            torch.Tensor logits = q.matmul(k.transpose(2, 3)) / Math.Sqrt(q.shape[3]),
                shares = logits.softmax(-1);
            // The student divides by √r.
            torch.Tensor wanted = (logits - (shares * logits).sum([-1], keepdim: true)) * Math.Sqrt(size);
            torch.Tensor tokens = intercept
                ? torch.cat([normed, torch.ones([normed.shape[0], normed.shape[1], 1], normed.dtype, normed.device)], 2)
                : normed.alias();
            return new Sample(
                tokens.MoveToOuterDisposeScope(),
                shares.MoveToOuterDisposeScope(),
                (shares * row).MoveToOuterDisposeScope(),
                wanted.MoveToOuterDisposeScope(),
                normed.shape[0] * row.sum(torch.float64).item<double>()
            );
        }

        public torch.Tensor Map(torch.Tensor map) => Tokens.unsqueeze(0).matmul(map.to(torch.float32).unsqueeze(1));

        /// <summary>Logits without their mean under the teacher's attention.</summary>
        public torch.Tensor Centred(torch.Tensor logits) => logits - (Shares * logits).sum([-1], keepdim: true);

        /// <summary>Tokens times what they are pulled by, <c>[H, B, T, r]</c>: <c>[H, e, r]</c>.</summary>
        public torch.Tensor Back(torch.Tensor pull) => Tokens.flatten(0, 1).t().matmul(pull.flatten(1, 2)).to(torch.float64);

        /// <summary>Second moments of <c>[H or 1, B, T, n]</c>, weighted.</summary>
        public torch.Tensor Moments(torch.Tensor parts)
        {
            torch.Tensor flat = parts.flatten(1, 2),
                weighted = (parts * Attention.sum([-1], keepdim: true).narrow(0, 0, 1)).flatten(1, 2);
            return flat.transpose(1, 2).matmul(weighted).to(torch.float64);
        }

        /// <summary>Covariances under each token's attention, summed.</summary>
        public torch.Tensor Within(torch.Tensor parts)
        {
            torch.Tensor flat = parts.flatten(1, 2),
                means = Shares.matmul(parts),
                looks = Attention.sum([2]).unsqueeze(-1);
            torch.Tensor whole = flat.transpose(1, 2).matmul((parts * looks).flatten(1, 2));
            return (whole - means.flatten(1, 2).transpose(1, 2).matmul((means * Attention.sum([-1], keepdim: true)).flatten(1, 2))).to(
                torch.float64
            );
        }
    }
}

/// <summary>Queries and keys refitted.</summary>
/// <param name="Queries">Weight <c>[H·r, d]</c> and bias <c>[H·r]</c>, float64.</param>
/// <param name="Keys">Likewise.</param>
/// <param name="Before">The logits' weighted squared error of the maps begun with, as a share of the teacher's spread.</param>
/// <param name="After">The same of these.</param>
internal sealed record RefittedLogits(
    (torch.Tensor Weight, torch.Tensor Bias) Queries,
    (torch.Tensor Weight, torch.Tensor Bias) Keys,
    double Before,
    double After
);
