// What a cache of the most probable classes does not tell as a recipe asks.

using System.Globalization;
using DataFreeKD.Distiller.Losses;

namespace DataFreeKD.Distiller.Caching;

/// <summary>A cache keeps K of C probabilities and spreads the rest evenly: right at temperature 1 to within that rest, and an invention at
/// any other, where the even rest weighs more (T above 1) than anything the teacher said.</summary>
internal static class CacheNotes
{
    /// <summary>Output matching that the cache can answer.</summary>
    public static Recipe OutputRecipe(CacheHeader header) => header.TopK < header.Classes ? Recipe.Parse("kd:T=1") : Recipe.Default;

    /// <summary>One line for each term that reads more than the cache tells.</summary>
    public static IReadOnlyList<string> Of(CacheHeader header, Recipe recipe)
    {
        if (header.TopK >= header.Classes)
            return [];
        return
        [
            .. recipe
                .Terms.Where(term => !term.Entry.ReadsPlainProbabilities(term))
                .Select(term =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{term.Label} reads the teacher's logits, or its probabilities at another temperature than 1, and the cache keeps {header.TopK} of {header.Classes} classes with the rest spread evenly: what it learns there is not the teacher's; use T=1 where the loss has it (kd:T=1), or a cache of all classes (`dfkd cache --top-k {header.Classes}`)"
                    )
                ),
        ];
    }
}
