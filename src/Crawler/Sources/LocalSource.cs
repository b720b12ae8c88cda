// Images on this machine: folders, files, globs, tar and zip archives.

using DataFreeKD.Imaging.Inputs;

namespace DataFreeKD.Crawler.Sources;

internal static class LocalSource
{
    public static IEnumerable<FoundImage> Read(string source, InputOptions options, CancellationToken cancel) =>
        ImageInputs.Enumerate(source, options, cancel).Select(image => new FoundImage(image, null));
}
