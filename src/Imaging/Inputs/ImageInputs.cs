// Where images come from on this machine: folders, files, globs, tar (also gzipped) and zip archives, Parquet files with images in them.

using DataFreeKD.Imaging.Formats;
using DataFreeKD.Storage;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>One image-to-be.</summary>
/// <param name="Path">Absolute path; a member of an archive is <c>archive.tar::member</c>.</param>
/// <param name="Bytes">The content; null where it could not be read or was over the limit.</param>
/// <param name="Reason">Why it could not be had (<c>not_found</c>, <c>permission</c>, <c>not_a_file</c>, <c>unreadable</c>,
/// <c>too_large</c>, <c>empty</c>, <c>unsafe_path</c>, <c>link</c>, <c>truncated</c>, <c>encrypted</c>, <c>overlapping_members</c>,
/// <c>archive</c>, <c>nested_archive</c>, <c>bad_checksum</c>, <c>name_not_utf8</c>, <c>address</c>, <c>data_uri</c>, or with a name after
/// a slash <c>unsupported_format</c> and <c>not_an_image</c>); null on success.</param>
internal sealed record ImageInput(string Path, byte[]? Bytes, string? Reason)
{
    private static readonly IReadOnlyDictionary<string, string> Nothing = new Dictionary<string, string>();

    /// <summary>The content; null where it could not be read or was over the limit, and empty once it was released.</summary>
    public byte[]? Bytes { get; private set; } = Bytes;

    /// <summary>Text of the archive's members that tell of this one, by their endings: <c>txt</c>, <c>caption</c>, <c>json</c>, <c>cls</c>
    /// (webdataset's samples).</summary>
    /// <value>Nothing.</value>
    public IReadOnlyDictionary<string, string> Beside { get; init; } = Nothing;

    /// <summary>The mark of the content that it is of, or its archive is of, where that lies on S3-compatible storage: the ETag.</summary>
    /// <value>Null: a file's.</value>
    public string? Mark { get; init; }

    /// <summary>Lets go of the content, for whoever has decoded it: those who found the image hold this record until they read the
    /// next.</summary>
    public void Release()
    {
        if (Bytes is not null)
            Bytes = [];
    }
}

/// <summary>Enumerates and reads local images; what a file is, its bytes tell. Order is deterministic: ordinal by path within a folder,
/// archive order within an archive. An archive that is damaged ends with a row of its own path and the reason.</summary>
internal static partial class ImageInputs
{
    /// <summary>Archives that <see cref="Read"/> keeps open at a time.</summary>
    private const int OpenArchives = 32;

    /// <summary>Bytes that tell a format.</summary>
    private const int HeaderBytes = 32;

    private static readonly InputOptions Usual = new(),
        Trusted = new() { FollowLinks = true };

    /// <summary>
    /// Streams every file of a folder (recursive), a file, what matches a glob (<c>*</c>, <c>**</c>, <c>?</c>), or the members of an
    /// archive; a source that is an archive, or matches as one, is opened, one within a folder is told as <c>archive</c>.
    /// Files that are no images are given too. Bytes are read lazily, one at a time. A source that is itself a link is followed.
    /// </summary>
    /// <exception cref="FileNotFoundException">Nothing is there; the message says what was looked for.</exception>
    public static IEnumerable<ImageInput> Enumerate(string source, InputOptions? options = null, CancellationToken cancel = default)
    {
        (IEnumerable<FoundFile> files, bool opens, options) = Opened(source, options, cancel);
        return Walk(files, opens, options, cancel);
    }

    /// <summary>The paths of the images that <see cref="Enumerate"/> gives, in its order, told by name and else by the first bytes;
    /// contents are not read. Links are followed where <paramref name="options"/> say so.</summary>
    /// <exception cref="FileNotFoundException">Nothing is there; the message says what was looked for.</exception>
    public static IEnumerable<string> Paths(string source, InputOptions? options = null, CancellationToken cancel = default)
    {
        (IEnumerable<FoundFile> files, bool opens, options) = Opened(source, options, cancel);
        return List(files, opens, options.FollowLinks, cancel);
    }

    // A file that is named itself is meant, link or not.
    private static (IEnumerable<FoundFile> Files, bool Opens, InputOptions Options) Opened(
        string source,
        InputOptions? options,
        CancellationToken cancel
    )
    {
        options ??= Usual;
        if (BucketName.Fits(source))
            return (BucketInputs.Find(source, cancel), true, options);
        (IEnumerable<FoundFile> files, bool opens, bool named) = Find(source, options.FollowLinks);
        return (files, opens, named ? options with { FollowLinks = true } : options);
    }

