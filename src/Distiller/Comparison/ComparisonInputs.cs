// Every path that a comparison reads: for whoever may read some folders only.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Training;

namespace DataFreeKD.Distiller.Comparison;

/// <summary>Lists models, tables, folders and the images in them.</summary>
internal static class ComparisonInputs
{
    /// <summary>The files and folders; of an image in an archive the archive. Each is named before it is read.</summary>
    /// <exception cref="DistillException">A table that is none.</exception>
    public static IEnumerable<string> Of(ComparisonOptions options, CancellationToken cancel) =>
        options
            .TestSets.SelectMany(set => Labelled(set.Labelled, cancel))
            .Concat(
                options.Recipes.SelectMany(recipe =>
                    recipe.Options switch
                    {
                        DistillOptions distillation => Of(distillation, cancel),
                        TrainOptions training => Labelled(training.Labelled, cancel).Concat(Learners([training.Model])),
                        _ => [],
                    }
                )
            );

    private static IEnumerable<string> Of(DistillOptions options, CancellationToken cancel)
    {
        foreach (string path in options.Cache is { } cache ? [cache] : InputPaths.Models([options.Teacher, .. options.FurtherTeachers]))
            yield return path;
        foreach (string path in Learners([.. options.Via, options.Student]))
            yield return path;
        yield return options.Selection;
        foreach (string path in InputPaths.Files(SelectionImages.Read(options.Selection, cancel).Paths))
            yield return path;
        if (options.ValidationPath is not { } validation)
            yield break;
        yield return validation;
        foreach (string path in InputPaths.Files(ValidationImages.Of(validation, cancel).Paths))
            yield return path;
    }

    private static IEnumerable<string> Labelled(string source, CancellationToken cancel)
    {
        yield return source;
        foreach (string path in InputPaths.Files(LabelledImages.Read(source, [], null, cancel).Paths))
            yield return path;
    }

    // An architecture's name is no path.
    private static IEnumerable<string> Learners(IEnumerable<string> learners) => InputPaths.Models(learners.Where(StudentFactory.IsModel));
}
