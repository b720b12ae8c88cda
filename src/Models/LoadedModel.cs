// A model with what travels with it.

namespace DataFreeKD.Models;

/// <summary>A model with what travels with it.</summary>
/// <param name="Model">The network, in eval mode, float32.</param>
/// <param name="Preprocessing">How it wants its images.</param>
/// <param name="ClassNames">Names by class index; empty where the checkpoint has none.</param>
/// <param name="WeightsPath">The file that the weights came from.</param>
public sealed record LoadedModel(ImageModel Model, PreprocessingConfig Preprocessing, IReadOnlyList<string> ClassNames, string WeightsPath) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
