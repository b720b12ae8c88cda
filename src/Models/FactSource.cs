// Where a value of a loaded model comes from.

namespace DataFreeKD.Models;

/// <summary>Where a value of a loaded model comes from, the surest first.</summary>
internal enum FactSource
{
    /// <summary>The tensors' names and shapes.</summary>
    Tensors,

    /// <summary>An option of the user's.</summary>
    Option,

    /// <summary>A config file beside the weights.</summary>
    Config,

    /// <summary>Training arguments in the checkpoint.</summary>
    Arguments,

    /// <summary>The architecture's name, or its family's usual values.</summary>
    Registry,

    /// <summary>Nothing: what is usual was taken.</summary>
    Assumed,
}

/// <summary>One value of a loaded model that decides its figures, and where it comes from.</summary>
/// <param name="Field">What it is: <c>heads</c>, <c>activation</c>, ...</param>
/// <param name="Value">The value, as text.</param>
/// <param name="By">The kind of source.</param>
/// <param name="Source">The source in words: <c>model_args.num_heads of 'config.json'</c>.</param>
internal sealed record ModelFact(string Field, string Value, FactSource By, string Source)
{
    /// <summary>One line on what nothing tells and was therefore assumed; null where all is told.</summary>
    public static string? Assumed(IReadOnlyList<ModelFact> facts)
    {
        ModelFact[] assumed = [.. facts.Where(fact => fact.By == FactSource.Assumed)];
        return assumed.Length == 0
            ? null
            : $"assumed, since the checkpoint does not tell: {string.Join(", ", assumed.Select(fact => $"{fact.Field} {fact.Value}"))}";
    }
}
