// Text to recipe, with errors that tell where and what would be right.

using System.Globalization;

namespace DataFreeKD.Distiller.Losses;

/// <summary>Reads one recipe.</summary>
internal sealed class RecipeParser(string text)
{
    private readonly List<RecipeTerm> terms = [];
    private readonly List<string> presets = [];

    public Recipe Parse()
    {
        Read(text, position: 0, scale: 1);
        return new Recipe(terms, presets);
    }

    private void Read(string source, int position, double scale)
    {
        foreach (string part in source.Split('+'))
        {
            Term(part, position, scale);
            position += part.Length + 1;
        }
    }

    private void Term(string part, int position, double scale)
    {
        int star = part.IndexOf('*', StringComparison.Ordinal),
            colon = part.IndexOf(':', StringComparison.Ordinal);
        string body = star < 0 ? part : part[..star];
        if (colon > body.Length)
            colon = -1;
        string name = (colon < 0 ? body : body[..colon]).Trim();
        string parameters = colon < 0 ? "" : body[(colon + 1)..];
        double? weight = star < 0 ? null : WeightOf(part[(star + 1)..], position + star + 1);
        if (name.Length == 0)
            throw Wrong(position, "a loss is missing; write name[:key=value,...][*weight], joined by +");
        if (name == RecipePresets.Keyword)
        {
            string preset = parameters.Trim();
            if (!RecipePresets.All.TryGetValue(preset, out RecipePreset? found))
                throw Wrong(position + colon + 1, $"the preset '{preset}' is unknown; known: {string.Join(", ", RecipePresets.All.Keys)}");
            if (!presets.Contains(preset))
                presets.Add(preset);
            Read(found.Recipe, position, scale * (weight ?? 1));
            return;
        }
        LossEntry entry = LossCatalogue.Find(name)
            ?? throw Wrong(
                position,
                $"the loss '{name}' is unknown; known: {string.Join(", ", LossCatalogue.All.Select(known => known.Name))}, or preset:NAME"
            );
        OrderedDictionary<string, string> values = entry.Defaults();
        HashSet<string> given = [];
        int at = position + colon + 1;
        foreach (string parameter in colon < 0 ? [] : parameters.Split(','))
        {
            if (!parameter.Contains('=', StringComparison.Ordinal) && weight is null)
                weight = WeightOf(parameter, at, $"'{parameter.Trim()}' is neither key=value nor a weight; {entry.KeysInWords}");
            else
                Set(entry, values, given, parameter, at);
            at += parameter.Length + 1;
        }
        terms.Add(new RecipeTerm(entry, Recipe.LabelOf(entry, terms), scale * (weight ?? 1), values));
    }

    private void Set(LossEntry entry, OrderedDictionary<string, string> values, HashSet<string> given, string parameter, int position)
    {
        int equals = parameter.IndexOf('=', StringComparison.Ordinal);
        string name = (equals < 0 ? parameter : parameter[..equals]).Trim();
        LossKey? key = equals < 0 ? null : entry.KeyOf(name);
        if (key is null)
            throw Wrong(position, entry.Unknown(name));
        if (!given.Add(name))
            throw Wrong(position, $"{name} is given twice");
        string value = parameter[(equals + 1)..].Trim();
        values[name] = key.Canonical(value) ?? throw Wrong(position + equals + 1, entry.NotAllowed(key, value));
    }

    private double WeightOf(string weight, int position, string? otherwise = null)
    {
        if (!double.TryParse(weight, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            throw Wrong(position, otherwise ?? $"the weight '{weight.Trim()}' is no number");
        return value > 0 && double.IsFinite(value)
            ? value
            : throw Wrong(position, $"the weight is {weight.Trim()}: must be above 0 (leave the term out for none)");
    }

    private DistillException Wrong(int position, string what) => new($"loss recipe '{text}', character {position + 1}: {what}");
}
