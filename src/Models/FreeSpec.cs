// The grammar of free model specs: family:key=value,key=value.

using System.Globalization;

namespace DataFreeKD.Models;

/// <summary>The free specs of one family.</summary>
internal abstract class FreeSpec
{
    /// <summary>Every family's grammar by its prefix.</summary>
    public static IReadOnlyDictionary<string, FreeSpec> All { get; } =
        new[] { VitSpec.Grammar, ResNetSpec.ResNet, ResNetSpec.RedNet, TinyVitSpec.Grammar }.ToDictionary(
            grammar => grammar.Family,
            StringComparer.Ordinal
        );

    /// <summary>What stands before the colon.</summary>
    public required string Family { get; init; }

    /// <summary>A spec that works, for messages.</summary>
    public required string Example { get; init; }

    /// <summary>Keys that a spec without a registered name must give.</summary>
    public required IReadOnlyList<string> Required { get; init; }

    /// <summary>The grammar for overrides of a registered shape.</summary>
    public static FreeSpec Of(ModelConfig config) => All.Values.First(grammar => grammar.Fits(config));

    /// <summary>The shape of a free spec, every required key given.</summary>
    public abstract ModelConfig Parse(string spec, string options);

    /// <summary>A registered shape with overrides.</summary>
    public abstract ModelConfig Override(string spec, string options, ModelConfig start);

    protected abstract bool Fits(ModelConfig config);

    /// <summary>A number without sign, such as 12.</summary>
    public static int Whole(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw new FormatException("number");

    /// <summary>A number such as 2.5.</summary>
    public static double Number(string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number
            : throw new FormatException("number");

    /// <summary>1, 0, true or false.</summary>
    public static bool Flag(string value) =>
        value switch
        {
            "1" => true,
            "0" => false,
            _ => bool.TryParse(value, out bool flag) ? flag : throw new FormatException("true or false"),
        };
}

/// <summary>The keys of a family and what each changes.</summary>
/// <param name="start">What the keys of a free spec change.</param>
/// <param name="keys">Applied in this order, wherever they stand in the text.</param>
internal sealed class FreeSpec<TConfig>(TConfig start, params (string Key, Func<TConfig, string, TConfig> Set)[] keys) : FreeSpec
    where TConfig : ModelConfig
{
    public override ModelConfig Parse(string spec, string options)
    {
        Dictionary<string, string> given = Split(spec, options);
        string[] missing = [.. Required.Where(key => !given.ContainsKey(key))];
        if (missing.Length > 0)
            throw new ModelException($"'{spec}' does not give {string.Join(", ", missing)} (example: {Example})");
        return Apply(spec, given, start);
    }

    public override ModelConfig Override(string spec, string options, ModelConfig start) =>
        Apply(spec, Split(spec, options), (TConfig)start);

    protected override bool Fits(ModelConfig config) => config is TConfig;

    private Dictionary<string, string> Split(string spec, string options)
    {
        Dictionary<string, string> given = new(StringComparer.Ordinal);
        foreach (string item in options.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = item.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? item : item[..equals].Trim();
            if (!keys.Any(known => known.Key == key))
                throw new ModelException(
                    $"'{spec}' has the key '{key}'; keys are {string.Join(", ", keys.Select(known => known.Key))} (example: {Example})"
                );
            // A bare flag is true.
            if (!given.TryAdd(key, equals < 0 ? "true" : item[(equals + 1)..].Trim()))
                throw new ModelException($"'{spec}' gives '{key}' twice");
        }
        return given;
    }

    private TConfig Apply(string spec, Dictionary<string, string> given, TConfig config)
    {
        foreach ((string key, Func<TConfig, string, TConfig> set) in keys)
        {
            if (!given.TryGetValue(key, out string? value))
                continue;
            try
            {
                config = set(config, value);
            }
            catch (FormatException e)
            {
                throw new ModelException($"'{spec}' gives '{key}' the value '{value}', which is no {e.Message}", e);
            }
        }
        return (TConfig)config.Validated();
    }
}
