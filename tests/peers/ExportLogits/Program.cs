// Makes model directories with random weights and writes what our forward pass computes, for timm to be held against it.

using DataFreeKD.Models;
using DataFreeKD.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

const string Usage = "usage: ExportLogits make deit_tiny|deit_tiny_distilled|vit_32 DIR [SEED]\n       ExportLogits logits MODEL OUT.safetensors";
set_num_threads(2);
switch (args)
{
    case ["make", var kind, var directory, .. var seed]:
        return Make(kind, directory, seed is [var given] && long.TryParse(given, out long parsed) ? parsed : 0);
    case ["logits", var model, var output]:
        return WriteLogits(model, output);
    default:
        Console.Error.WriteLine(Usage);
        return 2;
}

static int Make(string kind, string directory, long seed)
{
    VitConfig? config = kind switch
    {
        "deit_tiny" => new VitConfig(),
        "deit_tiny_distilled" => new VitConfig { Distilled = true },
        "vit_32" => new VitConfig { ImageSize = 32, PatchSize = 4, Width = 48, Depth = 3, Heads = 3, MlpHidden = 192, Classes = 10 },
        _ => null,
    };
    if (config is null)
    {
        Console.Error.WriteLine($"unknown kind {kind}\n{Usage}");
        return 2;
    }

    using var model = new VisionTransformer(config, seed);
    using (no_grad())
    using (NewDisposeScope())
    {
        // A fresh model has zero biases and unit gains: a reader that mixed them up would still agree. So move every tensor.
        using var generator = new Generator((ulong)seed + 1);
        foreach (Tensor tensor in model.StateDict().OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => entry.Value))
        {
            tensor.add_(randn(tensor.shape, generator: generator), 0.05);
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
    Tensor input = randn([4, 3, side, side], generator: generator);
    using FileStream stream = File.Create(output);
    SafeTensors.Write(stream, new Dictionary<string, Tensor> { ["input"] = input, ["logits"] = loaded.Model.forward(input) });
    return 0;
}
