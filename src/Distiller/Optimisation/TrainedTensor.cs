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
    /// <summary>A model's parameters followed by the losses' own. Biases, norms, scales (all of one dimension), position embedding and prefix tokens are not decayed.</summary>
    public static IReadOnlyList<TrainedTensor> Of(VisionTransformer model, IEnumerable<LossParameter> extra) =>
    [
        .. model.StateDict().Select(pair => new TrainedTensor(pair.Key, pair.Value.requires_grad_(true), Decays(pair.Key, pair.Value))),
        .. extra.Select(parameter => new TrainedTensor(parameter.Name, parameter.Value, parameter.Decay)),
    ];

    private static bool Decays(string name, torch.Tensor value) =>
        value.dim() > 1 && name is not ("pos_embed" or "cls_token" or "dist_token" or "reg_token");
}
