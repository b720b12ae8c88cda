// Whether every recipe of a comparison can begin, before the first of them does.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Comparison;

/// <summary>Loads what each recipe names, builds its student and its losses, and reads its tables; no image is decoded.</summary>
internal static class RecipeCheck
{
    /// <summary>Goes through the recipes and the test sets.</summary>
    /// <exception cref="DistillException">One that cannot begin, by its name.</exception>
    public static void All(ComparisonOptions options, CancellationToken cancel)
    {
        foreach (TestSet set in options.TestSets)
            Named($"test set '{set.Name}'", () => LabelledImages.Read(set.Labelled, [], null, cancel));
        foreach (ComparedRecipe recipe in options.Recipes)
        {
            cancel.ThrowIfCancellationRequested();
            Named($"recipe '{recipe.Name}'", () =>
            {
                using DisposeScope scope = torch.NewDisposeScope();
                Devices.Of(recipe.Options.Device);
                if (recipe.Options is DistillOptions distillation)
                    Check(distillation, cancel);
                else if (recipe.Options is TrainOptions training)
                    Check(training, cancel);
            });
        }
    }

    private static void Check(DistillOptions options, CancellationToken cancel)
    {
        SelectionImages.Read(options.Selection, cancel);
        if (options.Via.Count > 0)
        {
            AssistantChain.Check(options, cancel);
            return;
        }
        using TeacherSource teacher = TeacherSource.Of(options, cancel);
        using ImageModel student = StudentFactory.For(options, teacher);
        options = StudentStart.Of(options, student, teacher).Resolve(options, student, teacher);
        teacher.Losses(options, student.Config, torch.CPU);
    }

    private static void Check(TrainOptions options, CancellationToken cancel)
    {
        using LoadedModel? start = StudentFactory.IsModel(options.Model) ? ModelStore.Load(options.Model) : null;
        LabelledImages data = LabelledImages.Read(options.Labelled, start?.ClassNames ?? [], start?.Model.Config.Classes, cancel);
        if (start is not null)
            return;
        using ImageModel model = StudentFactory.Fresh(options.Model, data.ClassNames.Count, options.Seed);
        StudentFactory.Check(options, model);
    }

    private static void Named(string what, Action check)
    {
        try
        {
            check();
        }
        catch (Exception problem) when (problem is DataFreeKDException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DistillException($"{what}: {problem.Message}", problem) { Options = (problem as DataFreeKDException)?.Options ?? [] };
        }
    }
}
