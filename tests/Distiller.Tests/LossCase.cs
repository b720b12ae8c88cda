// One case of the reference values: inputs and learned tensors in float64, and the loss built on them.

using System.Text.Json;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

/// <summary>Reads what <c>tests/peers/losses.py</c> wrote. The shapes and the seed are those of that script.</summary>
internal sealed class LossCase
{
    private const int Seed = 7;
    private static readonly VitConfig Teacher = new()
    {
        ImageSize = 8,
        PatchSize = 2,
        Width = 6,
        Depth = 3,
        Heads = 2,
        MlpHidden = 8,
        Classes = 5,
    };
    private static readonly VitConfig Student = Teacher with { Width = 4, Depth = 2, Distilled = true };
    private static readonly JsonElement Inputs = Read("inputs"),
        Cases = Read("cases");

    private readonly JsonElement json;
    private readonly string prefix;
    private readonly IReadOnlyList<LossTerm> terms;

    public LossCase(int number)
    {
        json = Cases[number];
        bool coarse = json.GetProperty("coarse").GetBoolean();
        prefix = coarse ? "coarse." : "student.";
        Recipe recipe = Recipe.Parse(json.GetProperty("recipe").GetString()!);
        terms = LossCatalogue.Build(
            recipe,
            new LossContext(new ModelPair(Teacher, coarse ? Student with { PatchSize = 4 } : Student), Seed, torch.CPU)
            {
                Type = torch.ScalarType.Float64,
            }
        );
        JsonElement learned = json.GetProperty("parameters");
        using IDisposable off = torch.no_grad();
        foreach (LossParameter parameter in Parameters)
            parameter.Value.copy_(Tensor(learned.GetProperty(parameter.Name)));
        StudentLeaves = Leaves(prefix);
        TeacherLeaves = Leaves("teacher.");
    }

    public static int Count => Cases.GetArrayLength();

    /// <summary>Recipe and circumstances, for the test's name.</summary>
    public static string Name(int number) =>
        $"{Cases[number].GetProperty("recipe").GetString()} {string.Join(' ', ((string[])["coarse", "weighted", "dropped"]).Where(flag => Cases[number].GetProperty(flag).GetBoolean()))}".TrimEnd();

    public IEnumerable<LossParameter> Parameters => terms.SelectMany(term => term.Parameters);

    public double Expected => json.GetProperty("expected").GetDouble();

    public IReadOnlyDictionary<string, torch.Tensor> StudentLeaves { get; }

    public IReadOnlyDictionary<string, torch.Tensor> TeacherLeaves { get; }

    /// <summary>The loss of the leaves as they are now.</summary>
    public torch.Tensor Compute()
    {
        torch.Tensor? kept = Flag("dropped") ? Tensor(Inputs.GetProperty("kept")).to_type(torch.ScalarType.Int64) : null;
        torch.Tensor cls = StudentLeaves["cls"],
            dist = StudentLeaves["dist"];
        LossInputs inputs = new()
        {
            Teacher = Output(TeacherLeaves, null) with { Logits = TeacherLeaves["logits"] },
            Student = Output(StudentLeaves, kept) with { Logits = (cls + dist) / 2, LogitsCls = cls, LogitsDist = dist },
            Weights = Flag("weighted") ? Tensor(Inputs.GetProperty("weights")) : null,
            KeptPatches = kept,
            At = new StepPosition(json.GetProperty("step").GetInt32(), json.GetProperty("steps").GetInt32()),
        };
        return terms.Select(term => term.Compute(inputs) * term.Weight).Aggregate((sum, term) => sum + term);
    }

    private bool Flag(string name) => json.GetProperty(name).GetBoolean();

    private static ModelOutput Output(IReadOnlyDictionary<string, torch.Tensor> leaves, torch.Tensor? kept) =>
        new()
        {
            Embedding = leaves["embedding"],
            NormedTokens = leaves.TryGetValue("normed", out torch.Tensor? normed) ? Dropped(normed, 1, kept) : null,
            Hidden = Enumerable
                .Range(0, 3)
                .Where(block => leaves.ContainsKey($"hidden.{block}"))
                .ToDictionary(block => block, block => Dropped(leaves[$"hidden.{block}"], 1, kept)),
            Qkv = Enumerable
                .Range(0, 3)
                .Where(block => leaves.ContainsKey($"q.{block}"))
                .ToDictionary(
                    block => block,
                    block => new Qkv(
                        Dropped(leaves[$"q.{block}"], 2, kept),
                        Dropped(leaves[$"k.{block}"], 2, kept),
                        Dropped(leaves[$"v.{block}"], 2, kept)
                    )
                ),
        };

    // What a student that dropped patches gives: its two prefix tokens and the kept patches, image by image.
    private static torch.Tensor Dropped(torch.Tensor tokens, int axis, torch.Tensor? kept)
    {
        if (kept is null)
            return tokens;
        IEnumerable<torch.Tensor> images = Enumerable
            .Range(0, (int)tokens.shape[0])
            .Select(image => tokens[image].index_select(axis - 1, torch.cat([torch.tensor(new long[] { 0, 1 }), kept[image] + 2])));
        return torch.stack([.. images]);
    }

    private static Dictionary<string, torch.Tensor> Leaves(string prefix) =>
        Inputs
            .EnumerateObject()
            .Where(entry => entry.Name.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(entry => entry.Name[prefix.Length..], entry => Tensor(entry.Value).requires_grad_(true));

    private static torch.Tensor Tensor(JsonElement packed) =>
        torch.tensor(
            packed.GetProperty("hundredths").EnumerateArray().Select(value => value.GetInt32() / 100.0).ToArray(),
            [.. packed.GetProperty("shape").EnumerateArray().Select(side => side.GetInt64())],
            torch.ScalarType.Float64
        );

    private static JsonElement Read(string name)
    {
        using JsonDocument document = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "References", name + ".json"))
        );
        return document.RootElement.Clone();
    }
}
