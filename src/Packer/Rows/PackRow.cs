// A row to pack.

using System.Text.RegularExpressions;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;

namespace DataFreeKD.Packer.Rows;

/// <summary>A row of status <c>ok</c>.</summary>
/// <param name="Row">All its columns.</param>
/// <param name="Path">The image's absolute path; a member of an archive is <c>archive.tar::member</c>.</param>
/// <param name="Class">Its class.</param>
internal sealed partial record PackRow(TableRow Row, string Path, PackClass Class)
{
    /// <summary>The lower-case SHA-256 that the image had when it was scored; null where the table does not tell.</summary>
    public string? Sha256 => Row["sha256"] is { Length: 64 } hash ? hash.ToLowerInvariant() : null;

    /// <summary>The address that the image can be fetched from; null where it came from elsewhere, or out of an archive.</summary>
    public string? Url => Row["source"] is { } source && Address().IsMatch(source) && !ImageInputs.IsMember(source) ? source : null;

    // A list has one address a line, so that nothing may end a line or a field; nothing else is judged.
    [GeneratedRegex(@"\A(?i:https?)://[^\s\p{Cc}]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Address();
}

/// <summary>An image that was read.</summary>
/// <param name="Row">Its row.</param>
/// <param name="Bytes">The file.</param>
/// <param name="Format">As its first bytes tell: <c>jpeg</c>, <c>png</c>, <c>webp</c>, <c>gif</c> or <c>bmp</c>.</param>
internal sealed record PackImage(PackRow Row, byte[] Bytes, string Format);
