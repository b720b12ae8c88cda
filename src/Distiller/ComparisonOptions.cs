// Options of a comparison: which recipes, with which seeds, measured on what.

using System.Text.RegularExpressions;
using DataFreeKD.Models;

namespace DataFreeKD.Distiller;

/// <summary>One way to make a student.</summary>
/// <param name="Name">Its name in tables and as a folder.</param>
/// <param name="Options">A distillation, or a supervised training as a bound; output, seed and resumption are set for each run.</param>
internal sealed record ComparedRecipe(string Name, LoopOptions Options);

/// <summary>Labelled images to measure students on.</summary>
/// <param name="Name">Its name in tables.</param>
/// <param name="Labelled">As <see cref="EvaluateOptions.Labelled"/>.</param>
internal sealed record TestSet(string Name, string Labelled);

/// <summary>Options of <see cref="ComparisonRun"/>.</summary>
internal sealed partial record ComparisonOptions
{
    /// <summary>Folder of the runs and of the tables.</summary>
    public required string Output { get; init; }

    /// <summary>The recipes, in the tables' order.</summary>
    public required IReadOnlyList<ComparedRecipe> Recipes { get; init; }

    /// <summary>Seeds that every recipe is run with; pairs of equal seed are compared.</summary>
    public required IReadOnlyList<long> Seeds { get; init; }

    /// <summary>What students are measured on, one or more.</summary>
    public required IReadOnlyList<TestSet> TestSets { get; init; }

    /// <summary>Recipe that the others are compared with.</summary>
    /// <value>Null (default): the first.</value>
    public string? Baseline { get; init; }

    /// <summary>Refuse recipes of unequal numbers of steps.</summary>
    public bool EqualSteps { get; init; } = true;

    /// <summary>Do every run again.</summary>
    public bool Overwrite { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>, for measuring.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Workers that decode, for measuring.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>The instructions that the numeric libraries are held to, for processes on several machines; the process has to apply
    /// it.</summary>
    public NumericProfile Numerics { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="DistillException">The first value that is not allowed, by name.</exception>
    public void Validate()
    {
        Check(!string.IsNullOrWhiteSpace(Output), "the output is empty: name a folder");
        Check(Recipes.Count > 0, "there is no recipe");
        Check(Seeds.Count > 0, "there is no seed");
        Check(TestSets.Count > 0, "there is no test set");
        Check(Workers > 0, $"workers is {Workers}: must be above 0");
        CheckNames("recipe", Recipes.Select(recipe => recipe.Name));
        CheckNames("test set", TestSets.Select(set => set.Name));
        Check(Seeds.Distinct().Count() == Seeds.Count, $"the seeds {string.Join(", ", Seeds)} are not all different");
        Check(
            Baseline is null || Recipes.Any(recipe => recipe.Name == Baseline),
            $"the baseline '{Baseline}' is none of the recipes {string.Join(", ", Recipes.Select(recipe => recipe.Name))}"
        );
        foreach (ComparedRecipe recipe in Recipes)
        {
            recipe.Options.Validate();
            Check(recipe.Options is DistillOptions or TrainOptions, $"recipe '{recipe.Name}' is neither a distillation nor a training");
            Check(
                !EqualSteps || recipe.Options.Steps is not null,
                $"recipe '{recipe.Name}' has no steps; give every recipe the same, or allow others with equal-steps: false"
            );
            Check(
                !EqualSteps || recipe.Options.Steps == Recipes[0].Options.Steps,
                $"recipe '{recipe.Name}' runs {recipe.Options.Steps} steps and '{Recipes[0].Name}' {Recipes[0].Options.Steps}; make them equal, or allow others with equal-steps: false"
            );
        }
    }

    private static void CheckNames(string what, IEnumerable<string> names)
    {
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach (string name in names)
        {
            Check(NamePattern().IsMatch(name), $"{what} '{name}': a name is letters, digits and . _ + - after a letter or digit");
            Check(seen.Add(name), $"{what} '{name}' is there twice");
        }
    }

    private static void Check(bool holds, string message)
    {
        if (!holds)
            throw new DistillException(message);
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._+-]*\z")]
    private static partial Regex NamePattern();
}
