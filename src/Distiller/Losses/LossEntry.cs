// What the catalogue knows of a loss, and what a loss is built from.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>A loss by name: what it computes, whose it is, what it may be told and how it is built.</summary>
public sealed record LossEntry
{
    /// <summary>Name in recipes and metrics.</summary>
    public required string Name { get; init; }

    /// <summary>The equation in one line, with its reduction.</summary>
    public required string Equation { get; init; }

    /// <summary>The paper.</summary>
    public required string Source { get; init; }

    /// <summary>What it asks of the models; empty for nothing.</summary>
    public string Needs { get; init; } = "";

    /// <summary>What a recipe may set.</summary>
    public IReadOnlyList<LossKey> Keys { get; init; } = [];

    /// <summary>Whether a term reads no more of the teacher than its probabilities at temperature 1, or the decision: what a cache of the
    /// most probable classes still tells rightly.</summary>
    public Func<RecipeTerm, bool> ReadsPlainProbabilities { get; init; } = _ => false;

    /// <summary>Whether a term compares the images of a batch with each other, so that it is no mean over images.</summary>
    internal Func<RecipeTerm, bool> ComparesImages { get; init; } = _ => false;

    /// <summary>Builds the loss for a pair of models.</summary>
    public required Func<RecipeTerm, LossContext, LossTerm> Build { get; init; }

    /// <summary>A term of a recipe that is made in code (<see cref="Recipe.From"/>).</summary>
    /// <param name="weight">Weight in the total, above 0.</param>
    /// <param name="values">Parameters that are not to have their defaults.</param>
    /// <exception cref="DistillException">A parameter that the loss does not have, or a value that it may not hold.</exception>
    public RecipeTerm Term(double weight = 1, params ReadOnlySpan<(string Key, string Value)> values)
    {
        if (!(weight > 0) || !double.IsFinite(weight))
            throw new DistillException(FormattableString.Invariant($"{Name}: the weight is {weight}: must be above 0"));
        OrderedDictionary<string, string> all = Defaults();
        foreach ((string name, string value) in values)
        {
            LossKey key = KeyOf(name) ?? throw new DistillException(Unknown(name));
            all[name] = key.Canonical(value) ?? throw new DistillException(NotAllowed(key, value));
        }
        return new RecipeTerm(this, Name, weight, all);
    }

    /// <summary>Every parameter with its default.</summary>
    internal OrderedDictionary<string, string> Defaults()
    {
        OrderedDictionary<string, string> all = [];
        foreach (LossKey key in Keys)
            all.Add(key.Name, key.Default);
        return all;
    }

    /// <summary>A parameter by name, the choice of a teacher among them; null where there is none.</summary>
    internal LossKey? KeyOf(string name) => Keys.Append(TeacherChoice.Key).FirstOrDefault(known => known.Name == name);

    /// <summary>The parameters in words.</summary>
    internal string KeysInWords =>
        Keys.Count == 0
            ? $"{Name} has no parameters but {TeacherChoice.Key.Name}"
            : $"known: {string.Join(", ", Keys.Append(TeacherChoice.Key).Select(key => key.Name))}";

    /// <summary>What to say of a parameter that the loss does not have.</summary>
    internal string Unknown(string name) => $"'{name}' is no parameter of {Name}; {KeysInWords}";

    /// <summary>What to say of a value that a parameter may not hold.</summary>
    internal string NotAllowed(LossKey key, string value) => $"{Name}:{key.Name} is '{value}': must be {key.Allowed}";
}

/// <summary>Both models' shapes, for losses that match layers.</summary>
/// <param name="TeacherShape">The teacher's architecture.</param>
/// <param name="StudentShape">The student's architecture.</param>
internal sealed record ModelPair(ModelConfig TeacherShape, ModelConfig StudentShape)
{
    /// <summary>The teacher's architecture, for losses that read tokens.</summary>
    /// <exception cref="DistillException">It is no Vision Transformer.</exception>
    public VitConfig Teacher => WithTokens(TeacherShape, "teacher");

    /// <summary>The student's architecture, for losses that read tokens.</summary>
    /// <exception cref="DistillException">It is no Vision Transformer.</exception>
    public VitConfig Student => WithTokens(StudentShape, "student");

    private static VitConfig WithTokens(ModelConfig shape, string role) =>
        shape as VitConfig
        ?? throw new DistillException(
            $"the {role} {shape.Name} has no tokens, which a loss chosen here matches; use losses of logits alone (kd), or a Vision Transformer on both sides"
        );
}

/// <summary>What a loss is built for.</summary>
public sealed record LossContext
{
    internal LossContext(ModelPair pair, long seed, torch.Device device) => (Pair, Seed, Device) = (pair, seed, device);

    /// <summary>The teacher's architecture.</summary>
    public ModelConfig Teacher => Pair.TeacherShape;

    /// <summary>The student's architecture.</summary>
    public ModelConfig Student => Pair.StudentShape;

    /// <summary>Seed of its learned tensors and of what it draws in training.</summary>
    public long Seed { get; }

    /// <summary>Where it computes.</summary>
    public torch.Device Device { get; }

    /// <summary>Both architectures, for losses that read tokens of both.</summary>
    internal ModelPair Pair { get; }

    /// <summary>Type of its learned tensors: float64 for checks of gradients.</summary>
    public torch.ScalarType Type { get; init; } = torch.ScalarType.Float32;
}
