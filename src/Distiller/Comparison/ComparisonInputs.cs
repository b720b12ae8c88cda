// Every path that a comparison reads: for whoever may read some folders only.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Manifests;
using DataFreeKD.Models;

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
        foreach (string path in options.Cache is { } cache ? [cache] : Models([options.Teacher, .. options.FurtherTeachers]))
            yield return path;
        foreach (string path in Learners([.. options.Via, options.Student]))
            yield return path;
        yield return options.Selection;
        foreach (string path in Files(SelectionImages.Read(options.Selection, cancel).Paths))
            yield return path;
        if (options.ValidationPath is not { } validation)
            yield break;
        yield return validation;
        foreach (string path in Files(ValidationImages.Of(validation, cancel).Paths))
            yield return path;
    }

    private static IEnumerable<string> Labelled(string source, CancellationToken cancel)
    {
        yield return source;
        foreach (string path in Files(LabelledImages.Read(source, [], null, cancel).Paths))
            yield return path;
    }

    private static IEnumerable<string> Files(IEnumerable<string> images) =>
        images.Select(image =>
            image.IndexOf(ManifestPath.MemberSeparator, StringComparison.Ordinal) is > 0 and var at && !File.Exists(image)
                ? image[..at]
                : image
        );

    // An architecture's name is no path.
    private static IEnumerable<string> Learners(IEnumerable<string> learners) => Models(learners.Where(StudentFactory.IsModel));

    // A link within a model's folder leads elsewhere as well.
    private static IEnumerable<string> Models(IEnumerable<string> models)
    {
        foreach (string place in models.Select(ModelStore.PlaceOf))
        {
            yield return place;
            foreach (string file in Directory.Exists(place) ? Directory.EnumerateFileSystemEntries(place) : [])
                yield return file;
        }
    }
}
