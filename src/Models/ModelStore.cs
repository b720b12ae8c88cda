// Loading and saving models: HF directories, bare safetensors, torch.save files.

using DataFreeKD.Models.Checkpoints;
using TorchSharp;

namespace DataFreeKD.Models;

/// <summary>Reads and writes model directories and checkpoint files.</summary>
public static class ModelStore
{
    private const string Weights = "model.safetensors";
    private const string Config = "config.json";
    private const string Processor = "preprocessor_config.json";
    private const string Card = "README.md";

    // In the order of preference within a directory.
    private static readonly string[] WeightNames = [Weights, "pytorch_model.bin"];

    /// <summary>Loads a HF-layout directory (HF or timm names), a .safetensors, or a .pth/.pt/.bin of torch.save.</summary>
    /// <param name="path">Directory or file.</param>
    /// <param name="heads">Number of heads where neither config nor width/64 tells.</param>
    /// <remarks>A bare file takes its config from <c>&lt;name&gt;.json</c> beside it, or from <c>config.json</c> where it bears the layout's own name; its file name may be a registered model's.</remarks>
    /// <exception cref="ModelException">What is wrong, where, and how to mend it.</exception>
    public static LoadedModel Load(string path, int? heads = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        string weights = WeightsOf(path);
        try
        {
            return LoadFile(weights, heads);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or OverflowException)
        {
            throw new ModelException($"'{weights}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes config.json, preprocessor_config.json, model.safetensors (each atomically) and, where given, README.md.</summary>
    /// <param name="directory">Made where it is missing; files of the same names are replaced.</param>
    /// <param name="model">The network; weights are written as float32.</param>
    /// <param name="preprocessing">How it wants its images.</param>
    /// <param name="classNames">Names by class index; empty, or one for each class.</param>
    /// <param name="naming">Tensor names; Hugging Face's only where its ViT and DeiT have every part of the model.</param>
    /// <param name="modelCard">Text of README.md.</param>
    /// <exception cref="ModelException">The naming cannot express the model, or the class names do not fit.</exception>
    public static void Save(string directory, ImageModel model, PreprocessingConfig preprocessing, IReadOnlyList<string> classNames, TensorNaming naming = TensorNaming.Timm, string? modelCard = null)
    {
        if (classNames.Count != 0 && classNames.Count != model.Config.Classes) throw new ModelException($"{classNames.Count} class names for a model of {model.Config.Classes} classes; give one for each, or none");
        using DisposeScope scope = torch.NewDisposeScope();
        IReadOnlyDictionary<string, torch.Tensor> tensors = model.StateDict();
        if (naming == TensorNaming.HuggingFace) tensors = HuggingFaceNames.FromTimm(tensors, model.AsVisionTransformer("has no tensor names of Hugging Face's in this tool").Config);
        Directory.CreateDirectory(directory);
        AtomicWrite.To(Path.Combine(directory, Weights), stream => SafeTensors.Write(stream, tensors));
        AtomicWrite.To(Path.Combine(directory, Processor), stream => ConfigWriter.Processor(stream, preprocessing with { ImageSize = model.Config.ImageSize }));
        if (modelCard is not null) AtomicWrite.To(Path.Combine(directory, Card), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(modelCard)));
        AtomicWrite.To(Path.Combine(directory, Config), stream => ConfigWriter.Config(stream, model.Config, preprocessing, classNames, naming));
    }

    private static LoadedModel LoadFile(string weights, int? heads)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (Dictionary<string, torch.Tensor> raw, int? argumentHeads) = WeightsFile.Read(weights);
        Dictionary<string, torch.Tensor> tensors = TimmNames.From(weights, raw);
        string folder = Path.GetDirectoryName(Path.GetFullPath(weights))!, stem = Path.GetFileNameWithoutExtension(weights);
        bool inLayout = WeightNames.Contains(Path.GetFileName(weights));
        JsonFile? config = JsonFile.ReadIfPresent(Path.Combine(folder, inLayout ? Config : stem + ".json"));
        JsonFile? processor = inLayout ? JsonFile.ReadIfPresent(Path.Combine(folder, Processor)) : null;
        RegistryEntry? named = ModelRegistry.Find(config?.Text("architecture") ?? "") ?? ModelRegistry.Find(stem.Split('-')[0]);

        ModelConfig shape = FamilyReader.Read(weights, tensors, config, named, heads, argumentHeads, raw.Keys.Any(k => HuggingFaceNames.Recognises(k)));

        ImageModel model = shape.Build();
        try
        {
            Fill(weights, model, tensors);
            PreprocessingConfig fallback = named?.Preprocessing is { } known && known.ImageSize == shape.ImageSize ? known : PreprocessingConfig.DefaultFor(shape.ImageSize);
            PreprocessingConfig preprocessing = PreprocessingReader.Read(processor, config, fallback, shape.ImageSize);
            model.eval();
            return new LoadedModel(model, preprocessing, ConfigReader.ClassNames(config, shape.Classes), weights);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    // Every parameter gets a tensor of its own shape, and every tensor finds its parameter.
    private static void Fill(string weights, ImageModel model, Dictionary<string, torch.Tensor> tensors)
    {
        using IDisposable noGrad = torch.no_grad();
        IReadOnlyDictionary<string, torch.Tensor> state = model.StateDict();
        string[] missing = [.. state.Keys.Where(k => !tensors.ContainsKey(k) && !IsCounter(k))], unknown = [.. tensors.Keys.Where(k => !state.ContainsKey(k)).Order(StringComparer.Ordinal)];
        if (missing.Length > 0) throw new ModelException($"'{weights}' was not loaded: it misses {List(missing)}");
        if (unknown.Length > 0) throw new ModelException($"'{weights}' was not loaded: it holds {List(unknown)}, for which this family of networks has no place (supported: {FamilyReader.Supported})");
        foreach ((string name, torch.Tensor parameter) in state)
        {
            // Old checkpoints do not count batches.
            if (!tensors.TryGetValue(name, out torch.Tensor? tensor)) continue;
            if (!tensor.shape.SequenceEqual(parameter.shape)) throw new ModelException($"'{weights}' was not loaded: tensor '{name}' is [{string.Join(", ", tensor.shape)}], its place wants [{string.Join(", ", parameter.shape)}]");
            if (!tensor.is_floating_point() && !IsCounter(name)) throw new ModelException($"'{weights}' was not loaded: tensor '{name}' is {tensor.dtype}, not floating point");
            parameter.copy_(tensor);
        }
    }

    private static bool IsCounter(string name) => name.EndsWith(".num_batches_tracked", StringComparison.Ordinal);

    private static string List(string[] names) => string.Join(", ", names.Take(4).Select(n => $"'{n}'")) + (names.Length > 4 ? $" and {names.Length - 4} more tensors" : "");

    /// <summary>The file that <see cref="Load"/> takes the weights from.</summary>
    /// <param name="path">Directory or file.</param>
    /// <exception cref="ModelException">There is no model.</exception>
    public static string WeightsOf(string path)
    {
        if (File.Exists(path)) return path;
        if (!Directory.Exists(path)) throw new ModelException($"there is no model at '{path}': give a directory with {Weights}, or a .safetensors, .pth, .pt or .bin file");
        foreach (string name in WeightNames)
        {
            if (File.Exists(Path.Combine(path, name))) return Path.Combine(path, name);
        }
        if (File.Exists(Path.Combine(path, Weights + ".index.json"))) throw new ModelException($"the weights in '{path}' are split over several files; join them into one {Weights} (transformers: save_pretrained with a larger max_shard_size)");
        throw new ModelException($"the directory '{path}' holds neither {string.Join(" nor ", WeightNames)}");
    }
}
