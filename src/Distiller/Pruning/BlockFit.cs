// One block of the student: queries, keys and values, projection, both layers of the MLP.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>The four regressions of one block, and the refits of attention between them.</summary>
internal sealed class BlockFit(
    PruningSource run,
    VisionTransformer student,
    StudentWeights into,
    torch.Tensor basis,
    ActivationStore store,
    IReadOnlyList<int> blocks,
    int index
)
{
    // Tokens that units are chosen by, at least, and for each unit.
    private const long UnitTokens = 16_000,
        UnitTokensAUnit = 8;

    // Tokens that values are refitted on, about; and queries and keys, whose attention is held in memory.
    private const long ValueTokens = 60_000,
        AttentionTokens = 26_000;

    private readonly VitConfig small = student.Config,
        large = run.Teacher.Config;
    private readonly VitBlock block = student.Steps[index],
        source = run.Steps[blocks[index]];
    private readonly string name = $"blocks.{index}.",
        from = $"blocks.{blocks[index]}.";
    private readonly torch.Device device = run.Device;

    /// <summary>Fits everything, each map on what those before it make of the images.</summary>
    /// <param name="resumed">Whether the streams before the block have to be computed anew.</param>
    /// <param name="cancel">Cancels between batches.</param>
    public void Run(bool resumed, CancellationToken cancel)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.no_grad();
        torch.Tensor narrow = basis.to(torch.float32);
        into.Norm(name + "norm1");
        into.Norm(name + "norm2");
        into.Scale(name);
        Attention(resumed, cancel);
        if (RefitsHeads)
            Values(narrow, cancel);
        Projection(narrow, cancel);
        FirstLayer(narrow, cancel);
        SecondLayer(narrow, cancel);
    }

    private double Penalty => run.Settings.Penalty;

    // Behind the last block nobody reads the patches: the head's tokens together count as much as all others, which only steady the fit.
    private void Add(RidgeRegression fit, torch.Tensor inputs, torch.Tensor outputs)
    {
        fit.Add(inputs, outputs);
        if (HeadTokensMatter)
            fit.Add(
                inputs.narrow(1, 0, run.HeadTokens),
                outputs.narrow(1, 0, run.HeadTokens),
                run.Settings.HeadTokenShare * inputs.shape[1] / run.HeadTokens
            );
    }

    private bool HeadTokensMatter => run.Refined && run.ReadsTokens && index == blocks.Count - 1;

    private int HeadSize => large.Width / large.Heads;

    private bool RefitsHeads => run.RefitsHeads(small);

    // Runs the teacher's block, and those that are dropped behind it; fits queries, keys and values.
    private void Attention(bool resumed, CancellationToken cancel)
    {
        using HeadTargets heads = new(large.Heads, HeadSize, device);
        using RidgeRegression fit = new(small.Width, 3L * large.Width, device);
        using QueryKeyRefit refit = new();
        int next = index + 1 < blocks.Count ? blocks[index + 1] : large.Depth;
        run.ForEachBatch(
            batch =>
            {
                (torch.Tensor x, torch.Tensor y) = Inputs(batch, resumed);
                Qkv parts = source.Split(source.AttentionInput(x));
                torch.Tensor middle = source.AddAttention(x, VitBlock.Mix(parts)),
                    activated = source.Activate(source.Hidden(source.MlpInput(middle)));
                torch.Tensor normed = block.AttentionInput(y);
                heads.Add(parts);
                if (RefitsHeads && RefitsAttention(batch))
                    refit.Add(normed, parts.Queries, parts.Keys);
                fit.Add(normed, torch.cat([Joined(parts.Queries), Joined(parts.Keys), Joined(parts.Values)], -1));
                store.Put(Stream.Teacher, batch, middle);
                store.Put(Stream.Ahead, batch, TokenStream.Through(source.AddMlp(middle, activated), run.Steps, blocks[index] + 1, next));
                store.Put(Stream.Student, batch, y);
            },
            cancel
        );
        (torch.Tensor weight, torch.Tensor bias) = fit.Solve(Penalty, small.QkvBias);
        int[] kept = Kept(heads);
        torch.Tensor turn = Turn(heads, kept);
        // Values without their mean, which the projection's bias takes over: attention's weights sum to 1.
        if (small.QkvBias)
            bias.narrow(0, 2L * large.Width, large.Width).sub_(heads.MeanValues());
        (weight, bias) = (turn.t().matmul(weight), turn.t().matmul(bias.unsqueeze(1)).squeeze(1));
        if (RefitsHeads)
            QueriesAndKeys(refit, kept, weight, bias);
        into.Put(name + "attn.qkv", (weight, bias));
    }

    // Batches spread evenly over all, together about AttentionTokens.
    private bool RefitsAttention(int batch)
    {
        long all = run.Batches,
            wanted = Math.Clamp((long)Math.Round((double)AttentionTokens / Tokens / run.Settings.BatchSize), 1, all);
        return batch * wanted / all != (batch + 1) * wanted / all;
    }

    private long Tokens => large.Patches + large.PrefixTokens;

    // Writes the rows of queries and keys.
    private void QueriesAndKeys(QueryKeyRefit refit, int[] kept, torch.Tensor weight, torch.Tensor bias)
    {
        torch.Tensor counts = torch.ones(Tokens, torch.float32, device);
        if (HeadTokensMatter)
            counts.narrow(0, 0, run.HeadTokens).add_(run.Settings.HeadTokenShare * Tokens / run.HeadTokens);
        RefittedLogits better = refit.Solve(Part(0), Part(1), kept, counts, small.QkvBias, Penalty);
        foreach (
            (int part, (torch.Tensor Weight, torch.Tensor Bias) map) in (
                ((torch.Tensor, torch.Tensor)[])[better.Queries, better.Keys]
            ).Index()
        )
        {
            Part(part).Weight.copy_(map.Weight);
            Part(part).Bias.copy_(map.Bias);
        }

        (torch.Tensor Weight, torch.Tensor Bias) Part(int part) =>
            (weight.narrow(0, part * small.Width, small.Width), bias.narrow(0, part * small.Width, small.Width));
    }

    // Behind fitted queries and keys: what attention makes of the tokens is known, and values are fitted for that.
    private void Values(torch.Tensor narrow, CancellationToken cancel)
    {
        using ValueRefit refit = new(small.Heads, small.Width, small.Width, device);
        long step = Math.Max(1, run.Images * Tokens / ValueTokens);
        run.ForEachBatch(
            batch =>
            {
                torch.Tensor y = store.Get(Stream.Student, batch, device),
                    normed = block.AttentionInput(y),
                    answer = store.Get(Stream.Teacher, batch, device).matmul(narrow) - y;
                Qkv parts = block.Split(normed);
                // Where some tokens stand for all, they are others in each batch.
                torch.Tensor some = torch.arange(batch % step, Tokens, step, device: device);
                refit.Add(
                    step == 1 ? parts.Queries : parts.Queries.index_select(2, some),
                    parts.Keys,
                    normed,
                    step == 1 ? answer : answer.index_select(1, some)
                );
                if (HeadTokensMatter)
                    refit.Add(
                        parts.Queries.narrow(2, 0, run.HeadTokens),
                        parts.Keys,
                        normed,
                        answer.narrow(1, 0, run.HeadTokens),
                        run.Settings.HeadTokenShare * Tokens / step / run.HeadTokens
                    );
            },
            cancel
        );
        string qkv = name + "attn.qkv";
        RefittedValues better = refit.Solve(into.All[qkv + ".weight"].narrow(0, 2L * small.Width, small.Width), Penalty);
        into.All[qkv + ".weight"].narrow(0, 2L * small.Width, small.Width).copy_(better.Weight);
        if (small.QkvBias)
            into.All[qkv + ".bias"].narrow(0, 2L * small.Width, small.Width).copy_(better.Bias);
    }

    // The heads that write most to the stream, ascending.
    private int[] Kept(HeadTargets heads)
    {
        double[] sizes = heads.Sizes(basis.t().matmul(HeadProjections()));
        return [.. Enumerable.Range(0, large.Heads).OrderByDescending(head => sizes[head]).ThenBy(head => head).Take(small.Heads).Order()];
    }

    // W_o of each head, [H, D, D/H].
    private torch.Tensor HeadProjections() =>
        Written("attn.proj.weight", "ls1.gamma").view(large.Width, large.Heads, HeadSize).permute(1, 0, 2);

    // [3·D, 3·d]: the targets of all kept heads as one map of the teacher's queries, keys and values.
    private torch.Tensor Turn(HeadTargets heads, int[] kept)
    {
        int size = small.Width / small.Heads;
        torch.Tensor projection = HeadProjections();
        torch.Tensor turn = torch.zeros([3L * large.Width, 3L * small.Width], torch.float64, device);
        foreach ((int to, int head) in kept.Index())
        {
            (torch.Tensor query, torch.Tensor key, torch.Tensor value) = heads.Maps(head, size, projection[head]);
            foreach ((int part, torch.Tensor map) in ((torch.Tensor[])[query, key, value]).Index())
                turn.narrow(0, ((long)part * large.Width) + (head * HeadSize), HeadSize)
                    .narrow(1, ((long)part * small.Width) + (to * size), size)
                    .copy_(map);
        }
        return turn;
    }

    private void Projection(torch.Tensor narrow, CancellationToken cancel)
    {
        using RidgeRegression fit = new(small.Width, small.Width, device);
        run.ForEachBatch(
            batch =>
            {
                torch.Tensor y = store.Get(Stream.Student, batch, device);
                Add(fit, Mixed(y), store.Get(Stream.Teacher, batch, device).matmul(narrow) - y);
            },
            cancel
        );
        into.Put(name + "attn.proj", fit.Solve(Penalty));
    }

    // All of the teacher's units are fitted, since each is a regression of its own; then those that the block's answer can best do without
    // are left out.
    private void FirstLayer(torch.Tensor narrow, CancellationToken cancel)
    {
        using RidgeRegression fit = new(small.Width, (large.SwiGlu ? 2L : 1L) * large.MlpHidden, device);
        run.ForEachBatch(
            batch =>
            {
                torch.Tensor y = store.Get(Stream.Student, batch, device),
                    middle = block.AddAttention(y, Mixed(y));
                store.Put(Stream.Student, batch, middle);
                Add(fit, block.MlpInput(middle), source.Hidden(source.MlpInput(store.Get(Stream.Teacher, batch, device))));
            },
            cancel
        );
        (torch.Tensor weight, torch.Tensor bias) = fit.Solve(Penalty);
        torch.Tensor units = torch.tensor(Units(weight, bias, narrow, cancel), device: device);
        if (large.SwiGlu)
            units = torch.cat([units, units + large.MlpHidden]);
        into.Put(name + "mlp.fc1", (weight.index_select(0, units), bias.index_select(0, units)));
    }

    private long[] Units(torch.Tensor weight, torch.Tensor bias, torch.Tensor narrow, CancellationToken cancel)
    {
        if (small.MlpHidden == large.MlpHidden)
            return [.. Enumerable.Range(0, large.MlpHidden).Select(unit => (long)unit)];
        if (run.Settings.Method == PruneMethod.Plain)
            return LoudestUnits(cancel);
        (torch.Tensor map, torch.Tensor shift) = (weight.to(torch.float32), bias.to(torch.float32));
        using MlpUnits units = new(large.MlpHidden, small.Width, device);
        long tokens = large.Patches + large.PrefixTokens;
        long step = Math.Max(1, (long)run.Images * tokens / Math.Max(UnitTokens, UnitTokensAUnit * large.MlpHidden));
        run.ForEachBatch(
            batch =>
            {
                torch.Tensor middle = store.Get(Stream.Student, batch, device),
                    ahead = store.Get(Stream.Ahead, batch, device);
                Some(middle, ahead, step, 1);
                if (HeadTokensMatter)
                    Some(
                        middle.narrow(1, 0, run.HeadTokens),
                        ahead.narrow(1, 0, run.HeadTokens),
                        1,
                        run.Settings.HeadTokenShare * tokens / step / run.HeadTokens
                    );
            },
            cancel
        );
        return units.Kept(small.MlpHidden, Penalty);

        void Some(torch.Tensor middle, torch.Tensor ahead, long step, double weight)
        {
            torch.Tensor part = Every(middle, step),
                answer = Every(ahead, step).matmul(narrow) - part;
            units.Add(source.Activate(torch.nn.functional.linear(block.MlpInput(part), map, shift)), answer, weight);
        }

        static torch.Tensor Every(torch.Tensor tokens, long step)
        {
            torch.Tensor flat = tokens.reshape(-1, tokens.shape[^1]);
            return step == 1 ? flat : flat.index_select(0, torch.arange(0, flat.shape[0], step, device: flat.device));
        }
    }

    private long[] LoudestUnits(CancellationToken cancel)
    {
        using UnitSpread spread = new(large.MlpHidden, device);
        run.ForEachBatch(
            batch => spread.Add(source.Activate(source.Hidden(source.MlpInput(store.Get(Stream.Teacher, batch, device))))),
            cancel
        );
        return spread.Largest(small.MlpHidden, basis.t().matmul(Written("mlp.fc2.weight", "ls2.gamma")));
    }

    private void SecondLayer(torch.Tensor narrow, CancellationToken cancel)
    {
        using RidgeRegression fit = new(small.MlpHidden, small.Width, device);
        run.ForEachBatch(
            batch =>
            {
                torch.Tensor middle = store.Get(Stream.Student, batch, device);
                Add(
                    fit,
                    block.Activate(block.Hidden(block.MlpInput(middle))),
                    store.Get(Stream.Ahead, batch, device).matmul(narrow) - middle
                );
            },
            cancel
        );
        into.Put(name + "mlp.fc2", fit.Solve(Penalty));
    }

    // The streams of teacher and student at the block's start.
    private (torch.Tensor Teacher, torch.Tensor Student) Inputs(int batch, bool resumed)
    {
        if (index > 0 && !resumed)
            return (
                store.Get(Stream.Ahead, batch, device),
                TokenStream.End(student.Steps[index - 1], store.Get(Stream.Student, batch, device))
            );
        torch.Tensor images = run.PixelsOf(batch);
        return (
            TokenStream.Through(run.Teacher.Tokens(images), run.Steps, 0, blocks[index]),
            TokenStream.Through(student.Tokens(images), student.Steps, 0, index)
        );
    }

    private torch.Tensor Mixed(torch.Tensor tokens) => VitBlock.Mix(block.Split(block.AttentionInput(tokens)));

    // What a map writes to the stream, LayerScale included: [D, inputs].
    private torch.Tensor Written(string weight, string scale)
    {
        torch.Tensor map = run.Weight(from + weight);
        return large.LayerScale ? map * run.Weight(from + scale).unsqueeze(1) : map;
    }

    private static torch.Tensor Joined(torch.Tensor part)
    {
        long[] shape = part.shape;
        return part.transpose(1, 2).reshape(shape[0], shape[2], shape[1] * shape[3]);
    }
}
