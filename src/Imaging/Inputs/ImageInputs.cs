// Where images come from on this machine: folders, files, globs, tar (also .tar.gz, .tgz) and zip archives.

using System.IO.Compression;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>One image-to-be.</summary>
/// <param name="Path">Absolute path; a member of an archive is <c>archive.tar::member</c>.</param>
/// <param name="Bytes">The content; null where it could not be read or was over the limit.</param>
/// <param name="Reason">Why it could not be had (<c>unreadable</c>, <c>too_large</c>, <c>empty</c>, <c>unsafe_path</c>, <c>link</c>, <c>truncated</c>); null on success.</param>
public sealed record ImageInput(string Path, byte[]? Bytes, string? Reason);

/// <summary>Enumerates and reads local images. Order is deterministic: ordinal by path within a folder, archive order within an archive. Links are never followed; an archive that is damaged ends with a row of its own path and the reason.</summary>
public static class ImageInputs
{
    /// <summary>Archives that <see cref="Read"/> keeps open at a time.</summary>
    private const int OpenArchives = 32;

    /// <summary>Streams every image of a folder (recursive; known image extensions plus extension-less files), file, glob (<c>*</c>, <c>**</c>, <c>?</c>; archives that match are opened) or archive. Bytes are read lazily, one at a time.</summary>
    /// <exception cref="FileNotFoundException">Nothing is there; the message says what was looked for.</exception>
    public static IEnumerable<ImageInput> Enumerate(string source, long maxBytes = 64L << 20, CancellationToken cancel = default)
    {
        IEnumerable<FoundFile> files = Find(source);
        return Walk(files, maxBytes, contents: true, cancel);
    }

    /// <summary>The paths that <see cref="Enumerate"/> gives, in its order, without reading contents (archives are listed).</summary>
    /// <exception cref="FileNotFoundException">Nothing is there; the message says what was looked for.</exception>
    public static IEnumerable<string> Paths(string source, CancellationToken cancel = default)
    {
        IEnumerable<FoundFile> files = Find(source);
        return Walk(files, 0, contents: false, cancel).Select(static input => input.Path);
    }

    /// <summary>
    /// Reads given paths (as in <see cref="ImageInput.Path"/>), in the order given. Plain tar and zip are indexed for random access;
    /// a gzipped tar is streamed once, whatever the order: members that come by before their turn are kept until then, so that memory is bounded by the contents asked for.
    /// </summary>
    public static IEnumerable<ImageInput> Read(IEnumerable<string> paths, long maxBytes = 64L << 20, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return ReadAll([.. paths], maxBytes, cancel);
    }

    /// <summary>Whether a file of a folder is read by its name: it ends as images do, or has no ending.</summary>
    public static bool MayBeImage(string name) => InputNames.MayBeImage(name);

    /// <summary>Whether a name ends as an archive that is read does.</summary>
    public static bool IsArchive(string name) => InputNames.KindOf(name) != ArchiveKind.None;

    /// <summary>Whether a path is of a member of an archive that is read: <c>archive.tar::member</c>.</summary>
    public static bool IsMember(string path) => InputNames.TrySplit(path, out _, out _);

