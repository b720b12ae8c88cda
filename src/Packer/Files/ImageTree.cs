// Images in a folder tree under names of their own.

using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Packer.Names;
using DataFreeKD.Packer.Rows;

namespace DataFreeKD.Packer.Files;

/// <summary>Places images. Names are those of the files they come from, made portable and unique, with the ending that their content asks
/// for.</summary>
/// <param name="folder">The output.</param>
/// <param name="inside">The folder in it for the images; empty for the output itself.</param>
/// <param name="layout">Side by side, or by class.</param>
internal sealed class ImageTree(OutputFolder folder, string inside, ImageLayout layout)
{
    // What the formats' headers need at most to be told apart.
    private const int HeaderBytes = 32;

    private readonly UniqueNames names = new();
    private readonly HashSet<string> made = new(StringComparer.Ordinal);

    /// <summary>Writes an image; gives its path below <c>inside</c>, with forward slashes.</summary>
    public string Copy(PackImage image)
    {
        string place = Place(image.Row, image.Format);
        File.WriteAllBytes(Staged(place), image.Bytes);
        return place;
    }

    /// <summary>Links to the file that a row names; gives the link's path below <c>inside</c>, or why there is none.</summary>
    /// <exception cref="PackException">The system lets nobody make links here.</exception>
    public (string? Place, string? Reason) Link(PackRow row)
    {
        (string format, string? reason) = Glimpse(row.Path);
        if (reason is not null)
            return (null, reason);
        string place = Place(row, format),
            staged = Staged(place);
        string target = Path.GetRelativePath(Path.GetDirectoryName(Path.Combine(folder.Path, inside, place))!, row.Path);
        try
        {
            File.CreateSymbolicLink(staged, target);
            if (Opens(staged))
                return (place, null);
            // Where a folder above is itself a link, going up does not lead where the names say.
            File.Delete(staged);
            File.CreateSymbolicLink(staged, row.Path);
            return (place, null);
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            throw new PackException(
                $"no link can be made in {folder.Path} ({refusal.Message}); give Copy, or name a folder on another file system",
                refusal
            )
            {
                Options = [nameof(PackOptions.Copy)],
            };
        }
    }

    private static (string Format, string? Reason) Glimpse(string path)
    {
        try
        {
            // As everywhere: a link is not followed, whoever made it.
            if (new FileInfo(path).LinkTarget is not null)
                return ("", Reason.Link);
            Span<byte> start = stackalloc byte[HeaderBytes];
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0);
            string format = ImageDecoder.FormatOf(start[..file.ReadAtLeast(start, HeaderBytes, throwOnEndOfStream: false)]);
            return (format, format.Length > 0 ? null : Reason.UnknownFormat);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return ("", Reason.Unreadable);
        }
    }

    // A link that leads nowhere counts as a file that exists.
    private static bool Opens(string path)
    {
        try
        {
            File.OpenHandle(path).Dispose();
            return true;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private string Place(PackRow row, string format)
    {
        string of = layout == ImageLayout.Classes ? row.Class.Folder : "";
        string name = names.Take(of, PortableName.Of(Stem(row.Path), "image"), format == "jpeg" ? ".jpg" : $".{format}");
        return of.Length > 0 ? $"{of}/{name}" : name;
    }

    private string Staged(string place)
    {
        string file = Path.Combine(folder.Staging, inside, place);
        if (Path.GetDirectoryName(file) is { } parent && made.Add(parent))
            Directory.CreateDirectory(parent);
        return file;
    }

    // The file's own name, or the member's.
    private static string Stem(string path)
    {
        string inner = ImageInputs.IsMember(path)
            ? path[(path.LastIndexOf(ManifestPath.MemberSeparator, StringComparison.Ordinal) + ManifestPath.MemberSeparator.Length)..]
            : path;
        string name = inner[(inner.LastIndexOfAny(['/', '\\']) + 1)..];
        return ImageInputs.MayBeImage(name) ? Path.GetFileNameWithoutExtension(name) : name;
    }
}
