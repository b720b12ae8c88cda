// Makes model directories with random weights and writes what our forward pass computes, for timm to be held against it.

using DataFreeKD.Core;
using DataFreeKD.Models;
using DataFreeKD.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

const string Usage =
    "usage: ExportLogits make deit_tiny|deit_tiny_distilled|vit_32|SPEC DIR [SEED]\n       ExportLogits logits MODEL OUT.safetensors\n       ExportLogits compare CHECKPOINT EXPECTED.safetensors\n       ExportLogits checkpoints EXPECTED.tsv";
set_num_threads(2);
switch (args)
{
    case ["make", var kind, var directory, .. var seed]:
        return Make(kind, directory, seed is [var given] && long.TryParse(given, out long parsed) ? parsed : 0);
    case ["logits", var model, var output]:
        return WriteLogits(model, output);
    case ["compare", var checkpoint, var expected]:
        return Compare(checkpoint, expected);
    case ["checkpoints", var table]:
        return Checkpoints(table);
    default:
        Console.Error.WriteLine(Usage);
        return 2;
}

static int Make(string kind, string directory, long seed)
{
    ModelConfig config = kind switch
    {
        "deit_tiny" => new VitConfig(),
        "deit_tiny_distilled" => new VitConfig { Distilled = true },
        "vit_32" => new VitConfig
        {
            ImageSize = 32,
            PatchSize = 4,
            Width = 48,
            Depth = 3,
            Heads = 3,
            MlpHidden = 192,
            Classes = 10,
        },
        _ => ModelRegistry.Resolve(kind),
    };

    using ImageModel model = config.Create(seed);
    using (no_grad())
    using (NewDisposeScope())
    {
        // A fresh model has zero biases and unit gains: a reader that mixed them up would still agree. So move every tensor.
        using Generator generator = new((ulong)seed + 1);
        foreach (
            (string name, Tensor tensor) in model
                .StateDict()
                .Where(entry => entry.Value.is_floating_point())
                .OrderBy(entry => entry.Key, StringComparer.Ordinal)
        )
        {
            Tensor disturbance = randn(tensor.shape, generator: generator);
            // A variance stays above 0.
            if (name.EndsWith("running_var", StringComparison.Ordinal))
                tensor.add_(disturbance.abs_(), 0.5);
            else if (config is TinyVitConfig && tensor.dim() != 2)
                tensor.add_(disturbance, tensor.dim() == 4 ? 1 / Math.Sqrt(tensor.shape[1] * tensor.shape[2] * tensor.shape[3]) : 0.2);
            // A residual network of dozens of blocks overflows under more.
            else
                tensor.add_(disturbance, config is ResNetConfig && tensor.dim() == 4 ? 0.01 : 0.05);
        }
    }
    ModelStore.Save(directory, model, Preprocessing.DefaultFor(config.ImageSize), []);
    return 0;
}

static int WriteLogits(string path, string output)
{
    using LoadedModel loaded = ModelStore.Load(path);
    loaded.Model.eval();
    using IDisposable inference = inference_mode();
    using DisposeScope scope = NewDisposeScope();
    using Generator generator = new(7);
    int side = loaded.Model.Config.ImageSize;
    // Tiles of an eighth of the side: white noise averages to nearly the same logits in a network that pools.
    Tensor input =
        side % 8 == 0
            ? (randn([4, 3, 8, 8], generator: generator) * 2).repeat_interleave(side / 8, 2).repeat_interleave(side / 8, 3)
            : randn([4, 3, side, side], generator: generator);
    using FileStream stream = File.Create(output);
    SafeTensors.Write(stream, new Dictionary<string, Tensor> { ["input"] = input, ["logits"] = loaded.Model.forward(input) });
    return 0;
}

static int Compare(string checkpoint, string expected)
{
    using DisposeScope scope = NewDisposeScope();
    using LoadedModel loaded = ModelStore.Load(checkpoint);
    using IDisposable inference = inference_mode();
    Dictionary<string, Tensor> golden = SafeTensors.Read(expected);
    Tensor logits = loaded.Model.forward(golden["input"]);
    double error = (logits - golden["logits"]).abs().max().item<float>(),
        spread = golden["logits"].std(0).mean().item<float>();
    Console.WriteLine(
        $"{Path.GetFileName(checkpoint)}: {loaded.Model.Config.Name}, max |error| {error:e2} (limit 1e-04; logits vary by {spread:e2} between inputs)"
    );
    return error <= 1e-4 && spread > 1e-3 ? 0 : 1;
}

