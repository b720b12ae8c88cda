// Images that nobody found: something makes them when they are wanted.

using DataFreeKD.Imaging.Inputs;

namespace DataFreeKD.Crawler.Sources;

/// <summary>A source whose images are made on demand, each under a name of its own.</summary>
/// <param name="Names">The names of all its images, in order; they stand in the manifest's <c>source</c>.</param>
/// <param name="Make">Makes the images named, in that order, encoded; those that the store has already are not asked for.</param>
internal sealed record MadeImages(IReadOnlyList<string> Names, Func<IReadOnlyList<string>, CancellationToken, IEnumerable<ImageInput>> Make)
{
    internal IEnumerable<FoundImage> Missing(Func<string, bool> known, CancellationToken cancel)
    {
        string[] missing = [.. Names.Where(name => !known(name))];
        return missing.Length == 0 ? [] : Make(missing, cancel).Select(image => new FoundImage(image, null));
    }
}
