// Token merging against a plain implementation from the paper's description: one image, one token, one pair at a time.

using TorchSharp;

namespace DataFreeKD.Models.Tests;

public sealed class TokenMergingTests
{
    private const int Size = 24,
        Heads = 2;

    [Theory]
    [InlineData(5, false, 0)]
    [InlineData(5, true, 0)]
    [InlineData(3, false, 2)]
    [InlineData(1000, false, 0)]
    public void Logits_and_CLS_rows_are_those_of_the_plain_implementation(int merged, bool distilled, int registers)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.no_grad();
        using VisionTransformer network = Network(distilled, registers);
        torch.Tensor pixels = torch.randn([3, 3, Size, Size], generator: new torch.Generator(5));
        ModelOutput output = network.Run(pixels, new ModelCapture { ClsRowBlocks = [0, 1, 2], MergedPatches = merged });
        for (int image = 0; image < 3; image++)
        {
            (float[] logits, double[][][] rows) = Plain(network, pixels.narrow(0, image, 1), merged);
            Near(logits.Select(value => (double)value), output.Logits![image]);
            for (int block = 0; block < 3; block++)
                Near(rows[block].SelectMany(row => row), output.ClsRows[block][image]);
        }
    }

    [Fact]
    public void Without_merging_nothing_changes_and_a_packed_network_merges_alike()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable off = torch.inference_mode();
        using VisionTransformer network = Network(false, 0);
        torch.Tensor pixels = torch.randn([2, 3, Size, Size], generator: new torch.Generator(6));
        torch.Tensor whole = network.Run(pixels, ModelCapture.None).Logits!,
            merged = network.Run(pixels, new ModelCapture { MergedPatches = 6 }).Logits!;
        Assert.True((whole - merged).abs().max().item<float>() > 1e-4);
        network.PackForInference(2);
        Near(merged.data<float>().Select(value => (double)value), network.Run(pixels, new ModelCapture { MergedPatches = 6 }).Logits!);
    }

    [Fact]
    public void What_reads_every_patch_is_refused()
    {
        using VisionTransformer averaged = new(Config(false, 0) with { Pooling = Pooling.Average, ClassToken = false }, 1),
            network = Network(false, 0);
        torch.Tensor pixels = torch.zeros(1, 3, Size, Size);
        Assert.Contains(
            "mean of the patches",
            Assert.Throws<ArgumentException>(() => averaged.Run(pixels, new ModelCapture { MergedPatches = 2 })).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => network.Run(pixels, new ModelCapture { MergedPatches = 2, HiddenBlocks = [1] }));
    }

    private static VitConfig Config(bool distilled, int registers) =>
        new()
        {
            ImageSize = Size,
            PatchSize = 4,
            Width = 16,
            Depth = 3,
            Heads = Heads,
            MlpHidden = 32,
            Classes = 4,
            Distilled = distilled,
            RegisterTokens = registers,
        };

    private static VisionTransformer Network(bool distilled, int registers)
    {
        VisionTransformer network = new(Config(distilled, registers), 3);
        network.eval();
        // Random weights of a fresh network are so small that all attention is uniform.
        using IDisposable off = torch.no_grad();
        foreach (torch.Tensor weight in network.parameters())
            weight.mul_(6);
        return network;
    }

    private static (float[] Logits, double[][][] Rows) Plain(VisionTransformer network, torch.Tensor pixels, int merged)
    {
        int prefix = network.Config.PrefixTokens,
            patches = network.Config.Patches;
        torch.Tensor x = network.Tokens(pixels);
        // Which patches a token stands for; those before the patches stand for themselves.
        List<int[]> groups = [.. Enumerable.Range(-prefix, prefix + patches).Select(patch => new[] { patch })];
        List<double[][]> rows = [];
        foreach ((int index, VitBlock block) in network.Steps.Index())
        {
            Qkv parts = block.Split(block.AttentionInput(x));
            int tokens = groups.Count,
                width = (int)parts.Queries.shape[3];
            float[] mixed = new float[tokens * Heads * width];
            double[][] row = [.. Enumerable.Range(0, Heads).Select(_ => new double[patches])];
            for (int head = 0; head < Heads; head++)
            {
                double[,] q = Matrix(parts.Queries, head),
                    k = Matrix(parts.Keys, head),
                    v = Matrix(parts.Values, head);
                for (int i = 0; i < tokens; i++)
                {
                    double[] weights = new double[tokens];
                    for (int j = 0; j < tokens; j++)
                        weights[j] = groups[j].Length * Math.Exp(Dot(q, i, k, j) / Math.Sqrt(width));
                    double sum = weights.Sum();
                    for (int j = 0; j < tokens; j++)
                    {
                        for (int at = 0; at < width; at++)
                            mixed[(((i * Heads) + head) * width) + at] += (float)(weights[j] / sum * v[j, at]);
                        if (i == 0 && j >= prefix)
                        {
                            foreach (int patch in groups[j])
                                row[head][patch] = weights[j] / sum / groups[j].Length;
                        }
                    }
                }
            }
            rows.Add(row);
            x = block.AddAttention(x, torch.tensor(mixed, [1, tokens, Heads * width]));
            if (index < network.Config.Depth - 1)
                x = Merged(x, parts.Keys, groups, prefix, merged);
            x = block.AddMlp(x, block.Activate(block.Hidden(block.MlpInput(x))));
        }
        return (network.Classify(x).Logits!.data<float>().ToArray(), [.. rows]);
    }

    private static torch.Tensor Merged(torch.Tensor x, torch.Tensor keys, List<int[]> groups, int prefix, int merged)
    {
        int width = (int)x.shape[2];
        double[][] metric =
        [
            .. Enumerable
                .Range(0, groups.Count)
                .Select(token =>
                    Enumerable
                        .Range(0, (int)keys.shape[3])
                        .Select(at => Enumerable.Range(0, Heads).Average(head => (double)keys[0, head, token, at].item<float>()))
                        .ToArray()
                ),
        ];
        float[] values = x.data<float>().ToArray();
        List<float[]> tokens = [.. values.Chunk(width)];
        // All tokens are numbered in turn; those before the patches stay out.
        int[] even = [.. Enumerable.Range(prefix, groups.Count - prefix).Where(token => token % 2 == 0)],
            odd = [.. Enumerable.Range(prefix, groups.Count - prefix).Where(token => token % 2 == 1)];
        (int From, int To, double Alike)[] pairs =
        [
            .. even.Select(from =>
                {
                    int to = odd.MaxBy(other => Cosine(metric[from], metric[other]));
                    return (from, to, Cosine(metric[from], metric[to]));
                })
                .OrderByDescending(pair => pair.Item3)
                .Take(Math.Min(merged, (groups.Count - prefix) / 2)),
        ];
        HashSet<int> gone = [.. pairs.Select(pair => pair.From)];
        List<float[]> next = [];
        List<int[]> nextGroups = [];
        foreach (int token in Enumerable.Range(0, prefix).Concat(even.Where(token => !gone.Contains(token))).Concat(odd))
        {
            int[] members = [token, .. pairs.Where(pair => pair.To == token).Select(pair => pair.From)];
            double all = members.Sum(member => groups[member].Length);
            next.Add([
                .. Enumerable
                    .Range(0, width)
                    .Select(at => (float)(members.Sum(member => groups[member].Length * (double)tokens[member][at]) / all)),
            ]);
            nextGroups.Add([.. members.SelectMany(member => groups[member])]);
        }
        groups.Clear();
        groups.AddRange(nextGroups);
        return torch.tensor(next.SelectMany(token => token).ToArray(), [1, next.Count, width]);
    }

    private static double Cosine(double[] a, double[] b) =>
        a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(x => x * x));

    private static double Dot(double[,] a, int i, double[,] b, int j) => Enumerable.Range(0, a.GetLength(1)).Sum(at => a[i, at] * b[j, at]);

    private static double[,] Matrix(torch.Tensor parts, int head)
    {
        torch.Tensor one = parts[0, head].contiguous();
        float[] values = one.data<float>().ToArray();
        double[,] matrix = new double[one.shape[0], one.shape[1]];
        for (int i = 0; i < values.Length; i++)
            matrix[i / one.shape[1], i % one.shape[1]] = values[i];
        return matrix;
    }

    private static void Near(IEnumerable<double> expected, torch.Tensor found)
    {
        double[] all = [.. expected];
        float[] values = found.contiguous().data<float>().ToArray();
        Assert.Equal(all.Length, values.Length);
        double scale = Math.Max(1, all.Max(Math.Abs));
        for (int i = 0; i < all.Length; i++)
            Assert.InRange(values[i] - all[i], -1e-4 * scale, 1e-4 * scale);
    }
}