// Each input as it was brought: read and right, refused with a reason, or wrong; wrong without a word of doubt must not be.
static int Checkpoints(string table)
{
    SortedDictionary<string, int> counts = new(StringComparer.Ordinal);
    double worst = 0,
        worstProbe = 0;
    foreach (string line in File.ReadLines(table).Where(line => line.Length > 0))
    {
        string[] cells = line.Split('\t');
        using DisposeScope scope = NewDisposeScope();
        using IDisposable inference = inference_mode();
        string verdict,
            detail = "";
        try
        {
            using LoadedModel loaded = ModelStore.Load(cells[2]);
            Dictionary<string, Tensor> golden = SafeTensors.Read(cells[3]);
            bool probed = golden.ContainsKey("probes") && loaded.Model is VisionTransformer;
            // Of positions that no tensor has, the name's own input side is taken, which is not the test's: as with --img-size.
            using ImageModel? resized =
                loaded.Model.Config is VitConfig { LearnedPositions: false } && loaded.Model.Config.ImageSize != golden["input"].shape[2]
                    ? loaded.Model.WithImageSize((int)golden["input"].shape[2])
                    : null;
            ModelOutput output = (resized ?? loaded.Model).Run(
                golden["input"],
                probed ? new ModelCapture { ClsRowBlocks = [0, 1] } : ModelCapture.None
            );
            Tensor logits = output.Logits ?? output.Embedding;
            Tensor entropy = Entropy(logits),
                energy = -logits.logsumexp(1);
            double error = Apart(logits, golden["logits"]) / Math.Max(1, golden["logits"].abs().max().item<float>());
            error = Math.Max(
                error,
                Math.Max(Apart(entropy, Entropy(golden["logits"])), Apart(energy, -golden["logits"].logsumexp(1)))
                    / Math.Max(1, golden["logits"].abs().max().item<float>())
            );
            double probe = probed
                ? Apart(
                    stack(
                        output
                            .ClsRows.OrderBy(row => row.Key)
                            .Select(row => row.Value.mean([1]) / row.Value.mean([1]).sum(-1, keepdim: true))
                    ),
                    golden["probes"]
                )
                : 0;
            bool right = error <= 1e-4 && probe <= 1e-5;
            if (right)
                (worst, worstProbe) = (Math.Max(worst, error), Math.Max(worstProbe, probe));
            verdict = right
                ? loaded.Assumptions is null
                    ? "right"
                    : "right, with what was assumed said"
                : loaded.Assumptions is null
                    ? "WRONG IN SILENCE"
                    : "wrong, and said to be assumed";
            detail = $"logits {error:e1}, probe {probe:e1}{(loaded.Assumptions is { } assumed ? "; " + assumed : "")}";
        }
        catch (ModelException refusal)
        {
            (verdict, detail) = ("refused by name", refusal.Message);
        }
        string key = $"{cells[0]}: {verdict}";
        counts[key] = counts.GetValueOrDefault(key) + 1;
        if (!verdict.StartsWith("right", StringComparison.Ordinal))
            Console.WriteLine($"{cells[0]}\t{cells[1]}\t{verdict}\t{detail}");
    }
    foreach ((string verdict, int count) in counts)
        Console.WriteLine($"{count,5}  {verdict}");
    Console.WriteLine(
        $"largest error of those right: logits, entropy, energy {worst:e2} (relative to the largest logit), probes {worstProbe:e2}"
    );
    return counts.Keys.Any(key => key.EndsWith("WRONG IN SILENCE", StringComparison.Ordinal)) ? 1 : 0;

    static Tensor Entropy(Tensor logits) => -(logits.softmax(1) * logits.log_softmax(1)).sum(1);

    static double Apart(Tensor a, Tensor b) => a.shape.SequenceEqual(b.shape) ? (a - b).abs().max().item<float>() : double.PositiveInfinity;
}
