// Every loss of a distillation, a line each.

namespace DataFreeKD.Distiller.Losses;

/// <summary>The losses that a recipe may name.</summary>
public static class LossCatalogue
{
    /// <summary>In the order of the help: outputs, features, relations, one to all.</summary>
    public static IReadOnlyList<LossEntry> All { get; } =
    [
        KnowledgeDistillation.Entry,
        HardDecision.Entry,
        DecoupledDistillation.Entry,
        CorrelationDistillation.Entry,
        NoiseAdaptation.Entry,
        HiddenStates.Entry,
        ProbeDistillation.Entry,
        AttentionTransfer.Entry,
        RelationTransfer.Entry,
        VitFeatureDistillation.Entry,
        RelationalDistillation.Entry,
        ManifoldDistillation.Entry,
        TargetAwareTransformer.Entry,
    ];

    /// <summary>A loss by name; null where there is none.</summary>
    public static LossEntry? Find(string name) => All.FirstOrDefault(entry => entry.Name == name);

    /// <summary>The terms of a recipe for a pair of models.</summary>
    /// <exception cref="DistillException">A loss that does not fit the models, with the cure.</exception>
    public static IReadOnlyList<LossTerm> Build(Recipe recipe, LossContext context) => [.. recipe.Terms.Select(term => term.Entry.Build(term, context))];
}
