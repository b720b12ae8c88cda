// Loading and saving models: HF directories, bare safetensors, torch.save files.

using DataFreeKD.Models.Checkpoints;
using static TorchSharp.torch;

namespace DataFreeKD.Models;

/// <summary>Tensor naming of a written model.</summary>
public enum TensorNaming
{
    /// <summary>timm's names.</summary>
    Timm,

    /// <summary>Hugging Face ViT/DeiT names.</summary>
    HuggingFace,
}

/// <summary>A model with what travels with it.</summary>
/// <param name="Model">The network, in eval mode, float32.</param>
/// <param name="Preprocessing">How it wants its images.</param>
/// <param name="ClassNames">Names by class index; empty where the checkpoint has none.</param>
/// <param name="WeightsPath">The file that the weights came from.</param>
public sealed record LoadedModel(VisionTransformer Model, PreprocessingConfig Preprocessing, IReadOnlyList<string> ClassNames, string WeightsPath) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}

/// <summary>Reads and writes model directories and checkpoint files.</summary>
public static class ModelStore
{
    private static readonly string[] WeightFiles = ["model.safetensors", "pytorch_model.bin", "model.pth", "checkpoint.pth"];

    /// <summary>Loads a HF-layout directory (HF or timm names), a .safetensors, or a .pth/.pt/.bin of torch.save.</summary>
    /// <param name="path">Directory or file.</param>
    /// <param name="heads">Number of heads; overrides the config, and is needed where neither config nor width/64 tells.</param>
    /// <exception cref="ModelException">What is wrong, where, and how to mend it.</exception>
    public static LoadedModel Load(string path, int? heads = null)
    {
        string weights = WeightsOf(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(weights))!;
        // A bare file takes the config beside it only where its folder is a model directory of that one file.
        bool directory = Directory.Exists(path);
        var config = directory ? ModelConfigFile.Read(Path.Combine(folder, "config.json")) : null;
        var preprocessor = directory ? ModelConfigFile.Read(Path.Combine(folder, "preprocessor_config.json")) : null;

        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Dictionary<string, Tensor> state = weights.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) ? SafeTensors.Read(weights) : TorchSave.Read(weights);
        if (CheckpointNames.IsHuggingFace(state)) state = CheckpointNames.ToTimm(weights, state);
        VitConfig shape = CheckpointShape.Infer(weights, state, heads ?? ModelConfigFile.Heads(config), ModelConfigFile.Epsilon(config));

        var model = new VisionTransformer(shape);
        Fill(weights, model, state);
        model.eval();
        return new LoadedModel(model, ModelConfigFile.Preprocessing(preprocessor, config, shape), ModelConfigFile.ClassNames(config, shape.Classes), weights);
    }

    /// <summary>Writes config.json, preprocessor_config.json, model.safetensors and, where given, README.md; each appears whole or not at all, the weights last.</summary>
    /// <exception cref="ModelException">Hugging Face's names cannot hold this architecture.</exception>
    public static void Save(string directory, VisionTransformer model, PreprocessingConfig preprocessing, IReadOnlyList<string> classNames, TensorNaming naming = TensorNaming.Timm, string? modelCard = null)
    {
        VitConfig config = model.Config;
        if (naming == TensorNaming.HuggingFace && (config.LayerScale || config.RegisterTokens > 0 || config.PreNorm || config.NoEmbedClass || config.SwiGlu))
        {
            throw new ModelException("Hugging Face's ViT and DeiT have no LayerScale, registers, norm_pre, no_embed_class or SwiGLU; save this model under timm's names");
        }
        Directory.CreateDirectory(directory);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        IReadOnlyDictionary<string, Tensor> state = model.StateDict();
        if (naming == TensorNaming.HuggingFace) state = CheckpointNames.ToHuggingFace(state);

        WholeFile.Write(Path.Combine(directory, "config.json"), ModelConfigFile.Config(config, preprocessing, classNames, naming));
        WholeFile.Write(Path.Combine(directory, "preprocessor_config.json"), ModelConfigFile.Preprocessor(preprocessing));
        if (modelCard is not null) WholeFile.Write(Path.Combine(directory, "README.md"), modelCard);
        WholeFile.Write(Path.Combine(directory, "model.safetensors"), stream => SafeTensors.Write(stream, state, new Dictionary<string, string> { ["format"] = "pt" }));
    }

    private static string WeightsOf(string path)
    {
        if (File.Exists(path)) return path;
        if (!Directory.Exists(path)) throw new ModelException($"{path}: no such model; give a model directory, a .safetensors or a .pth file");
        return WeightFiles.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists)
            ?? throw new ModelException($"{path}: holds none of {string.Join(", ", WeightFiles)}; is it a model directory?");
    }

    private static void Fill(string path, VisionTransformer model, Dictionary<string, Tensor> state)
    {
        IReadOnlyDictionary<string, Tensor> wanted = model.StateDict();
        foreach ((string name, Tensor parameter) in wanted)
        {
            if (!state.TryGetValue(name, out Tensor? found)) throw new ModelException($"{path}: tensor '{name}' is missing for this architecture; the checkpoint is incomplete");
            if (!found.shape.SequenceEqual(parameter.shape)) throw new ModelException($"{path}: tensor '{name}' is [{string.Join(", ", found.shape)}] where [{string.Join(", ", parameter.shape)}] is needed");
            parameter.copy_(found);
        }
        string[] extra = [.. state.Keys.Where(name => !wanted.ContainsKey(name)).Take(5)];
        if (extra.Length > 0) throw new ModelException($"{path}: tensors that this ViT family does not have: {string.Join(", ", extra)}; the logits would be wrong without them");
    }
}
