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
    private const int Deepest = 3,
        MostItems = 16;

    // Where training scripts keep their options.
    private static readonly string[] Arguments =
    [
        "args",
        "opt",
        "hyper_parameters",
        "hparams",
        "hyperparameters",
        "config",
        "cfg",
        "model_args",
        "model_kwargs",
        "model_config",
        "train_args",
    ];

    // Options of another network than the one that is read.
    private static readonly string[] Others =
    [
        "teacher",
        "student",
        "optim",
        "optimizer",
        "decoder",
        "text",
        "text_config",
        "aug",
        "scheduler",
    ];

    public static Statements None { get; } = new([]);

    /// <summary>Each statement of a field, under any of its names.</summary>
    public IEnumerable<Statement> Of(params IEnumerable<string> fields) =>
        fields.SelectMany(field => all.Where(statement => statement.Field == field)).OrderBy(statement => statement.By);

    /// <summary>These, then others.</summary>
    public Statements Then(Statements others) => new([.. all, .. others.All]);

    private IReadOnlyList<Statement> All => all;

    public Told<int>? Int(params IEnumerable<string> fields) => First<int>(fields, value => value switch
            {
                long number and >= int.MinValue and <= int.MaxValue => (int)number,
                // As loggers and command lines leave whole numbers.
                double whole and >= int.MinValue and <= int.MaxValue when whole == Math.Floor(whole) => (int)whole,
                string text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int read) => read,
                _ => null,
            });

    public Told<double>? Number(params IEnumerable<string> fields) =>
        First<double>(fields, value => value is long whole ? whole : value as double?);

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
            if (statement.Value is object[] { Length: 1 or 3 } list && list.All(item => item is long or double))
            {
                float[] values = [.. list.Select(item => Convert.ToSingle(item, CultureInfo.InvariantCulture))];
                return new(values.Length == 1 ? [values[0], values[0], values[0]] : values, statement.Source, statement.By);
            }
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

    /// <summary>What a checkpoint's training arguments state, and the name of its architecture.</summary>
    public static Statements OfCheckpoint(string path, object? root)
    {
        List<Statement> stated = [];
        foreach ((object? key, object? value) in PickleTree.Pairs(root))
        {
            if (key is not string name)
                continue;
            if (name is "arch" or "architecture" or "model_name" or "model" && value is string architecture)
                stated.Add(new("architecture", architecture, $"{name} of '{path}'", FactSource.Arguments));
            else if (Arguments.Contains(name))
                Gather(value, name, 0);
        }
        return new(stated);

        void Gather(object? group, string under, int depth)
        {
            foreach ((object? key, object? value) in PickleTree.Pairs(group))
            {
                if (key is not string name || stated.Count >= 4096)
                    continue;
                string field = name.ToLowerInvariant();
                if (field is "model" or "arch" or "model_name" && value is string)
                    field = "architecture";
                // What the constructor was called with is of this network and no other.
                FactSource by = under.EndsWith("model_kwargs", StringComparison.OrdinalIgnoreCase)
                    ? FactSource.Config
                    : FactSource.Arguments;
                if (Value(value) is { } plain)
                    stated.Add(new(field, plain, $"{Shown.Of(under)}.{Shown.Of(name)} of '{path}'", by));
                else if (depth < Deepest && !Others.Contains(field) && value is PickleDictionary or PickleObject)
                    Gather(value, $"{under}.{name}", depth + 1);
            }
        }
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

    private static object? Value(object? value) =>
        value switch
        {
            long or double or bool or string => value,
            PickleTuple { Items.Length: > 0 and <= MostItems } tuple when tuple.Items.All(item => item is long or double or string) =>
                tuple.Items,
            PickleList { Items.Count: > 0 and <= MostItems } list when list.Items.All(item => item is long or double or string) =>
                list.Items.ToArray(),
            // An enumeration's member is made of its value.
            PickleObject { Attributes: null, Items: null, Arguments.Items: [string member] } => member,
            _ => null,
        };
}
