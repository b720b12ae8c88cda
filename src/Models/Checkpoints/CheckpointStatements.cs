// What a checkpoint says beside its weights: training arguments, the architecture's name, plain values.

using DataFreeKD.Models.Timm;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Gathers the statements of a pickled structure.</summary>
internal sealed class CheckpointStatements
{
    private const int Deepest = 4,
        MostItems = 64,
        MostStatements = 4096;

    // Where training scripts keep their options.
    private static readonly HashSet<string> Arguments =
    [
        "args",
        "argv",
        "arguments",
        "opt",
        "opts",
        "options",
        "params",
        "settings",
        "hyper_parameters",
        "hyperparameters",
        "hyper_params",
        "hparams",
        "config",
        "configs",
        "conf",
        "cfg",
        "cmd",
        "command",
        "command_line",
        "meta",
        "metadata",
        "model_args",
        "model_kwargs",
        "model_config",
        "model_cfg",
        "model_params",
        "train_args",
        "training_args",
        "train_config",
    ];

    // Options of another network than the one that is read.
    private static readonly HashSet<string> Others =
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

    private static readonly HashSet<string> Architecture = ["model", "arch", "model_name", "architecture"];

    private readonly string path;
    private readonly PlainValues values;
    private readonly List<Statement> stated = [];
    private readonly List<string> notes = [];

    private CheckpointStatements(string path, PlainValues values) => (this.path, this.values) = (path, values);

    /// <summary>What is stated, and a sentence on each text that was meant to state something and cannot be read.</summary>
    /// <param name="path">The file, for sources.</param>
    /// <param name="root">The structure.</param>
    /// <param name="values">Reads its values.</param>
    public static (Statements Stated, IReadOnlyList<string> Notes) Read(string path, object? root, PlainValues values)
    {
        CheckpointStatements reader = new(path, values);
        foreach ((object? key, object? value) in PickleTree.Pairs(root))
        {
            if (key is not string name || reader.stated.Count >= MostStatements)
                continue;
            string field = Field(name);
            if (Arguments.Contains(field))
                reader.GatherAll(value, name);
            // A weight of this name is none of the options.
            else if (PickleTree.TensorOf(value) is null || !name.Contains('.', StringComparison.Ordinal))
                reader.Take(field, value, name, FactSource.Arguments);
        }
        return (new Statements(reader.stated), reader.notes);
    }

    /// <summary>Whether a key is one under which training scripts keep their options.</summary>
    public static bool HoldsArguments(string name) => Arguments.Contains(Field(name));

    /// <summary>Whether a key is of another network, or of training.</summary>
    public static bool IsOfOthers(string name) => Others.Contains(Field(name));

    private void GatherAll(object? value, string name)
    {
        if (values.Group(value) is { } group)
            Gather(group, name, 0);
        else if (PlainValues.Text(value) is { } text && (LiteralText.Recognises(text) || text.Contains('\n', StringComparison.Ordinal)))
            notes.Add($"{Shown.Of(name)} of '{path}' is a text that cannot be read, and is left out: {Shown.Of(text)}");
    }

    private void Gather(IReadOnlyList<(object? Key, object? Value)> group, string under, int depth)
    {
        // What the constructor was called with is of this network and no other.
        FactSource by = under.EndsWith("model_kwargs", StringComparison.OrdinalIgnoreCase) ? FactSource.Config : FactSource.Arguments;
        foreach ((object? key, object? value) in group)
        {
            if (key is not string name || stated.Count >= MostStatements)
                continue;
            // Flat configs keep the groups in the name.
            string[] parts = name.Split('.', '/');
            string field = Field(parts[^1]);
            // A weight of this name is none of the options.
            if (parts[..^1].Any(IsOfOthers) || (parts.Length > 1 && PickleTree.TensorOf(value) is not null))
                continue;
            if (Take(field, value, $"{under}.{name}", by) || depth >= Deepest || Others.Contains(field))
                continue;
            if (value is not (PickleList or PickleTuple) && values.Group(value) is { } inner)
                Gather(inner, $"{under}.{name}", depth + 1);
        }
    }

    private bool Take(string field, object? value, string name, FactSource by)
    {
        if (value is string literal && literal.TrimStart().StartsWith('{') && values.Group(literal) is not null)
            return false;
        if (values.Value(value, MostItems) is not { } plain)
            return false;
        if (plain is string && Architecture.Contains(field))
            field = "architecture";
        else if (field is "name" or "type" or "backbone" && plain is string called && TimmTable.Find(called) is not null)
            field = "architecture";
        stated.Add(new Statement(field, plain, $"{Shown.Of(name)} of '{path}'", by));
        return true;
    }

    /// <summary>A key as fields are looked up by.</summary>
    public static string Field(string name) => name.ToLowerInvariant().Replace('-', '_');
}
