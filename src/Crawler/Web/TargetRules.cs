// What holds for targets whoever fetches them.

using System.Globalization;
using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Imaging.Inputs;

namespace DataFreeKD.Crawler.Web;

internal static class TargetRules
{
    /// <summary>What tells a target from others.</summary>
    public static UInt128 KeyOf(WebTarget target) => TextKey.Of(target.OfBucket ? target.Url : target.Address.AbsoluteUri);

    /// <summary>Whether a target is the first of its address. What cannot be read as an address keeps a row of its own each time; rows that
    /// are to be replaced are each for themselves.</summary>
    public static bool IsFirst(WebTarget target, HashSet<UInt128> asked) =>
        target.Replaces is not null || !target.Address.Scheme.StartsWith("http", StringComparison.Ordinal) || asked.Add(KeyOf(target));

    /// <summary>The place for the archive that a target may be; null where none is wanted.</summary>
    /// <param name="target">The target.</param>
    /// <param name="folder">Where archives lie.</param>
    /// <param name="options">Limits.</param>
    public static ArchiveSink? SinkOf(WebTarget target, string folder, WebOptions options) =>
        target.Archive
            ? new ArchiveSink(
                Path.Combine(folder, target.Ordinal.ToString(CultureInfo.InvariantCulture)),
                ImageInputs.IsArchive(target.OfBucket ? target.Url : target.Address.AbsolutePath),
                options.MaxArchiveBytes,
                options.BodyTimeout
            )
            : null;
}
