// Every loss of a distillation, a line each.

namespace DataFreeKD.Distiller.Losses;

/// <summary>The losses that a recipe may name.</summary>
public static class LossCatalogue
{
    private static readonly Catalogue<LossEntry> Entries = new(
        "loss",
        entry => entry.Name,
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
        TargetAwareTransformer.Entry
    );

    /// <summary>In the order of the help: outputs, features, relations, one to all; then those registered.</summary>
    public static IReadOnlyList<LossEntry> All => Entries.All;

    /// <summary>Adds a loss of your own, which recipes may then name.</summary>
    /// <param name="entry">The loss; its name must be new.</param>
    /// <exception cref="ArgumentException">The name is taken, or cannot stand in a recipe.</exception>
    public static void Register(LossEntry entry) => Entries.Register(entry);

    /// <summary>A loss by name; null where there is none.</summary>
    public static LossEntry? Find(string name) => All.FirstOrDefault(entry => entry.Name == name);

    /// <summary>The terms of a recipe for a pair of models.</summary>
    /// <exception cref="DistillException">A loss that does not fit the models, with the cure.</exception>
    public static IReadOnlyList<LossTerm> Build(Recipe recipe, LossContext context) =>
        [.. recipe.Terms.Select(term => term.Entry.Build(term, context))];
}
