// Plain values in pickled structures, whatever they are wrapped in.

using System.Text;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Numbers, texts, short lists and groups of named values, out of Python's types, NumPy's, PyTorch's small tensors, enumerations,
/// OmegaConf's nodes and texts.</summary>
/// <param name="numbers">A small tensor's numbers; null where they cannot be had.</param>
internal sealed class PlainValues(Func<PickleTensor, object?> numbers)
{
    private const int Deepest = 8,
        LongestText = 1 << 20;

    // Values and characters that are looked at: a structure that names one part again and again is not looked through as often.
    private long left = 1 << 22;

    /// <summary>Of a structure without tensors.</summary>
    public static PlainValues WithoutTensors() => new(_ => null);

    /// <summary>A long, double, bool, text, or an array of these with at most <paramref name="most"/> items; null of anything
    /// else.</summary>
    public object? Value(object? value, int most) => Value(value, most, 0);

    private object? Value(object? value, int most, int depth)
    {
        switch (Unwrapped(value))
        {
            case string { Length: > 0 } text
                when text[0] is '[' or '(' && depth == 0 && Spend(text.Length) && LiteralText.Read(text) is { } read:
                return Value(read, most, depth + 1) ?? text;
            case long or double or bool or string:
                return Unwrapped(value);
            case PickleTuple tuple:
                return List(tuple.Items);
            case PickleList list:
                return List(list.Items);
            case PickleArray array when Spend(64):
                return array.Plain((int)Math.Min(most, left), Spend) is { } plain ? Flat(plain) : null;
            case PickleTensor tensor when Spend(64):
                return numbers(tensor) is { } held ? Flat(held) : null;
            // An enumeration's member is made of its value.
            case PickleObject { Attributes: null, Items: null, Arguments.Items: [string member] }:
                return member;
            default:
                return null;
        }

        object? List(IReadOnlyList<object?> items)
        {
            if (items.Count == 0 || items.Count > most || depth > 1 || !Spend(items.Count))
                return null;
            object?[] values = new object?[items.Count];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = Value(items[i], most, depth + 1);
                if (values[i] is not (long or double or string or bool))
                    return null;
            }
            return values;
        }

        static object? Flat(object held) => held is object?[] { Length: 0 } ? null : held;
    }

    /// <summary>Named values: of a dictionary, a Namespace, a config's node, a list of pairs, a command line, or a text that holds one of
    /// them. Null of anything else.</summary>
    public IReadOnlyList<(object? Key, object? Value)>? Group(object? value)
    {
        object? plain = Unwrapped(value);
        if (plain is string or PickleBytes)
        {
            if (SpentText(plain) is not { } text)
                return null;
            if (LiteralText.Recognises(text))
                return Group(LiteralText.Read(text) is { } read and not string ? read : null);
            string[] words = text.Length <= 1 << 16 ? text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) : [];
            return words.Length > 1 && CommandLineText.Recognises(words) ? CommandLineText.Read(words).Pairs : null;
        }
        if (plain is PickleDictionary or PickleObject)
        {
            (object? Key, object? Value)[] pairs = [.. PickleTree.Pairs(plain)];
            return Spend(pairs.Length) ? pairs : null;
        }
        IReadOnlyList<object?> items =
            plain is PickleList list ? list.Items
            : plain is PickleTuple tuple ? tuple.Items
            : [];
        if (items.Count == 0 || !Spend(items.Count))
            return null;
        if (items.All(item => item is string))
        {
            string[] words = [.. items.Cast<string>()];
            return CommandLineText.Recognises(words) ? CommandLineText.Read(words).Pairs : null;
        }
        return items.All(item => item is PickleTuple { Items: [string, _] })
            ? [.. items.Cast<PickleTuple>().Select(pair => (pair.Items[0], pair.Items[1]))]
            : null;
    }

    /// <summary>A text, also one that is long; null of anything else.</summary>
    public static string? Text(object? value) =>
        value switch
        {
            string text => text,
            PickleBytes { Part.Length: <= LongestText } bytes => Encoding.UTF8.GetString(bytes.Part.Span),
            _ => null,
        };

    /// <summary>A text as <see cref="Text"/> has it, whose length counts before it is decoded; null also where too much was looked at
    /// before.</summary>
    public string? SpentText(object? value) =>
        value switch
        {
            string text => Spend(text.Length) ? text : null,
            PickleBytes { Part.Length: <= LongestText } bytes => Spend(bytes.Part.Length) ? Text(bytes) : null,
            _ => null,
        };

    /// <summary>Counts what is looked at.</summary>
    /// <returns>Whether it still may be.</returns>
    public bool Spend(int cost) => (left -= cost) >= 0;

    // OmegaConf keeps a node's value beside its type and its parent.
    private static object? Unwrapped(object? value)
    {
        for (int i = 0; i < Deepest && value is PickleObject { Attributes: { } attributes }; i++)
        {
            bool node = attributes.Pairs.Any(pair => pair.Key is "_val"),
                container = attributes.Pairs.Any(pair => pair.Key is "_content");
            if (!node && !container)
                break;
            value = attributes[node ? "_val" : "_content"];
        }
        return value;
    }
}
