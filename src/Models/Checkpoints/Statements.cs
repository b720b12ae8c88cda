// What files say of a model, field by field, with where they say it.

using System.Globalization;
using System.Text.Json;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>One value that a file states: a long, double, bool, text, or a list of them.</summary>
internal sealed record Statement(string Field, object Value, string Source, FactSource By);

/// <summary>A value with where it comes from.</summary>
internal readonly record struct Told<T>(T Value, string Source, FactSource By);

/// <summary>Statements in the order of trust: where a field is stated twice the first counts.</summary>
internal sealed class Statements(IReadOnlyList<Statement> all)
{
    private const int MostItems = 64;

    public static Statements None { get; } = new([]);

    /// <summary>Each statement of a field, under any of its names.</summary>
    public IEnumerable<Statement> Of(params IEnumerable<string> fields) =>
        fields.SelectMany(field => all.Where(statement => statement.Field == field)).OrderBy(statement => statement.By);

    /// <summary>These, then others.</summary>
    public Statements Then(Statements others) => new([.. all, .. others.All]);

    private IReadOnlyList<Statement> All => all;

    public Told<int>? Int(params IEnumerable<string> fields) => First<int>(fields, Whole);

    /// <summary>A whole number however it is written; null of anything else.</summary>
    public static int? Whole(object value) =>
        value switch
        {
            long number and >= int.MinValue and <= int.MaxValue => (int)number,
            // As loggers and command lines leave whole numbers.
            double whole and >= int.MinValue and <= int.MaxValue when whole == Math.Floor(whole) => (int)whole,
            string text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int read) => read,
            _ => null,
        };

    public Told<double>? Number(params IEnumerable<string> fields) => First<double>(fields, value => value switch
            {
                long whole => whole,
                double number => number,
                string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double read) => read,
                _ => null,
            });

    public Told<bool>? Flag(params IEnumerable<string> fields) => First(fields, value => value as bool?);

    public Told<string>? Text(params IEnumerable<string> fields)
    {
        foreach (Statement statement in Of(fields))
        {
            if (statement.Value is string { Length: > 0 } text)
                return new(text, statement.Source, statement.By);
        }
        return null;
    }

    public Told<float[]>? Three(params IEnumerable<string> fields)
    {
        foreach (Statement statement in Of(fields))
        {
            // An argument of one number may be another thing's: std is also that of first weights.
            object[] list =
                statement.Value is object[] several ? several
                : statement.By == FactSource.Config || statement.Value is string ? [statement.Value]
                : [];
            float[]? values =
                list.Length is 1 or 3 && list.All(item => item is long or double)
                    ? [.. list.Select(item => Convert.ToSingle(item, CultureInfo.InvariantCulture))]
                : list is [string text] ? Numbers(text)
                : null;
            if (values is not null)
                return new(values.Length == 1 ? [values[0], values[0], values[0]] : values, statement.Source, statement.By);
        }
        return null;
    }

    /// <summary>A side, or height and width: <c>224</c>, <c>[224, 224]</c>, <c>[3, 224, 224]</c>, <c>{"height": 224, "width":
    /// 224}</c>.</summary>
    public Told<(int Height, int Width)>? Size(params IEnumerable<string> fields)
    {
        foreach (Statement statement in Of(fields))
        {
            (int, int)? size = statement.Value switch
            {
                long side and > 0 and <= int.MaxValue => ((int)side, (int)side),
                double side and > 0 and <= int.MaxValue when side == Math.Floor(side) => ((int)side, (int)side),
                string text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int side) && side > 0 => (
                    side,
                    side
                ),
                object[] { Length: 1 } list when list[0] is long side and > 0 and <= int.MaxValue => ((int)side, (int)side),
                object[] { Length: 2 or 3 } list
                    when list[^2] is long height and > 0 and <= int.MaxValue && list[^1] is long width and > 0 and <= int.MaxValue => (
                    (int)height,
                    (int)width
                ),
                _ => null,
            };
            if (size is { } pair)
                return new(pair, statement.Source, statement.By);
            if (statement.By == FactSource.Config)
                throw Unusable(statement);
        }
        return null;
    }

    /// <summary>What a config file states, its fields flat: of <c>model_args</c>, then of <c>vision_config</c>, then its own; those of
    /// <c>pretrained_cfg</c> under that name.</summary>
    public static Statements OfConfig(JsonFile? config)
    {
        if (config is null)
            return None;
        List<Statement> stated = [];
        bool towers = config.Find("vision_config") is not null;
        foreach (string under in new[] { "model_args", "vision_config", "", "pretrained_cfg" })
        {
            JsonElement? group = under.Length == 0 ? config.Root : config.Find(under);
            if (group is not { ValueKind: JsonValueKind.Object } fields)
                continue;
            foreach (JsonProperty pair in fields.EnumerateObject())
            {
                // The text tower's and the generic fields of a pair of towers are none of the vision tower's.
                if (towers && under.Length == 0 && pair.Name is "hidden_size" or "projection_dim")
                    continue;
                string path = under.Length == 0 ? pair.Name : $"{under}.{pair.Name}";
                if (Value(pair.Value) is { } value)
                    stated.Add(
                        new(under == "pretrained_cfg" ? path : pair.Name, value, $"{Shown.Of(path)} of '{config.Path}'", FactSource.Config)
                    );
            }
        }
        return new(stated);
    }

    public ModelException Unusable(Statement statement) => new($"{statement.Source} is {Show(statement.Value)}, which cannot be used");

    public static string Show(object value) =>
        Shown.Of(
            value switch
            {
                object[] list => $"[{string.Join(", ", list.Select(Show))}]",
                bool flag => flag ? "true" : "false",
                string text => $"'{text}'",
                _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
            }
        );

    // "0.5 0.5 0.5" and "0.5,0.5,0.5", as command lines have them.
    private static float[]? Numbers(string text)
    {
        string[] words = text.Split([' ', ',', ';'], StringSplitOptions.RemoveEmptyEntries);
        float[] values = new float[words.Length];
        for (int i = 0; i < words.Length; i++)
        {
            if (!float.TryParse(words[i], NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]))
                return null;
        }
        return values.Length is 1 or 3 ? values : null;
    }

    private Told<T>? First<T>(IEnumerable<string> fields, Func<object, T?> read)
        where T : struct
    {
        foreach (Statement statement in Of(fields))
        {
            if (read(statement.Value) is { } value)
                return new(value, statement.Source, statement.By);
            // What a config file says is meant for us; an argument of the same name may be anything.
            if (statement.By == FactSource.Config)
                throw Unusable(statement);
        }
        return null;
    }

    private static object? Value(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.String => element.GetString(),
            JsonValueKind.Number => element.TryGetInt64(out long whole) ? (object)whole : element.GetDouble(),
            JsonValueKind.Array
                when element.GetArrayLength() <= MostItems
                    && element.EnumerateArray().Select(Value).ToArray() is var items
                    && items.All(item => item is not null) => items,
            JsonValueKind.Object
                when element.TryGetProperty("height", out JsonElement height)
                    && element.TryGetProperty("width", out JsonElement width)
                    && Value(height) is { } h
                    && Value(width) is { } w => new[] { h, w },
            _ => null,
        };
}
