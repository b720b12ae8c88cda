// The files that a run reads, for whoever may read some folders only.

using DataFreeKD.Manifests;
using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Data;

/// <summary>What has to be looked at, of images and of models.</summary>
internal static class InputPaths
{
    /// <summary>The files of images; of an image in an archive the archive.</summary>
    public static IEnumerable<string> Files(IEnumerable<string> images) =>
        images.Select(image =>
            image.IndexOf(ManifestPath.MemberSeparator, StringComparison.Ordinal) is > 0 and var at && !File.Exists(image)
                ? image[..at]
                : image
        );

    /// <summary>Models' folders or files, and what lies in the folders: a link there leads elsewhere as well.</summary>
    public static IEnumerable<string> Models(IEnumerable<string> models)
    {
        foreach (string place in models.Select(ModelStore.PlaceOf))
        {
            yield return place;
            foreach (string file in Directory.Exists(place) ? Directory.EnumerateFileSystemEntries(place) : [])
                yield return file;
        }
    }
}
