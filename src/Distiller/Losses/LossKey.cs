// One parameter of a loss in a recipe: its name, its default, and what it may hold.

using System.Globalization;

namespace DataFreeKD.Distiller.Losses;

/// <summary>A <c>key=value</c> of a recipe's term.</summary>
public sealed class LossKey
{
    private readonly Func<string, string?> canonical;

    private LossKey(string name, string otherwise, string allowed, string meaning, Func<string, string?> canonical)
    {
        (Name, Allowed, Meaning, this.canonical) = (name, allowed, meaning, canonical);
        Default = canonical(otherwise)
            ?? throw new ArgumentException(
                $"{name}: the default {otherwise} is not allowed by its own rule ({allowed})",
                nameof(otherwise)
            );
    }

    /// <summary>Name in the recipe.</summary>
    public string Name { get; }

    /// <summary>Value where the recipe does not say.</summary>
    public string Default { get; }

    /// <summary>What it may hold, in words.</summary>
    public string Allowed { get; }

    /// <summary>What it does, in words.</summary>
    public string Meaning { get; }

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>; <paramref name="open"/> leaves the least out.</summary>
    public static LossKey Number(
        string name,
        double otherwise,
        string meaning,
        double least = 0,
        double most = double.PositiveInfinity,
        bool open = false
    ) =>
        new(name, Text(otherwise), Range(least, most, open), meaning, text =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value)
            && value <= most
            && (open ? value > least : value >= least)
                ? Text(value)
                : null
        );

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static LossKey Whole(string name, int otherwise, string meaning, int least = 1, int most = int.MaxValue) =>
        new(
            name,
            Text(otherwise),
            "a whole number, " + Range(least, most == int.MaxValue ? double.PositiveInfinity : most, open: false),
            meaning,
            text =>
                int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
                && value >= least
                && value <= most
                    ? Text(value)
                    : null
        );

    /// <summary>One of a few words; the first is the default.</summary>
    public static LossKey Choice(string name, string meaning, params string[] words) =>
        new(name, words[0], string.Join(" or ", words), meaning, text => words.Contains(text, StringComparer.Ordinal) ? text : null);

    /// <summary>One of a few words, the first being the default, or a whole number from 1.</summary>
    public static LossKey WordOrWhole(string name, string meaning, params string[] words) =>
        new(name, words[0], $"{string.Join(" or ", words)} or a whole number from 1", meaning, text => words.Contains(
                text,
                StringComparer.Ordinal
            )
                ? text
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= 1 ? Text(value)
            : null);

    /// <summary>0 (off, the default) or 1.</summary>
    public static LossKey Switch(string name, string meaning) => Choice(name, meaning, "0", "1");

    /// <summary>The value as it is printed; null where it may not be held.</summary>
    public string? Canonical(string text) => canonical(text);

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Range(double least, double most, bool open) =>
        (open, double.IsPositiveInfinity(most)) switch
        {
            (true, true) => $"above {Text(least)}",
            (false, true) => $"{Text(least)} or more",
            (true, false) => $"above {Text(least)}, up to {Text(most)}",
            (false, false) => $"{Text(least)} to {Text(most)}",
        };
}
