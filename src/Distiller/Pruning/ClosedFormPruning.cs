// Closed-form pruning: a narrower Vision Transformer whose every linear map is a ridge regression on the teacher's.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>What a fit needs beside teacher, images and shape.</summary>
internal sealed record PruningSettings
{
    /// <summary>How maps are fitted.</summary>
    public PruneMethod Method { get; init; }

    /// <summary>Images a batch.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Seed of the basis' free rotation.</summary>
    public long Seed { get; init; }

    /// <summary>Ridge penalty as a share of the mean diagonal.</summary>
    public double Penalty { get; init; } = 1e-3;

    /// <summary>What the tokens that a head reads count for in the last block, together, as a share of all others.</summary>
    public double HeadTokenShare { get; init; } = 1;

    /// <summary>Bytes of activations in memory; more go to a temporary file.</summary>
    public long Memory { get; init; } = 1L << 30;
}

/// <summary>Fits students of a teacher on unlabelled images, without gradients.</summary>
/// <remarks>
/// The residual stream is turned into its own principal directions and cut (<see cref="StreamBasis"/>). Then each linear map of the student, in order, is the ridge regression
/// of the teacher's (turned, cut) answer on the student's own running input, so that every map makes up for what those before it lost. As in SliceGPT (arXiv 2401.15024) and CORP (arXiv 2602.05243).
/// Equations are in docs/prune.md.
/// </remarks>
internal sealed class ClosedFormPruning : IDisposable
{
    // The tokens that a head reads decide everything behind the last norm.
    private const double HeadTokenWeight = 4;

    private const int TokensABatch = 8192;

    // Tokens that units are chosen by, at least, and for each unit.
    private const long UnitTokens = 16_000, UnitTokensAUnit = 8;

    // Tokens that values are refitted on, about; and queries and keys, whose attention is held in memory.
    private const long ValueTokens = 60_000, AttentionTokens = 26_000;

    private readonly VisionTransformer teacher;
    private readonly IReadOnlyList<VitBlock> steps;
    private readonly SlotPixels pixels;
    private readonly int[][] batches;
    private readonly PruningSettings settings;
    private readonly torch.Device device;
    private readonly IReadOnlyDictionary<string, torch.Tensor> weights;
    private StreamBasis? energy;

    /// <param name="teacher">On <paramref name="device"/>, in eval mode; not changed.</param>
    /// <param name="pixels">Where images come from.</param>
    /// <param name="slots">The images to fit on.</param>
    /// <param name="settings">How.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="DistillException">The teacher has a part that cannot be turned.</exception>
    public ClosedFormPruning(VisionTransformer teacher, SlotPixels pixels, int[] slots, PruningSettings settings, torch.Device device)
    {
        Prunable.Check(teacher.Config);
        (this.teacher, this.pixels, this.settings, this.device) = (teacher, pixels, settings, device);
        batches = [.. slots.Chunk(settings.BatchSize)];
        steps = teacher.Steps;
        weights = teacher.StateDict();
        Influence = new double[teacher.Config.Depth];
    }

    /// <summary>Images a batch for a teacher: about as many tokens as keep the products large and the memory small.</summary>
    public static int BatchFor(VitConfig teacher) => Math.Clamp(TokensABatch / (teacher.Patches + teacher.PrefixTokens), 1, 128);

    /// <summary>Told after every batch of every pass: passes' batches done.</summary>
    public Action? AfterBatch { get; init; }

    /// <summary>How often <see cref="AfterBatch"/> is called: by <see cref="Observe"/>, then by a fit of so many blocks.</summary>
    public long BatchesToObserve => batches.Length;

    /// <summary>The same for a fit.</summary>
    public long BatchesToFit(VitConfig shape) => (((4L + (shape.MlpHidden < teacher.Config.MlpHidden ? 1 : 0) + (RefitsHeads(shape) ? 1 : 0)) * shape.Depth) + 1) * batches.Length;

    /// <summary>How much each block turns the stream: 1 − cosine between its input and output, mean over tokens (ShortGPT, arXiv 2403.03853). Zero before <see cref="Observe"/>.</summary>
    public double[] Influence { get; }

