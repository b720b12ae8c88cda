// Every loss of a distillation, a line each.

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

internal static class LossCatalogue
{
    /// <summary>The terms with a weight above 0.</summary>
    public static IReadOnlyList<LossTerm> Build(DistillOptions options, ModelPair pair, torch.Device device)
    {
        List<LossTerm> terms = [];
        if (options.Kd > 0) terms.Add(new KnowledgeDistillation(options.Kd, options.Temperature, clsHeadOnly: options.HardToken > 0));
        if (options.Probe > 0) terms.Add(new ProbeDistillation(options.Probe, options.ProbeVariant, pair));
        if (options.Hidden > 0) terms.Add(new HiddenStates(options.Hidden, pair, options.Seed, device));
        if (options.HardToken > 0) terms.Add(new HardToken(options.HardToken, pair));
        if (options.NoiseAdaptation > 0) terms.Add(new NoiseAdaptation(options.NoiseAdaptation, pair.StudentShape.Classes, options.TeacherAccuracy, device));
        return terms;
    }
}
