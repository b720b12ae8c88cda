// dfkd inspect: what a checkpoint is, as read off its tensors.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Output;
using DataFreeKD.Models;
using DataFreeKD.Onnx.Running;

namespace DataFreeKD.Cli.Verbs;

/// <summary>model → facts on stdout.</summary>
internal sealed class InspectVerb : Verb
{
    private readonly Argument<string> model = new("MODEL")
    {
        Description = "Model directory, .safetensors, .pth/.pt/.bin of torch.save, or a classifier as .onnx",
    };
    private readonly Option<string?> weightsKey = CommonOptions.WeightsKey();
    private readonly PreprocessingOptionSet preprocessing = new();
    private readonly Option<int?> heads = new("--heads")
    {
        Description = "Attention heads, if the checkpoint does not state them",
        HelpName = "N",
    };

    public InspectVerb()
        : base(
            "inspect",
            "Show what a checkpoint is: architecture, size, preprocessing, classes.",
            "dfkd inspect student/\ndfkd inspect deit_tiny.pth --json"
        )
    {
        Add(model);
        AddOptions([heads, weightsKey, .. preprocessing.All]);
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        TorchRuntime.Start(1);
        // The table says it all.
        CheckpointNotes.ShowIn(null);
        if (OnnxClassifier.Recognises(parsed.GetRequiredValue(model)))
        {
            if (parsed.GetValue(heads) is not null || parsed.GetValue(weightsKey) is not null || preprocessing.In(parsed) is not null)
                throw new UsageException("--heads, --weights-key and preprocessing belong to checkpoints; an ONNX graph is shown as it is");
            using OnnxClassifier classifier = OnnxClassifier.Open(parsed.GetRequiredValue(model));
            GraphFacts graph = new(
                classifier.Path,
                classifier.Parameters,
                classifier.Bytes,
                classifier.Input.Preprocessing,
                classifier.Classes,
                classifier.Input.ClassNames,
                classifier.Input.Facts,
                classifier.Input.Notes
            );
            terminal.Print(graph, () => Text(graph));
            return;
        }
        LoadedModel own = ModelStore.Load(parsed.GetRequiredValue(model), parsed.GetValue(heads), parsed.GetValue(weightsKey));
        using LoadedModel loaded = preprocessing.In(parsed)?.Apply(own) ?? own;
        ModelFacts facts = new(
            loaded.WeightsPath,
            loaded.Model.ParameterCount(),
            ModelSummary.Macs(loaded.Model.Config),
            ModelStore.FilesOf(loaded.WeightsPath).Sum(Length),
            loaded.Model.Config,
            loaded.Preprocessing,
            loaded.ClassNames,
            [.. loaded.Facts.Select(fact => fact.By == FactSource.Option ? fact with { Source = FlagNames.Of(fact.Source) } : fact)],
            loaded.Notes
        );
        terminal.Print(facts, () => Text(facts));
    }

    private static string Text(ModelFacts facts)
    {
        ModelConfig shape = (ModelConfig)facts.Architecture;
        (string Key, string Value)[] lines =
        [
            ("weights", string.Create(CultureInfo.InvariantCulture, $"{facts.Weights}, {facts.Bytes / 1e6:F1} MB")),
            ("parameters", facts.Parameters.ToString("N0", CultureInfo.InvariantCulture)),
            ("MACs an image", string.Create(CultureInfo.InvariantCulture, $"{facts.Macs / 1e6:N1} M")),
            ("architecture", shape is VitConfig vit ? OfVit(vit) : $"{shape.Name}: {shape.Summary}"),
            (
                "input",
                $"{shape.ImageSize}x{shape.ImageSize}{(shape is VitConfig { PatchSize: var patch, PrefixTokens: var prefix, Patches: var patches } ? $", patch {patch}, {prefix} + {patches} tokens" : "")}"
            ),
            ("preprocessing", Text(facts.Preprocessing)),
            ("classes", Text(shape.Classes, facts.ClassNames)),
        ];
        return Text(lines, facts.Facts, facts.Notes);
    }

    private static string Text(GraphFacts facts) =>
        Text(
            [
                ("graph", string.Create(CultureInfo.InvariantCulture, $"{facts.Graph}, {facts.Bytes / 1e6:F1} MB")),
                ("parameters", facts.Parameters.ToString("N0", CultureInfo.InvariantCulture)),
                ("architecture", "any classifier in ONNX: logits alone, as a teacher of score"),
                ("input", $"{facts.Preprocessing.ImageSize}x{facts.Preprocessing.ImageSize}"),
                ("preprocessing", Text(facts.Preprocessing)),
                ("classes", Text(facts.Classes, facts.ClassNames)),
            ],
            facts.Facts,
            facts.Notes
        );