    /// <summary>One pass of the teacher: the energy of its stream, and each block's influence. Serves every shape.</summary>
    public void Observe(CancellationToken cancel)
    {
        if (energy is not null) return;
        StreamBasis gathered = new(teacher.Config.Width, device);
        long tokens = 0;
        ForEachBatch(batch =>
        {
            torch.Tensor x = teacher.Tokens(pixels.Of(batches[batch]));
            for (int b = 0; b < steps.Count; b++)
            {
                gathered.Add(x);
                torch.Tensor middle = steps[b].AddAttention(x, VitBlock.Mix(steps[b].Split(steps[b].AttentionInput(x))));
                gathered.Add(middle);
                torch.Tensor end = steps[b].AddMlp(middle, steps[b].Activate(steps[b].Hidden(steps[b].MlpInput(middle))));
                Influence[b] += (1 - torch.nn.functional.cosine_similarity(x, end, dim: -1)).sum().item<float>();
                x = end;
            }
            gathered.Add(x);
            if (ReadsTokens) gathered.Add(x.narrow(1, 0, HeadTokens), HeadTokenWeight);
            tokens += x.shape[0] * x.shape[1];
        }, cancel);
        for (int b = 0; b < Influence.Length; b++) Influence[b] /= tokens;
        energy = gathered;
    }