    private static IEnumerable<FoundFile> Find(string source)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(source);
        string path = Path.GetFullPath(source);
        if (File.Exists(path)) return [new FoundFile(path, null)];
        if (Directory.Exists(path)) return FolderWalk.Files(path).Where(static file => InputNames.MayBeImage(file.Path));
        if (Glob.IsGlob(source))
        {
            Glob glob = Glob.Parse(source);
            if (!Directory.Exists(glob.Folder)) throw new FileNotFoundException($"no folder '{glob.Folder}' for the pattern '{source}'", source);
            return glob.Files().Where(static file => InputNames.MayBeImage(file.Path) || InputNames.KindOf(file.Path) != ArchiveKind.None);
        }
        throw new FileNotFoundException($"no file, folder or archive '{path}'", source);
    }

    private static IEnumerable<ImageInput> Walk(IEnumerable<FoundFile> files, long maxBytes, bool contents, CancellationToken cancel)
    {
        foreach (FoundFile file in files)
        {
            cancel.ThrowIfCancellationRequested();
            if (file.Reason is not null)
            {
                yield return new ImageInput(file.Path, null, file.Reason);
                continue;
            }
            ArchiveKind kind = InputNames.KindOf(file.Path);
            if (kind == ArchiveKind.None)
            {
                Content content = contents ? CappedRead.File(file.Path, maxBytes) : default;
                yield return new ImageInput(file.Path, content.Bytes, content.Reason);
                continue;
            }
            foreach (ImageInput input in kind == ArchiveKind.Zip ? Zip(file.Path, maxBytes, contents) : Tar(file.Path, kind, maxBytes, contents))
            {
                cancel.ThrowIfCancellationRequested();
                yield return input;
            }
        }
    }

    private static IEnumerable<ImageInput> Tar(string path, ArchiveKind kind, long maxBytes, bool contents)
    {
        using TarWalk? walk = Open(() => new TarWalk(path, kind == ArchiveKind.TarGz));
        while (walk is not null && walk.Next())
        {
            Content content = contents ? walk.Read(maxBytes) : default;
            yield return new ImageInput(InputNames.Join(path, walk.Name), content.Bytes, content.Reason);
        }
        if (walk is null || walk.Failure is not null) yield return new ImageInput(path, null, walk?.Failure ?? InputReason.Unreadable);
    }

    private static IEnumerable<ImageInput> Zip(string path, long maxBytes, bool contents)
    {
        using ZipWalk? walk = Open(() => new ZipWalk(path));
        foreach (ZipArchiveEntry entry in (walk?.Entries ?? []).Where(ZipWalk.HasRow))
        {
            Content content = contents ? ZipWalk.Read(entry, maxBytes) : default;
            yield return new ImageInput(InputNames.Join(path, entry.FullName), content.Bytes, content.Reason);
        }
        if (walk is null || walk.Failure is not null) yield return new ImageInput(path, null, walk?.Failure ?? InputReason.Unreadable);
    }

    private static IEnumerable<ImageInput> ReadAll(List<string> paths, long maxBytes, CancellationToken cancel)
    {
        Dictionary<string, Dictionary<string, int>> wanted = Wanted(paths);
        var open = new Dictionary<string, MemberReader>(StringComparer.Ordinal);
        try
        {
            foreach (string path in paths)
            {
                cancel.ThrowIfCancellationRequested();
                Content content;
                if (!InputNames.TrySplit(path, out string archive, out string member))
                {
                    content = InputNames.KindOf(path) == ArchiveKind.None ? CappedRead.File(path, maxBytes) : new Content(null, InputReason.Unreadable);
                }
                else if (!InputNames.IsSafe(member))
                {
                    content = new Content(null, InputReason.UnsafePath);
                }
                else
                {
                    content = ReadMember(archive, member, open, wanted, maxBytes);
                }
                yield return new ImageInput(path, content.Bytes, content.Reason);
            }
        }
        finally
        {
            foreach (MemberReader reader in open.Values) reader.Dispose();
        }
    }

    private static Content ReadMember(string archive, string member, Dictionary<string, MemberReader> open, Dictionary<string, Dictionary<string, int>> wanted, long maxBytes)
    {
        try
        {
            if (!open.TryGetValue(archive, out MemberReader? reader))
            {
                ArchiveKind kind = InputNames.KindOf(archive);
                Close(open, keep: OpenArchives - 1);
                reader = MemberReader.Open(archive, kind, wanted.GetValueOrDefault(archive) ?? [], maxBytes);
                open.Add(archive, reader);
            }
            Content content = reader.Read(member);
            if (reader.IsDone)
            {
                open.Remove(archive);
                reader.Dispose();
            }
            return content;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new Content(null, InputReason.Unreadable);
        }
    }

    // Indexed archives can be opened again at any time; a stream that is closed would have to start over.
    private static void Close(Dictionary<string, MemberReader> open, int keep)
    {
        if (open.Count <= keep) return;
        foreach (string archive in open.Keys.Where(static path => InputNames.KindOf(path) != ArchiveKind.TarGz).Take(open.Count - keep).ToList())
        {
            open.Remove(archive, out MemberReader? reader);
            reader!.Dispose();
        }
    }

    private static Dictionary<string, Dictionary<string, int>> Wanted(List<string> paths)
    {
        var wanted = new Dictionary<string, Dictionary<string, int>>(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            if (!InputNames.TrySplit(path, out string archive, out string member) || InputNames.KindOf(archive) != ArchiveKind.TarGz) continue;
            if (!wanted.TryGetValue(archive, out Dictionary<string, int>? members)) wanted.Add(archive, members = new Dictionary<string, int>(StringComparer.Ordinal));
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(members, member, out _)++;
        }
        return wanted;
    }

    private static T? Open<T>(Func<T> open) where T : class
    {
        try
        {
            return open();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