    /// <summary>
    /// Reads given paths (as in <see cref="ImageInput.Path"/>), in the order given. Plain tar and zip are indexed for random access;
    /// a gzipped tar is streamed once, whatever the order: members that come by before their turn are kept until then, so that memory is
    /// bounded by the contents asked for.
    /// </summary>
    /// <param name="paths">The paths.</param>
    /// <param name="options">Null: links are followed, as whoever asks has the paths from a stage that looked at them.</param>
    /// <param name="cancel">Stops.</param>
    public static IEnumerable<ImageInput> Read(IEnumerable<string> paths, InputOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return ReadAll([.. paths], options ?? Trusted, cancel);
    }

    /// <summary>
    /// The files of a folder or glob, in the order of <see cref="Enumerate"/>, where all of them are of one kind, say lists of images
    /// rather than images; null for another source, and where one file is not. Hidden files, and those
    /// that data tools leave beside their own (<c>_SUCCESS</c>, <c>README.md</c>, a licence), do not count.
    /// </summary>
    /// <param name="source">As for <see cref="Enumerate"/>.</param>
    /// <param name="isOfKind">Told the path of each.</param>
    public static IReadOnlyList<string>? AllOf(string source, Func<string, bool> isOfKind)
    {
        ArgumentNullException.ThrowIfNull(isOfKind);
        if (BucketName.Fits(source))
            return null;
        string path = Path.GetFullPath(source);
        // One table, whatever files it is made of.
        if (Manifests.Folders.TableFolder.Fits(path))
            return null;
        Manifests.Folders.TableFolder.RefuseUnfinished(path);
        if (!Directory.Exists(path) && (File.Exists(path) || !Glob.IsGlob(source) || !Directory.Exists(Glob.Parse(source).Folder)))
            return null;
        List<string> all = new();
        foreach (FoundFile file in Find(source, followLinks: true).Files)
        {
            string name = Path.GetFileName(file.Path);
            if (
                name[0] is '.' or '_'
                || name.StartsWith("README", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("LICEN", StringComparison.OrdinalIgnoreCase)
            )
                continue;
            if (file.Reason is not null || !isOfKind(file.Path))
                return null;
            all.Add(file.Path);
        }
        return all.Count > 0 ? all : null;
    }

    /// <summary>Whether a name ends as an image's does, or has no ending.</summary>
    public static bool MayBeImage(string name) => InputNames.MayBeImage(name);

    /// <summary>Whether a name ends as an archive that is read does.</summary>
    public static bool IsArchive(string name) => InputNames.KindOf(name) is not null;

    /// <summary>Whether a path leads to a file with bytes of its own, and not to a folder, a pipe or a device.</summary>
    public static bool IsFile(string path) => FileFacts.Of(path).Type == FileType.Regular;

    /// <summary>Whether a file is an archive that is read, by its bytes, or where those tell nothing by its name.</summary>
    public static bool IsArchive(string path, InputOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return KindOf(new InputFile(path), options.FollowLinks) is not null;
    }

    /// <summary>Whether a source or a path is on S3-compatible storage.</summary>
    public static bool IsInBucket(string path) => BucketName.Fits(path);

    /// <summary>What stands for the content of all that a source on S3-compatible storage names.</summary>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    /// <exception cref="StorageException">The bucket cannot be asked.</exception>
    public static string MarkOf(string source, CancellationToken cancel) => BucketInputs.MarkOf(source, cancel);

    /// <summary>Whether a path is of a member of an archive that is read: <c>archive.tar::member</c>.</summary>
    public static bool IsMember(string path) => InputNames.TrySplit(path, out _, out _);

    private static (IEnumerable<FoundFile> Files, bool Opens, bool Named) Find(string source, bool followLinks)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(source);
        string path = Path.GetFullPath(source);
        if (Directory.Exists(path))
            return (FolderWalk.Files(path, followLinks: followLinks), false, false);
        if (File.Exists(path))
            return ([new FoundFile(path, null)], true, true);
        if (Glob.IsGlob(source))
        {
            Glob glob = Glob.Parse(source);
            if (!Directory.Exists(glob.Folder))
                throw new FileNotFoundException($"no folder '{glob.Folder}' for the pattern '{source}'", source);
            return (glob.Files(followLinks), true, false);
        }
        throw new FileNotFoundException($"no file, folder or archive '{path}'", source);
    }