    /// <summary>The student of a shape.</summary>
    /// <param name="shape">At most as wide, deep and many-headed as the teacher.</param>
    /// <param name="blocks">The teacher's blocks kept, ascending, one for each of the student's.</param>
    /// <param name="start">Blocks already fitted, with the student as it was then and its basis; null to begin.</param>
    /// <param name="afterBlock">Given the student, its basis and how many blocks are fitted.</param>
    /// <param name="cancel">Cancels between batches.</param>
    /// <exception cref="DistillException">The shape is no part of the teacher's.</exception>
    public VisionTransformer Fit(VitConfig shape, IReadOnlyList<int> blocks, PruningState? start = null, Action<PruningState>? afterBlock = null, CancellationToken cancel = default)
    {
        Prunable.Check(shape, teacher.Config);
        if (blocks.Count != shape.Depth || !blocks.SequenceEqual(blocks.Distinct().Order()) || blocks[^1] >= teacher.Config.Depth || blocks[0] < 0)
            throw new DistillException($"blocks {string.Join(",", blocks)}: must be {shape.Depth} ascending numbers below {teacher.Config.Depth}");
        Observe(cancel);
        using DisposeScope scope = torch.NewDisposeScope();
        VisionTransformer student = (VisionTransformer)shape.Create(settings.Seed).MoveTo(device);
        student.eval();
        try
        {
            torch.Tensor basis = start?.Basis.to(device) ?? energy!.Of(shape.Width, settings.Seed).Basis;
            StudentWeights into = new(student);
            using ActivationStore store = new(settings.Memory);
            if (start is null) Embed(into, basis, shape, cancel);
            else into.Restore(start);
            for (int i = start?.Blocks ?? 0; i < blocks.Count; i++)
            {
                new BlockFit(this, student, into, basis, store, blocks, i).Run(i == start?.Blocks, cancel);
                afterBlock?.Invoke(new PruningState(i + 1, basis, into.All));
            }
            FitHeads(student, into, store, blocks, start?.Blocks == blocks.Count, cancel);
            return student;
        }
        catch
        {
            student.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => energy?.Dispose();

    // Else the head reads the mean of the patches, which then all matter alike.
    private bool ReadsTokens => teacher.Config.Pooling == Pooling.Token;

    private bool Refined => settings.Method == PruneMethod.Refined;

    private long HeadTokens => teacher.Config.Distilled ? 2 : 1;

    // Heads that keep more of their dimensions lose too little for a refit to pay for its time.
    private const int MuchNarrower = 4;

    private bool RefitsHeads(VitConfig shape) => Refined && MuchNarrower * (shape.Width / shape.Heads) <= teacher.Config.Width / teacher.Config.Heads;

    private int Images => batches.Sum(batch => batch.Length);

    private torch.Tensor Of(string name) => weights[name].to(torch.float64);

    private void ForEachBatch(Action<int> work, CancellationToken cancel)
    {
        for (int batch = 0; batch < batches.Length; batch++)
        {
            cancel.ThrowIfCancellationRequested();
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable inference = torch.inference_mode();
            work(batch);
            AfterBatch?.Invoke();
        }
    }

    // Everything that writes the first tokens is linear: it is turned as it is.
    private void Embed(StudentWeights into, torch.Tensor basis, VitConfig shape, CancellationToken cancel)
    {
        using IDisposable off = torch.no_grad();
        torch.Tensor turn = basis;
        if (shape.PreNorm)
        {
            // The norm before the blocks scales each token by itself: its directions are turned exactly, its lengths on average.
            torch.Tensor gain = Of("norm_pre.weight"), shift = Of("norm_pre.bias");
            turn = gain.unsqueeze(1) * basis;
            turn = turn - turn.mean([0], keepdim: true);
            double squares = 0;
            long tokens = 0;
            ForEachBatch(batch =>
            {
                torch.Tensor kept = (teacher.Tokens(pixels.Of(batches[batch])).to(torch.float64) - shift).matmul(basis);
                squares += kept.square().sum().item<double>();
                tokens += kept.shape[0] * kept.shape[1];
            }, cancel);
            into.Put("norm_pre.weight", torch.full(shape.Width, Math.Sqrt(squares / tokens / shape.Width), torch.float64));
            into.Put("norm_pre.bias", shift.matmul(basis));
        }
        foreach (string name in (string[])["cls_token", "dist_token", "reg_token", "pos_embed"])
        {
            if (weights.ContainsKey(name)) into.Put(name, Of(name).matmul(turn));
        }
        torch.Tensor patch = Of("patch_embed.proj.weight");
        into.Put("patch_embed.proj.weight", turn.t().matmul(patch.flatten(1)).view(shape.Width, 3, shape.PatchSize, shape.PatchSize));
        if (weights.ContainsKey("patch_embed.proj.bias")) into.Put("patch_embed.proj.bias", Of("patch_embed.proj.bias").matmul(turn));
        into.Norm(shape.FcNorm ? "fc_norm" : "norm");
    }

    // Each head is the regression of the teacher's logits on the student's normed token.
    private void FitHeads(VisionTransformer student, StudentWeights into, ActivationStore store, IReadOnlyList<int> blocks, bool resumed, CancellationToken cancel)
    {
        if (teacher.Config.Classes == 0) return;
        using RidgeRegression first = new(student.Config.Features, teacher.Config.Classes, device);
        using RidgeRegression second = new(student.Config.Features, teacher.Config.Classes, device);
        ForEachBatch(batch =>
        {
            torch.Tensor x, y;
            if (resumed)
            {
                torch.Tensor images = pixels.Of(batches[batch]);
                (x, y) = (Through(teacher.Tokens(images), steps, 0, steps.Count), Through(student.Tokens(images), student.Steps, 0, blocks.Count));
            }
            else
            {
                (x, y) = (store.Get(Stream.Ahead, batch, device), BlockFit.End(student.Steps[^1], store.Get(Stream.Student, batch, device)));
            }
            VitOutput wanted = teacher.Classify(x);
            torch.Tensor read = student.Classify(y).HeadEmbeddings!;
            first.Add(read.select(1, 0), wanted.LogitsCls ?? wanted.Logits!);
            if (wanted.LogitsDist is { } distilled) second.Add(read.select(1, 1), distilled);
        }, cancel);
        using IDisposable off = torch.no_grad();
        into.Put("head", first.Solve(settings.Penalty));
        if (teacher.Config.Distilled) into.Put("head_dist", second.Solve(settings.Penalty));
    }

    private static torch.Tensor Through(torch.Tensor tokens, IReadOnlyList<VitBlock> blocks, int from, int to)
    {
        for (int b = from; b < to; b++) tokens = blocks[b].Forward(tokens);
        return tokens;
    }

    /// <summary>The four regressions of one block.</summary>
    private sealed class BlockFit(ClosedFormPruning run, VisionTransformer student, StudentWeights into, torch.Tensor basis, ActivationStore store, IReadOnlyList<int> blocks, int index)
    {
        private readonly VitConfig small = student.Config, large = run.teacher.Config;
        private readonly VitBlock block = student.Steps[index], source = run.steps[blocks[index]];
        private readonly string name = $"blocks.{index}.", from = $"blocks.{blocks[index]}.";
        private readonly torch.Device device = run.device;

        /// <summary>The block's output of what stands before its MLP.</summary>
        public static torch.Tensor End(VitBlock block, torch.Tensor middle) => block.AddMlp(middle, block.Activate(block.Hidden(block.MlpInput(middle))));

        public void Run(bool resumed, CancellationToken cancel)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable off = torch.no_grad();
            torch.Tensor narrow = basis.to(torch.float32);
            into.Norm(name + "norm1");
            into.Norm(name + "norm2");
            into.Scale(name);
            Attention(resumed, cancel);
            if (RefitsHeads) Values(narrow, cancel);
            Projection(narrow, cancel);
            FirstLayer(narrow, cancel);
            SecondLayer(narrow, cancel);
        }

        private double Penalty => run.settings.Penalty;

        // Behind the last block nobody reads the patches: the head's tokens together count as much as all others, which only steady the fit.
        private void Add(RidgeRegression fit, torch.Tensor inputs, torch.Tensor outputs)
        {
            fit.Add(inputs, outputs);
            if (HeadTokensMatter) fit.Add(inputs.narrow(1, 0, run.HeadTokens), outputs.narrow(1, 0, run.HeadTokens), run.settings.HeadTokenShare * inputs.shape[1] / run.HeadTokens);
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
            run.ForEachBatch(batch =>
            {
                (torch.Tensor x, torch.Tensor y) = Inputs(batch, resumed);
                Qkv parts = source.Split(source.AttentionInput(x));
                torch.Tensor middle = source.AddAttention(x, VitBlock.Mix(parts)), activated = source.Activate(source.Hidden(source.MlpInput(middle)));
                torch.Tensor normed = block.AttentionInput(y);
                heads.Add(parts);
                if (RefitsHeads && RefitsAttention(batch)) refit.Add(normed, parts.Queries, parts.Keys);
                fit.Add(normed, torch.cat([Joined(parts.Queries), Joined(parts.Keys), Joined(parts.Values)], -1));
                store.Put(Stream.Teacher, batch, middle);
                store.Put(Stream.Ahead, batch, Through(source.AddMlp(middle, activated), run.steps, blocks[index] + 1, next));
                store.Put(Stream.Student, batch, y);
            }, cancel);
            (torch.Tensor weight, torch.Tensor bias) = fit.Solve(Penalty, small.QkvBias);
            int[] kept = Kept(heads);
            torch.Tensor turn = Turn(heads, kept);
            // Values without their mean, which the projection's bias takes over: attention's weights sum to 1.
            if (small.QkvBias) bias.narrow(0, 2L * large.Width, large.Width).sub_(heads.MeanValues());
            (weight, bias) = (turn.t().matmul(weight), turn.t().matmul(bias.unsqueeze(1)).squeeze(1));
            if (RefitsHeads) QueriesAndKeys(refit, kept, weight, bias);
            into.Put(name + "attn.qkv", (weight, bias));
        }

        // Batches spread evenly over all, together about AttentionTokens.
        private bool RefitsAttention(int batch)
        {
            long all = run.batches.Length, wanted = Math.Clamp((long)Math.Round((double)AttentionTokens / Tokens / run.settings.BatchSize), 1, all);
            return batch * wanted / all != (batch + 1) * wanted / all;
        }

        private long Tokens => large.Patches + large.PrefixTokens;

        // Writes the rows of queries and keys.
        private void QueriesAndKeys(QueryKeyRefit refit, int[] kept, torch.Tensor weight, torch.Tensor bias)
        {
            torch.Tensor counts = torch.ones(Tokens, torch.float32, device);
            if (HeadTokensMatter) counts.narrow(0, 0, run.HeadTokens).add_(run.settings.HeadTokenShare * Tokens / run.HeadTokens);
            RefittedLogits better = refit.Solve(Part(0), Part(1), kept, counts, small.QkvBias, Penalty);
            foreach ((int part, (torch.Tensor Weight, torch.Tensor Bias) map) in (((torch.Tensor, torch.Tensor)[])[better.Queries, better.Keys]).Index())
            {
                Part(part).Weight.copy_(map.Weight);
                Part(part).Bias.copy_(map.Bias);
            }

            (torch.Tensor Weight, torch.Tensor Bias) Part(int part) => (weight.narrow(0, part * small.Width, small.Width), bias.narrow(0, part * small.Width, small.Width));
        }

        // Behind fitted queries and keys: what attention makes of the tokens is known, and values are fitted for that.
        private void Values(torch.Tensor narrow, CancellationToken cancel)
        {
            using ValueRefit refit = new(small.Heads, small.Width, small.Width, device);
            long step = Math.Max(1, run.Images * Tokens / ValueTokens);
            run.ForEachBatch(batch =>
            {
                torch.Tensor y = store.Get(Stream.Student, batch, device), normed = block.AttentionInput(y), answer = store.Get(Stream.Teacher, batch, device).matmul(narrow) - y;
                Qkv parts = block.Split(normed);
                // Where some tokens stand for all, they are others in each batch.
                torch.Tensor some = torch.arange(batch % step, Tokens, step, device: device);
                refit.Add(step == 1 ? parts.Queries : parts.Queries.index_select(2, some), parts.Keys, normed, step == 1 ? answer : answer.index_select(1, some));
                if (HeadTokensMatter)
                    refit.Add(parts.Queries.narrow(2, 0, run.HeadTokens), parts.Keys, normed, answer.narrow(1, 0, run.HeadTokens), run.settings.HeadTokenShare * Tokens / step / run.HeadTokens);
            }, cancel);
            string qkv = name + "attn.qkv";
            RefittedValues better = refit.Solve(into.All[qkv + ".weight"].narrow(0, 2L * small.Width, small.Width), Penalty);
            into.All[qkv + ".weight"].narrow(0, 2L * small.Width, small.Width).copy_(better.Weight);
            if (small.QkvBias) into.All[qkv + ".bias"].narrow(0, 2L * small.Width, small.Width).copy_(better.Bias);
        }

        // The heads that write most to the stream, ascending.
        private int[] Kept(HeadTargets heads)
        {
            double[] sizes = heads.Sizes(basis.t().matmul(HeadProjections()));
            return [.. Enumerable.Range(0, large.Heads).OrderByDescending(head => sizes[head]).ThenBy(head => head).Take(small.Heads).Order()];
        }

        // W_o of each head, [H, D, D/H].
        private torch.Tensor HeadProjections() => Written("attn.proj.weight", "ls1.gamma").view(large.Width, large.Heads, HeadSize).permute(1, 0, 2);

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
                    turn.narrow(0, ((long)part * large.Width) + (head * HeadSize), HeadSize).narrow(1, ((long)part * small.Width) + (to * size), size).copy_(map);
            }
            return turn;
        }

