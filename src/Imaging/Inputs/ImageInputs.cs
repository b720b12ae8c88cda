// Where images come from on this machine: folders, files, globs, tar (also .tar.gz, .tgz) and zip archives.

namespace DataFreeKD.Imaging.Inputs;

/// <summary>One image-to-be.</summary>
/// <param name="Path">Absolute path; a member of an archive is <c>archive.tar::member</c>.</param>
/// <param name="Bytes">The content; null where it could not be read or was over the limit.</param>
/// <param name="Reason">Why it could not be had (<c>unreadable</c>, <c>too_large</c>, <c>empty</c>, <c>unsafe_path</c>, <c>link</c>, <c>truncated</c>); null on success.</param>
public sealed record ImageInput(string Path, byte[]? Bytes, string? Reason);

/// <summary>Enumerates and reads local images. Order is deterministic: ordinal by path within a folder, archive order within an archive.</summary>
public static class ImageInputs
{
    /// <summary>Streams every image of a folder (recursive; known image extensions plus extension-less files), file, glob (<c>*</c>, <c>**</c>, <c>?</c>) or archive. Bytes are read lazily, one at a time.</summary>
    /// <exception cref="FileNotFoundException">Nothing is there; the message says what was looked for.</exception>
    public static IEnumerable<ImageInput> Enumerate(string source, long maxBytes = 64L << 20, CancellationToken cancel = default) => throw new NotImplementedException();

    /// <summary>The paths alone, without reading contents (archives are listed).</summary>
    public static IEnumerable<string> Paths(string source, CancellationToken cancel = default) => throw new NotImplementedException();

    /// <summary>Reads given paths (as in <see cref="ImageInput.Path"/>), in the order given. An archive's members are read in one streaming pass over consecutive runs of the same archive; plain tar and zip are indexed for random access.</summary>
    public static IEnumerable<ImageInput> Read(IEnumerable<string> paths, long maxBytes = 64L << 20, CancellationToken cancel = default) => throw new NotImplementedException();
}