    // By content; a name that promises an archive is believed where the content is nothing else, so that damage is told as such.
    private static ArchiveKind? KindOf(InputFile file, bool followLinks)
    {
        ArchiveKind? promised = InputNames.KindOf(file.Path);
        // Members are named by the object's name, and what reads such a name again goes by its ending.
        if (file.IsObject && promised is null)
            return null;
        try
        {
            if (file.Start(ArchiveSniffer.Window, followLinks) is not { } start)
                return null;
            if (ArchiveSniffer.IsParquet(start))
                return !file.IsObject && HoldsImages(file.Path) ? ArchiveKind.Parquet : null;
            if (ArchiveSniffer.Of(start) is { } kind)
                return kind;
            // A program may stand before a zip; a gzipped tar may be cut, or empty, before its first header ends.
            bool may =
                promised == ArchiveKind.Zip ? ImageHeader.Read(start).Format.Length == 0 && !FileSignature.IsPacked(start)
                : ArchiveSniffer.IsGzip(start) ? ArchiveSniffer.MayBeTar(start)
                : ImageHeader.Read(start) is { Format: "", Reason: Reason.UnknownFormat };
            return may ? promised : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static bool HoldsImages(string path)
    {
        try
        {
            return Manifests.ParquetImages.Fits(path);
        }
        catch (Manifests.TableException)
        {
            // Damaged: a row says so.
            return false;
        }
    }

    private static IEnumerable<ImageInput> Walk(IEnumerable<FoundFile> files, bool opens, InputOptions options, CancellationToken cancel)
    {
        foreach (FoundFile file in files)
        {
            cancel.ThrowIfCancellationRequested();
            if (file.Reason is not null)
            {
                yield return new ImageInput(file.Path, null, file.Reason);
                continue;
            }
            InputFile opened = new(file.Path, file.Stored, cancel);
            if (!opens || KindOf(opened, options.FollowLinks) is not { } kind)
            {
                Content content = CappedRead.File(opened, options);
                yield return new ImageInput(file.Path, content.Bytes, content.Reason) { Mark = opened.Mark };
                continue;
            }
            bool any = false;
            RepeatedNames names = new(file.Path);
            using MemberWalk? walk = Open(() => MemberWalk.Open(opened, kind), out string? closed);
            if (walk is not null)
            {
                foreach (ImageInput input in MemberSamples.Of(walk, file.Path, options.MaxBytes))
                {
                    cancel.ThrowIfCancellationRequested();
                    any = true;
                    names.See(input.Path);
                    yield return opened.IsObject ? input with { Mark = opened.Mark } : input;
                }
            }
            if ((walk is null ? closed : walk.Failure ?? (any ? null : Reason.Empty)) is { } failure)
                yield return new ImageInput(file.Path, null, failure) { Mark = opened.Mark };
        }
    }

    private static IEnumerable<string> List(IEnumerable<FoundFile> files, bool opens, bool followLinks, CancellationToken cancel)
    {
        foreach (FoundFile file in files)
        {
            cancel.ThrowIfCancellationRequested();
            if (file.Reason is not null)
                continue;
            InputFile opened = new(file.Path, file.Stored, cancel);
            if (!opens || KindOf(opened, followLinks) is not { } kind)
            {
                if (IsImage(opened, followLinks))
                    yield return file.Path;
                continue;
            }
            using MemberWalk? walk = Open(() => MemberWalk.Open(opened, kind), out _);
            while (walk is not null && walk.Next())
            {
                cancel.ThrowIfCancellationRequested();
                if (
                    walk.Refusal is null
                    && (InputNames.MayBeImage(walk.Name) || ImageHeader.Read(walk.Start(HeaderBytes)).Format.Length > 0)
                )
                    yield return InputNames.Join(file.Path, walk.Name);
            }
        }
    }

    private static bool IsImage(InputFile file, bool followLinks)
    {
        if (file.Refusal(followLinks) is not null)
            return false;
        return InputNames.MayBeImage(file.Path)
            || file.Start(HeaderBytes, followLinks) is { } start && ImageHeader.Read(start).Format.Length > 0;
    }

    private static IEnumerable<ImageInput> ReadAll(List<string> paths, InputOptions options, CancellationToken cancel)
    {
        Dictionary<string, ArchiveFile> archives = new(StringComparer.Ordinal);
        Dictionary<string, Dictionary<string, int>> wanted = Wanted(paths, archives, options.FollowLinks, cancel);
        Dictionary<string, MemberReader> open = new(StringComparer.Ordinal);
        try
        {
            foreach (string path in paths)
            {
                cancel.ThrowIfCancellationRequested();
                if (!options.Buckets && IsInBucket(path))
                {
                    yield return new ImageInput(path, null, Reason.Address);
                    continue;
                }
                bool isMember = InputNames.TrySplit(path, out string archive, out string member);
                Content content =
                    !isMember ? CappedRead.File(new InputFile(path, cancel: cancel), options)
                    : !InputNames.IsSafe(member) ? new Content(null, Reason.UnsafePath)
                    : ReadMember(archives[archive], member, open, wanted, options);
                yield return new ImageInput(path, content.Bytes, content.Reason) { Mark = isMember ? archives[archive].File.Mark : null };
            }
        }
        finally
        {
            foreach (MemberReader reader in open.Values)
                reader.Dispose();
        }
    }

    private static Content ReadMember(
        ArchiveFile archive,
        string member,
        Dictionary<string, MemberReader> open,
        Dictionary<string, Dictionary<string, int>> wanted,
        InputOptions options
    )
    {
        try
        {
            string path = archive.File.Path;
            if (!open.TryGetValue(path, out MemberReader? reader))
            {
                if (archive.File.Refusal(options.FollowLinks) is { } refusal)
                    return new Content(null, refusal);
                if (archive.KindOf(options.FollowLinks) is not { } kind)
                    return new Content(null, Reason.Unreadable);
                Close(open, keep: OpenArchives - 1);
                reader = MemberReader.Open(archive.File, kind, wanted.GetValueOrDefault(path) ?? [], options.MaxBytes);
                open.Add(path, reader);
            }
            Content content = reader.Read(member);
            if (reader.IsDone)
            {
                open.Remove(path);
                reader.Dispose();
            }
            return content;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new Content(null, OpenFile.ReasonOf(error));
        }
    }

    // Indexed archives can be opened again at any time; a stream that is closed would have to start over.
    private static void Close(Dictionary<string, MemberReader> open, int keep)
    {
        if (open.Count <= keep)
            return;
        foreach (
            string archive in open.Where(static pair => !pair.Value.IsStream)
                .Select(static pair => pair.Key)
                .Take(open.Count - keep)
                .ToList()
        )
        {
            open.Remove(archive, out MemberReader? reader);
            reader!.Dispose();
        }
    }

    // What is wanted of each stream; of the other kinds nothing need be known before.
    private static Dictionary<string, Dictionary<string, int>> Wanted(
        List<string> paths,
        Dictionary<string, ArchiveFile> archives,
        bool followLinks,
        CancellationToken cancel
    )
    {
        Dictionary<string, Dictionary<string, int>> wanted = new(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            if (!InputNames.TrySplit(path, out string archive, out string member))
                continue;
            if (!archives.TryGetValue(archive, out ArchiveFile? file))
                archives.Add(archive, file = new ArchiveFile(new InputFile(archive, cancel: cancel)));
            // An object is asked for when it is its turn: one that is packed in spite of its name is then read anew for each member.
            if ((file.File.IsObject ? InputNames.KindOf(archive) : file.KindOf(followLinks)) != ArchiveKind.TarGz)
                continue;
            if (!wanted.TryGetValue(archive, out Dictionary<string, int>? members))
                wanted.Add(archive, members = new Dictionary<string, int>(StringComparer.Ordinal));
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(members, member, out _)++;
        }
        return wanted;
    }

    /// <summary>An archive of which members are wanted.</summary>
    private sealed class ArchiveFile(InputFile file)
    {
        private (ArchiveKind? Kind, bool Known) kind;

        public InputFile File => file;

        public ArchiveKind? KindOf(bool followLinks)
        {
            if (!kind.Known)
                kind = (file.IsObject && ObjectIndexes.Has(file) ? ArchiveKind.Tar : ImageInputs.KindOf(file, followLinks), true);
            return kind.Kind;
        }
    }

    private static T? Open<T>(Func<T> open, out string? reason)
        where T : class
    {
        reason = null;
        try
        {
            return open();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            reason = OpenFile.ReasonOf(error);
            return null;
        }
    }
}
