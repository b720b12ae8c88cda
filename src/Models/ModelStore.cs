// Loading and saving models: HF directories, bare safetensors, torch.save files.

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
    /// <summary>Loads a HF-layout directory (HF or timm names), a .safetensors, or a .pth/.pt/.bin of torch.save.</summary>
    /// <param name="path">Directory or file.</param>
    /// <param name="heads">Number of heads where neither config nor width/64 tells.</param>
    /// <exception cref="ModelException">What is wrong, where, and how to mend it.</exception>
    public static LoadedModel Load(string path, int? heads = null) => throw new NotImplementedException();

    /// <summary>Writes config.json, preprocessor_config.json, model.safetensors (each atomically) and, where given, README.md.</summary>
    public static void Save(string directory, VisionTransformer model, PreprocessingConfig preprocessing, IReadOnlyList<string> classNames, TensorNaming naming = TensorNaming.Timm, string? modelCard = null) => throw new NotImplementedException();
}
