// Makes model directories with random weights and writes what our forward pass computes, for timm to be held against it.

using DataFreeKD.Models;
using DataFreeKD.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

const string Usage = "usage: ExportLogits make deit_tiny|deit_tiny_distilled|vit_32|SPEC DIR [SEED]\n       ExportLogits logits MODEL OUT.safetensors\n       ExportLogits compare CHECKPOINT EXPECTED.safetensors";
set_num_threads(2);
switch (args)
{
    case ["make", var kind, var directory, .. var seed]:
        return Make(kind, directory, seed is [var given] && long.TryParse(given, out long parsed) ? parsed : 0);
    case ["logits", var model, var output]:
        return WriteLogits(model, output);
    case ["compare", var checkpoint, var expected]:
        return Compare(checkpoint, expected);
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
        "vit_32" => new VitConfig { ImageSize = 32, PatchSize = 4, Width = 48, Depth = 3, Heads = 3, MlpHidden = 192, Classes = 10 },
        _ => ModelRegistry.Resolve(kind),
    };

    using ImageModel model = config.Create(seed);
    using (no_grad())
    using (NewDisposeScope())
    {
        // A fresh model has zero biases and unit gains: a reader that mixed them up would still agree. So move every tensor.
        using var generator = new Generator((ulong)seed + 1);
        foreach ((string name, Tensor tensor) in model.StateDict().Where(entry => entry.Value.is_floating_point()).OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            Tensor disturbance = randn(tensor.shape, generator: generator);
            // A variance stays above 0.
            if (name.EndsWith("running_var", StringComparison.Ordinal)) tensor.add_(disturbance.abs_(), 0.5);
            else if (config is TinyVitConfig && tensor.dim() != 2) tensor.add_(disturbance, tensor.dim() == 4 ? 1 / Math.Sqrt(tensor.shape[1] * tensor.shape[2] * tensor.shape[3]) : 0.2);
            // A residual network of dozens of blocks overflows under more.
            else tensor.add_(disturbance, config is ResNetConfig && tensor.dim() == 4 ? 0.01 : 0.05);
        }
    }
    ModelStore.Save(directory, model, PreprocessingConfig.DefaultFor(config.ImageSize), []);
    return 0;
}

static int WriteLogits(string path, string output)
{
    using LoadedModel loaded = ModelStore.Load(path);
    loaded.Model.eval();
    using IDisposable inference = inference_mode();
    using DisposeScope scope = NewDisposeScope();
    using var generator = new Generator(7);
    int side = loaded.Model.Config.ImageSize;
    // Tiles of an eighth of the side: white noise averages to nearly the same logits in a network that pools.
    Tensor input = side % 8 == 0 ? (randn([4, 3, 8, 8], generator: generator) * 2).repeat_interleave(side / 8, 2).repeat_interleave(side / 8, 3) : randn([4, 3, side, side], generator: generator);
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
    double error = (logits - golden["logits"]).abs().max().item<float>(), spread = golden["logits"].std(0).mean().item<float>();
    Console.WriteLine($"{Path.GetFileName(checkpoint)}: {loaded.Model.Config.Name}, max |error| {error:e2} (limit 1e-04; logits vary by {spread:e2} between inputs)");
    return error <= 1e-4 && spread > 1e-3 ? 0 : 1;
}
