// A leaf that the optimiser moves.

using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Optimisation;

/// <summary>A leaf tensor and whether weight decay applies to it.</summary>
/// <param name="Name">Unique within the run.</param>
/// <param name="Value">The leaf.</param>
/// <param name="Decay">Whether weight decay applies.</param>
internal sealed record TrainedTensor(string Name, torch.Tensor Value, bool Decay)
{
    /// <summary>A model's parameters followed by the losses' own. Biases, norms, scales (all of one dimension), position embedding, prefix
    /// tokens and attention biases are not decayed.</summary>
    public static IReadOnlyList<TrainedTensor> Of(ImageModel model, IEnumerable<LossParameter> extra) =>
        [
            .. model
                .named_parameters()
                .Select(pair => new TrainedTensor(
                    pair.name,
                    pair.parameter.requires_grad_(true),
                    pair.parameter.dim() > 1 && !model.SparedByDecay(pair.name)
                )),
            .. extra.Select(parameter => new TrainedTensor(parameter.Name, parameter.Value, parameter.Decay)),
        ];
}