        private void Projection(torch.Tensor narrow, CancellationToken cancel)
        {
            using RidgeRegression fit = new(small.Width, small.Width, device);
            run.ForEachBatch(batch =>
            {
                torch.Tensor y = store.Get(Stream.Student, batch, device);
                Add(fit, Mixed(y), store.Get(Stream.Teacher, batch, device).matmul(narrow) - y);
            }, cancel);
            into.Put(name + "attn.proj", fit.Solve(Penalty));
        }

        // All of the teacher's units are fitted, since each is a regression of its own; then those that the block's answer can best do without are left out.
        private void FirstLayer(torch.Tensor narrow, CancellationToken cancel)
        {
            using RidgeRegression fit = new(small.Width, (large.SwiGlu ? 2L : 1L) * large.MlpHidden, device);
            run.ForEachBatch(batch =>
            {
                torch.Tensor y = store.Get(Stream.Student, batch, device), middle = block.AddAttention(y, Mixed(y));
                store.Put(Stream.Student, batch, middle);
                Add(fit, block.MlpInput(middle), source.Hidden(source.MlpInput(store.Get(Stream.Teacher, batch, device))));
            }, cancel);
            (torch.Tensor weight, torch.Tensor bias) = fit.Solve(Penalty);
            torch.Tensor units = torch.tensor(Units(weight, bias, narrow, cancel), device: device);
            if (large.SwiGlu) units = torch.cat([units, units + large.MlpHidden]);
            into.Put(name + "mlp.fc1", (weight.index_select(0, units), bias.index_select(0, units)));
        }

