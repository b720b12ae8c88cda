// One term of a recipe: which loss, with which parameters and weight.

using System.Globalization;

namespace DataFreeKD.Distiller.Losses;

/// <summary>A loss as a recipe asks for it, every parameter resolved.</summary>
/// <param name="Entry">The loss.</param>
/// <param name="Label">Its name in metrics: the loss's own, with a number from the second of its kind on.</param>
/// <param name="Weight">Weight in the total, above 0.</param>
/// <param name="Values">Every parameter by name, in the entry's order, as printed; <c>teacher</c> last and only where it was given.</param>
public sealed record RecipeTerm(LossEntry Entry, string Label, double Weight, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>A number.</summary>
    public double Number(string key) => double.Parse(Values[key], CultureInfo.InvariantCulture);

    /// <summary>A whole number.</summary>
    public int Whole(string key) => int.Parse(Values[key], CultureInfo.InvariantCulture);

    /// <summary>Whether a switch is on.</summary>
    public bool On(string key) => Values[key] == "1";

    /// <summary>A word.</summary>
    public string Word(string key) => Values[key];

    /// <summary><c>name:key=value,…*weight</c> with every parameter; a weight of 1 is left out.</summary>
    public override string ToString()
    {
        string keys = string.Join(',', Values.Select(pair => $"{pair.Key}={pair.Value}"));
        return $"{Entry.Name}{(keys.Length > 0 ? ":" : "")}{keys}{(Weight == 1 ? "" : "*" + Weight.ToString("R", CultureInfo.InvariantCulture))}";
    }
}
