// A network of a checkpoint before its shape is read.

using DataFreeKD.Models.Timm;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>What is known of a network before its shape is read.</summary>
/// <param name="Tensors">Under timm's names; forms that need the statements are still as they were, and are brought to one when the shape
/// is read.</param>
/// <param name="Style">Whose names they had in the file.</param>
/// <param name="Stated">Statements of config and checkpoint.</param>
/// <param name="Named">timm's architecture of the name that is stated, where it is known.</param>
/// <param name="Heads">Heads that the user gave.</param>
/// <param name="Report">Takes facts and notes.</param>
internal sealed record NetworkSource(
    Dictionary<string, Tensor> Tensors,
    NameStyle Style,
    Statements Stated,
    Told<TimmEntry>? Named,
    int? Heads,
    ReadingReport Report
)
{
    /// <summary>The shape of a tensor that every Vision Transformer has.</summary>
    /// <exception cref="ModelException">It is not there, or not of so many dimensions.</exception>
    public long[] Shape(string name, int dimensions)
    {
        if (!Tensors.TryGetValue(name, out Tensor? tensor))
            throw Report.Bad(
                $"it has no tensor '{name}': it is no Vision Transformer of a kind that is known here ({FamilyReader.Supported}); it holds {Shown.List(Tensors.Keys.Order(StringComparer.Ordinal))}"
            );
        return tensor.shape.Length == dimensions
            ? tensor.shape
            : throw Report.Bad($"tensor '{name}' is [{string.Join(", ", tensor.shape)}], not of {dimensions} dimensions");
    }
}