        private long[] Units(torch.Tensor weight, torch.Tensor bias, torch.Tensor narrow, CancellationToken cancel)
        {
            if (small.MlpHidden == large.MlpHidden) return [.. Enumerable.Range(0, large.MlpHidden).Select(unit => (long)unit)];
            if (run.settings.Method == PruneMethod.Plain) return LoudestUnits(cancel);
            (torch.Tensor map, torch.Tensor shift) = (weight.to(torch.float32), bias.to(torch.float32));
            using MlpUnits units = new(large.MlpHidden, small.Width, device);
            long tokens = large.Patches + large.PrefixTokens;
            long step = Math.Max(1, (long)run.Images * tokens / Math.Max(UnitTokens, UnitTokensAUnit * large.MlpHidden));
            run.ForEachBatch(batch =>
            {
                torch.Tensor middle = store.Get(Stream.Student, batch, device), ahead = store.Get(Stream.Ahead, batch, device);
                Some(middle, ahead, step, 1);
                if (HeadTokensMatter) Some(middle.narrow(1, 0, run.HeadTokens), ahead.narrow(1, 0, run.HeadTokens), 1, run.settings.HeadTokenShare * tokens / step / run.HeadTokens);
            }, cancel);
            return units.Kept(small.MlpHidden, Penalty);

            void Some(torch.Tensor middle, torch.Tensor ahead, long step, double weight)
            {
                torch.Tensor part = Every(middle, step), answer = Every(ahead, step).matmul(narrow) - part;
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
            run.ForEachBatch(batch => spread.Add(source.Activate(source.Hidden(source.MlpInput(store.Get(Stream.Teacher, batch, device))))), cancel);
            return spread.Largest(small.MlpHidden, basis.t().matmul(Written("mlp.fc2.weight", "ls2.gamma")));
        }

        private void SecondLayer(torch.Tensor narrow, CancellationToken cancel)
        {
            using RidgeRegression fit = new(small.MlpHidden, small.Width, device);
            run.ForEachBatch(batch =>
            {
                torch.Tensor middle = store.Get(Stream.Student, batch, device);
                Add(fit, block.Activate(block.Hidden(block.MlpInput(middle))), store.Get(Stream.Ahead, batch, device).matmul(narrow) - middle);
            }, cancel);
            into.Put(name + "mlp.fc2", fit.Solve(Penalty));
        }

        // The streams of teacher and student at the block's start.
        private (torch.Tensor Teacher, torch.Tensor Student) Inputs(int batch, bool resumed)
        {
            if (index > 0 && !resumed) return (store.Get(Stream.Ahead, batch, device), End(student.Steps[index - 1], store.Get(Stream.Student, batch, device)));
            torch.Tensor images = run.pixels.Of(run.batches[batch]);
            return (Through(run.teacher.Tokens(images), run.steps, 0, blocks[index]), Through(student.Tokens(images), student.Steps, 0, index));
        }

        private torch.Tensor Mixed(torch.Tensor tokens) => VitBlock.Mix(block.Split(block.AttentionInput(tokens)));

        // What a map writes to the stream, LayerScale included: [D, inputs].
        private torch.Tensor Written(string weight, string scale)
        {
            torch.Tensor map = run.Of(from + weight);
            return large.LayerScale ? map * run.Of(from + scale).unsqueeze(1) : map;
        }

        private static torch.Tensor Joined(torch.Tensor part)
        {
            long[] shape = part.shape;
            return part.transpose(1, 2).reshape(shape[0], shape[2], shape[1] * shape[3]);
        }
    }
}
