// A training script's command line, kept as text or as a list of words.

using System.Globalization;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Options by name: <c>--num-heads 4</c>, <c>--num-heads=4</c>, <c>model.num_heads=4</c>, <c>--mean 0.5 0.5 0.5</c>.</summary>
internal static class CommandLineText
{
    private const int MostWords = 4096;

    /// <summary>Whether words hold an option.</summary>
    public static bool Recognises(IReadOnlyList<string> words) =>
        words.Count is > 0 and <= MostWords && words.Any(word => IsOption(word) || IsAssignment(word));

    /// <summary>The options as a dictionary, values typed; words that belong to no option are left out.</summary>
    public static PickleDictionary Read(IReadOnlyList<string> words)
    {
        PickleDictionary options = new();
        for (int i = 0; i < words.Count; i++)
        {
            string word = words[i];
            if (!IsOption(word) && !IsAssignment(word))
                continue;
            string name = word.TrimStart('-');
            int equal = name.IndexOf('=', StringComparison.Ordinal);
            if (equal >= 0)
            {
                options.Add(Key(name[..equal]), Typed(name[(equal + 1)..]));
                continue;
            }
            List<object?> values = [];
            while (i + 1 < words.Count && !IsOption(words[i + 1]))
                values.Add(Typed(words[++i]));
            options.Add(
                Key(name),
                values.Count switch
                {
                    0 => true,
                    1 => values[0],
                    _ => new PickleTuple([.. values]),
                }
            );
        }
        return options;
    }

    private static string Key(string name) => name.Replace('-', '_');

    // A negative number is a value.
    private static bool IsOption(string word) => word.Length > 1 && word[0] == '-' && (word[1] == '-' || char.IsAsciiLetter(word[1]));

    private static bool IsAssignment(string word)
    {
        int equal = word.IndexOf('=', StringComparison.Ordinal);
        return equal > 0 && word[..equal].All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '.' or '+');
    }

    private static object? Typed(string word) =>
        word switch
        {
            "None" or "none" or "null" => null,
            "True" or "true" => true,
            "False" or "false" => false,
            _ when long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => whole,
            _ when double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => number,
            _ when LiteralText.Recognises(word) => LiteralText.Read(word) ?? word,
            _ => word,
        };
}
