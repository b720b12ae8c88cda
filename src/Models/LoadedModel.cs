// A model with what travels with it.

namespace DataFreeKD.Models;

/// <summary>A model with what travels with it.</summary>
/// <param name="Model">The network, in eval mode, float32.</param>
/// <param name="Preprocessing">How it wants its images.</param>
/// <param name="ClassNames">Names by class index; empty where the checkpoint has none.</param>
/// <param name="WeightsPath">The file that the weights came from.</param>
public sealed record LoadedModel(ImageModel Model, Preprocessing Preprocessing, IReadOnlyList<string> ClassNames, string WeightsPath)
    : IDisposable
{
    /// <summary>What decides the figures and does not stand in the tensors alone, each with where it comes from; empty of a model that was
    /// not read from a file.</summary>
    internal IReadOnlyList<ModelFact> Facts { get; init; } = [];

    /// <summary>What a user should know of how the checkpoint was read, a sentence each: which of several networks was taken, what was
    /// ignored, what could not be checked.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>One line on what nothing tells and was therefore assumed; null where all is told.</summary>
    public string? Assumptions => ModelFact.Assumed(Facts);

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
