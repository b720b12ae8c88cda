// The sum of losses that a student learns by, as one line of text.

namespace DataFreeKD.Distiller.Losses;

/// <summary>A validated recipe: <c>kd:T=4+probe:variant=official*0.8</c>.</summary>
/// <remarks>Terms are joined by <c>+</c>, each <c>name[:key=value[,key=value…]][*weight]</c>, numbers in invariant culture. A bare number
/// among the parameters is the weight too (<c>probe:0.8</c>). <c>preset:name[*weight]</c> stands for the terms of a preset
/// (<see cref="RecipePresets"/>).</remarks>
public sealed class Recipe
{
    internal Recipe(IReadOnlyList<RecipeTerm> terms, IReadOnlyList<string> presets) => (Terms, Presets) = (terms, presets);

    /// <summary>Distillation of the outputs alone.</summary>
    public static Recipe Default { get; } = Parse("kd");

    /// <summary>The terms, in the order written.</summary>
    public IReadOnlyList<RecipeTerm> Terms { get; }

    /// <summary>Names of the presets that stood in the text (<see cref="RecipePresets"/>), in order.</summary>
    public IReadOnlyList<string> Presets { get; }

    /// <summary>A recipe made in code, of terms that <see cref="LossEntry.Term"/> gives.</summary>
    /// <exception cref="DistillException">There is no term.</exception>
    public static Recipe From(params ReadOnlySpan<RecipeTerm> terms)
    {
        if (terms.Length == 0)
            throw new DistillException("a recipe needs one loss or more");
        List<RecipeTerm> labelled = [];
        foreach (RecipeTerm term in terms)
            labelled.Add(term with { Label = LabelOf(term.Entry, labelled) });
        return new Recipe(labelled, []);
    }

    /// <summary>A term's name in metrics, after the terms before it.</summary>
    internal static string LabelOf(LossEntry entry, IReadOnlyCollection<RecipeTerm> before)
    {
        int same = before.Count(term => term.Entry == entry);
        return same == 0 ? entry.Name : $"{entry.Name}_{same + 1}";
    }

    /// <summary>Reads a recipe.</summary>
    /// <exception cref="DistillException">Names the position, what is wrong there and what would be right.</exception>
    public static Recipe Parse(string text) => new RecipeParser(text).Parse();

    /// <summary>The recipe with every parameter resolved; <see cref="Parse"/> reads it back.</summary>
    public override string ToString() => string.Join('+', Terms);
}