    private static string Text((string Key, string Value)[] lines, IReadOnlyList<ModelFact> facts, IReadOnlyList<string> notes)
    {
        IEnumerable<string> told = facts.Select(fact =>
            $"{fact.Field,-18}  {fact.Value}  ({(fact.By == FactSource.Assumed ? "ASSUMED: nothing tells" : fact.Source)})"
        );
        return string.Join(
            '\n',
            [
                .. lines.Select(line => $"{line.Key, -13}  {line.Value}"),
                .. facts.Count > 0 ? ["told by:"] : Array.Empty<string>(),
                .. told.Select(line => "  " + line),
                .. notes.Select(note => "note: " + note),
            ]
        );
    }

    private static string Text(Preprocessing input)
    {
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{(input.Squash ? "squash" : $"crop {input.CropPct}")}, {input.Interpolation.Name()}, mean {Numbers(input.Mean)}, std {Numbers(input.Std)}"
        );

        static string Numbers(IReadOnlyList<float> values) =>
            string.Join(' ', values.Select(value => value.ToString("0.####", CultureInfo.InvariantCulture)));
    }

    private static string Text(int classes, IReadOnlyList<string> names) =>
        $"{(classes == 0 ? "none (no head)" : classes.ToString(CultureInfo.InvariantCulture))}{(names.Count == 0 ? "" : $" ({string.Join(", ", names.Take(10))}{(names.Count > 10 ? ", ..." : "")})")}";

    // Of the file that a link leads to.
    private static long Length(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return stream.Length;
    }

    private static string OfVit(VitConfig shape)
    {
        List<string> parts = [$"width {shape.Width}", $"depth {shape.Depth}", $"heads {shape.Heads}", $"MLP {shape.MlpHidden}"];
        if (shape.Distilled)
            parts.Add("distillation token");
        if (shape.CrossBias)
            parts.Add("convolution and involution tokens");
        if (shape.RegisterTokens > 0)
            parts.Add($"{shape.RegisterTokens} registers");
        if (shape.LayerScale)
            parts.Add("LayerScale");
        if (shape.NoEmbedClass)
            parts.Add("no_embed_class");
        if (shape.SwiGlu)
            parts.Add("SwiGLU");
        if (shape.PreNorm)
            parts.Add("pre-norm");
        if (!shape.ClassToken)
            parts.Add("no class token");
        if (shape.Activation != Activation.Gelu)
            parts.Add($"activation {shape.Activation}");
        if (shape.Pooling != Pooling.Token)
            parts.Add($"pooling {shape.Pooling}");
        if (shape.FcNorm)
            parts.Add("norm after pooling");
        if (shape.QkNorm)
            parts.Add("norms of queries and keys");
        if (shape.PostNorm)
            parts.Add("norms after branches");
        if (shape.RmsNorm)
            parts.Add("RMSNorm");
        if (!shape.ProjectionBias)
            parts.Add("no biases in projections and MLPs");
        if (shape.EmbedNorm)
            parts.Add("norm of patches");
        if (shape.AttentionNorm)
            parts.Add("norm inside attention");
        if (shape.MlpNorm)
            parts.Add("norm inside MLPs");
        if (shape.Rotary is not null)
            parts.Add("rotary positions");
        if (shape.RelativeBias)
            parts.Add("relative position biases");
        if (shape.ParallelBranches)
            parts.Add("parallel branches");
        if (!shape.FinalNorm)
            parts.Add("no final norm");
        if (shape.PoolHeads > 0)
            parts.Add($"pooling of {shape.PoolHeads} heads");
        if (!shape.LearnedPositions)
            parts.Add("no position embedding");
        return string.Join(", ", parts);
    }

    private sealed record GraphFacts(
        string Graph,
        long Parameters,
        long Bytes,
        Preprocessing Preprocessing,
        int Classes,
        IReadOnlyList<string> ClassNames,
        IReadOnlyList<ModelFact> Facts,
        IReadOnlyList<string> Notes
    );

    private sealed record ModelFacts(
        string Weights,
        long Parameters,
        long Macs,
        long Bytes,
        object Architecture,
        Preprocessing Preprocessing,
        IReadOnlyList<string> ClassNames,
        IReadOnlyList<ModelFact> Facts,
        IReadOnlyList<string> Notes
    );
}
