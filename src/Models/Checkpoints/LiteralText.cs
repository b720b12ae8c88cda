// Values that scripts save as text: JSON, Python's literals, the text of a Namespace.

using System.Globalization;
using System.Text;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads one value. Of <c>Name(a=1)</c> the arguments are kept as a dictionary; words that are no literal are kept as
/// placeholders.
/// Nothing is evaluated.</summary>
internal sealed class LiteralText
{
    private const int Longest = 1 << 20,
        Deepest = 16;

    private readonly string text;
    private int at;

    private LiteralText(string text) => this.text = text;

    /// <summary>Whether a text is meant as a dictionary, a list or a Namespace.</summary>
    public static bool Recognises(string text)
    {
        ReadOnlySpan<char> start = text.AsSpan().TrimStart();
        if (start.Length == 0)
            return false;
        if (start[0] is '{' or '[' or '(')
            return true;
        int word = 0;
        while (word < start.Length && (char.IsAsciiLetterOrDigit(start[word]) || start[word] is '_' or '.'))
            word++;
        return word > 0 && word < start.Length && start[word] == '(' && text.AsSpan().TrimEnd()[^1] == ')';
    }

    /// <summary>The value, made of what pickles are made of; null where the text is none.</summary>
    public static object? Read(string text)
    {
        if (text.Length > Longest)
            return null;
        LiteralText reader = new(text);
        try
        {
            object? value = reader.Value(0);
            reader.Space();
            return reader.at == text.Length ? value : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private object? Value(int depth)
    {
        if (depth > Deepest)
            throw new FormatException();
        Space();
        char first = Peek();
        switch (first)
        {
            case '{':
                return Dictionary(depth);
            case '[':
                PickleList list = new();
                list.Add(Items(']', depth));
                return list;
            case '(':
                return Bracketed(depth);
            case '\'' or '"':
                return Quoted();
            // The text of an object: <InterpolationMode.BICUBIC: 'bicubic'>.
            case '<':
                int end = text.IndexOf('>', at);
                if (end < 0)
                    throw new FormatException();
                at = end + 1;
                return new PickleObject("an object");
            default:
                return char.IsAsciiLetterOrDigit(first) || first is '_' or '-' or '+' or '.' ? Word(depth) : throw new FormatException();
        }
    }

    // One value in brackets is that value.
    private object? Bracketed(int depth)
    {
        int start = at;
        object?[] items = Items(')', depth);
        return items.Length == 1 && !text.AsSpan(start, at - start - 1).TrimEnd().EndsWith(",") ? items[0] : new PickleTuple(items);
    }

    private PickleDictionary Dictionary(int depth)
    {
        PickleDictionary dictionary = new();
        at++;
        while (!Ends('}'))
        {
            object? key = Value(depth + 1);
            Space();
            Expect(':');
            dictionary.Add(key, Value(depth + 1));
            Separate('}');
        }
        return dictionary;
    }

    private object?[] Items(char close, int depth)
    {
        List<object?> items = [];
        at++;
        while (!Ends(close))
        {
            items.Add(Value(depth + 1));
            Separate(close);
        }
        return [.. items];
    }

    private object? Word(int depth)
    {
        int start = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '_' or '.' or '-' or '+'))
            at++;
        string word = text[start..at];
        if (at < text.Length && text[at] == '(')
            return Call(word, depth);
        return word switch
        {
            "None" or "null" => null,
            "True" or "true" => true,
            "False" or "false" => false,
            _ when long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => whole,
            _ when double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => number,
            _ => new PickleObject(word),
        };
    }

    private PickleObject Call(string name, int depth)
    {
        PickleDictionary named = new();
        List<object?> plain = [];
        at++;
        while (!Ends(')'))
        {
            int start = at;
            while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
                at++;
            if (at > start && at < text.Length && text[at] == '=')
            {
                string key = text[start..at++];
                named.Add(key, Value(depth + 1));
            }
            else
            {
                at = start;
                plain.Add(Value(depth + 1));
            }
            Separate(')');
        }
        return named.Pairs.Count > 0
            ? new PickleObject(name) { Attributes = named }
            : new PickleObject(name) { Arguments = new PickleTuple([.. plain]) };
    }

    private string Quoted()
    {
        char quote = text[at++];
        StringBuilder value = new();
        while (Peek() != quote)
        {
            char next = text[at++];
            if (next != '\\')
            {
                value.Append(next);
                continue;
            }
            char escaped = Peek();
            at++;
            value.Append(
                escaped switch
                {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'u' => Code(4),
                    'x' => Code(2),
                    _ => escaped,
                }
            );
        }
        at++;
        return value.ToString();
    }

    private char Code(int digits)
    {
        if (
            at + digits > text.Length
            || !ushort.TryParse(text.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code)
        )
            throw new FormatException();
        at += digits;
        return (char)code;
    }

    private bool Ends(char close)
    {
        Space();
        if (Peek() != close)
            return false;
        at++;
        return true;
    }

    private void Separate(char close)
    {
        Space();
        if (Peek() == ',')
            at++;
        else if (Peek() != close)
            throw new FormatException();
    }

    private void Expect(char wanted)
    {
        if (Peek() != wanted)
            throw new FormatException();
        at++;
    }

    private char Peek() => at < text.Length ? text[at] : throw new FormatException();

    private void Space()
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
            at++;
    }
}
