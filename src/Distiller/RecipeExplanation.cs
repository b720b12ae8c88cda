// What a recipe comes to for two models: every term resolved, before anything is trained.

using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller;

/// <summary>One term, explained.</summary>
/// <param name="Name">Name in metrics.</param>
/// <param name="Weight">Weight in the total.</param>
/// <param name="Parameters">Every parameter with its value.</param>
/// <param name="Equation">What it computes.</param>
/// <param name="Source">The paper.</param>
/// <param name="Teacher">Number of the teacher that the term learns from; null for several teachers together.</param>
/// <param name="Layers">Blocks that it joins; empty for outputs alone.</param>
/// <param name="Learned">Numbers that it learns and that are dropped after training.</param>
internal sealed record TermExplanation(
    string Name,
    double Weight,
    IReadOnlyDictionary<string, string> Parameters,
    string Equation,
    string Source,
    int? Teacher,
    IReadOnlyList<LayerPair> Layers,
    long Learned
);

/// <summary>What is kept of one model's forward pass.</summary>
/// <param name="Outputs">Blocks whose output tokens are kept.</param>
/// <param name="Normed">Whether the tokens after the final norm are kept.</param>
/// <param name="Qkv">Blocks whose queries, keys and values are kept.</param>
/// <param name="Floats">Numbers kept for each image.</param>
internal sealed record CaptureCost(IReadOnlyList<int> Outputs, bool Normed, IReadOnlyList<int> Qkv, long Floats);

/// <summary>A preset that the recipe names.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Source">Whose it is.</param>
/// <param name="Differs">What is not as the source publishes it.</param>
internal sealed record PresetExplanation(string Name, string Source, string Differs);

/// <summary>A recipe for two models.</summary>
internal sealed record RecipeExplanation
{
    /// <summary>The recipe with every parameter resolved.</summary>
    public required string Recipe { get; init; }

    /// <summary>The presets that it was written with.</summary>
    public required IReadOnlyList<PresetExplanation> Presets { get; init; }

    /// <summary>What a cached teacher cannot answer as the recipe asks, a line each.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Its terms.</summary>
    public required IReadOnlyList<TermExplanation> Terms { get; init; }

    /// <summary>What is kept of each teacher; a block that several terms read is kept once.</summary>
    public required IReadOnlyList<CaptureCost> Teachers { get; init; }

    /// <summary>What is kept of the student.</summary>
    public required CaptureCost Student { get; init; }

    /// <summary>Explains the recipe of a distillation without running it: no image is read and nothing is written.</summary>
    /// <exception cref="DistillException">Options or models that do not fit, as <see cref="DistillRun.Execute"/> would refuse
    /// them.</exception>
    /// <exception cref="ModelException">A model that cannot be read.</exception>
    public static RecipeExplanation Of(DistillOptions options)
    {
        options.Validate();
        if (options.Via.Count > 0)
            throw new DistillException(
                "a recipe is explained for one teacher and one student; leave assistants out, and name the two that you mean"
            );
        using DisposeScope scope = torch.NewDisposeScope();
        using TeacherSource teacher = TeacherSource.Of(options, CancellationToken.None);
        using ImageModel student = StudentFactory.For(options, teacher);
        options = StudentStart.Of(options, student, teacher).Resolve(options, student, teacher);
        IReadOnlyList<LossTerm> losses = teacher.Losses(options, student.Config, torch.CPU);
        ModelConfig[] teachers = teacher.Models.Count > 0 ? [.. teacher.Models.Select(model => model.Config)] : [student.Config];
        return new RecipeExplanation
        {
            Recipe = options.Recipe.ToString(),
            Presets =
            [
                .. options.Recipe.Presets.Select(name => new PresetExplanation(
                    name,
                    RecipePresets.All[name].Source,
                    RecipePresets.All[name].Differs
                )),
            ],
            Notes = teacher.Notes(options.Recipe),
            Terms =
            [
                .. losses.Zip(options.Recipe.Terms, (loss, term) =>
                    new TermExplanation(
                        loss.Name,
                        loss.Weight,
                        term.Values,
                        term.Entry.Equation,
                        term.Entry.Source,
                        loss.Teacher.Among(teachers.Length, loss.ReadsTeacherFeatures) + 1,
                        loss.Layers,
                        loss.Parameters.Sum(parameter => parameter.Value.numel())
                    )
                ),
            ],
            Teachers = [.. DistillObjective.CapturesOf(losses, teachers.Length).Zip(teachers, Cost)],
            Student = Cost(DistillObjective.Union(losses.Select(loss => loss.StudentCapture)), student.Config),
        };
    }

    private static CaptureCost Cost(ModelCapture all, ModelConfig model)
    {
        // Only Vision Transformers have anything to capture.
        long tokens = model is VitConfig shape ? (long)(shape.PrefixTokens + shape.Patches) * shape.Width : 0;
        return new CaptureCost(
            all.HiddenBlocks,
            all.NormedTokens,
            all.QkvBlocks,
            tokens * (all.HiddenBlocks.Count + (all.NormedTokens ? 1 : 0) + (3 * all.QkvBlocks.Count))
        );
    }
}
