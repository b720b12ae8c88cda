// An audit as a page: every image with yes, no and unsure, and a button that saves the answered table.

using System.Text;
using System.Text.Json;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Reporting.Page;
using DataFreeKD.Reporting.Pictures;

namespace DataFreeKD.Reporting.Audit;

/// <summary>Writes the page on which a person answers an audit table of <c>dfkd select --advise</c>. One file; it loads nothing and sends
/// nothing.</summary>
internal static class AuditPage
{
    private const string Answer = "answer";

    // 200 photographs of some 6 kB each, and room.
    private const long ImageBytes = 20_000_000;

    /// <summary>Writes it. The page takes part of the answers over that are in the table already.</summary>
    /// <param name="audit">The audit table (.csv), with <c>path</c>, <c>class_name</c> and <c>answer</c>.</param>
    /// <param name="output">The page, .html.</param>
    /// <param name="cancel">Stops; nothing is written then.</param>
    /// <exception cref="TableException">The table cannot be read.</exception>
    public static void Write(string audit, string output, CancellationToken cancel = default)
    {
        List<TableRow> rows;
        using (TableReader table = Table.Open(audit))
        {
            table.Header.Require("path");
            table.Header.Require(Answer);
            rows = [.. table.Rows(cancel)];
        }
        IReadOnlyList<string> header = rows.Count > 0 ? rows[0].Header.Columns : [];
        PictureBudget pictures = new(ImageBytes);
        string[] paths = [.. rows.Select(row => ManifestPath.FromTable(row["path"]!, audit))];
        List<AuditImageView> images =
        [
            .. ImageInputs.Read(paths, cancel: cancel).Select((input, at) => View(input, rows[at], at, pictures)),
        ];
        AuditView page = new(
            Wording.Foreign(Path.GetFileName(audit)),
            Template.Text("style.css"),
            Template.Text("audit.js"),
            Data(Path.GetFileName(audit), header, rows),
            Provenance.ToolVersion.Split('+')[0],
            images
        );
        AtomicFile.WriteAllBytes(output, Encoding.UTF8.GetBytes(Template.Render("audit", page)));
    }

    private static AuditImageView View(ImageInput input, TableRow row, int at, PictureBudget pictures)
    {
        DecodeResult? decoded = input.Bytes is { } bytes ? ImageDecoder.Decode(bytes, DecodeLimits.Local) : null;
        Picture? picture = decoded?.Image is { } image ? pictures.Thumbnail(image) : null;
        string name = Wording.Foreign(row["class_name"] ?? "");
        return new AuditImageView(
            at,
            at + 1,
            picture?.Source ?? "",
            picture?.Width ?? 0,
            picture?.Height ?? 0,
            Wording.Foreign(row["path"]!),
            name,
            decoded?.Reason ?? input.Reason ?? Reason.Unreadable
        );
    }

    // As JSON in a script element: the default encoder escapes <, > and &, so that no text can end the element.
    private static string Data(string file, IReadOnlyList<string> header, IReadOnlyList<TableRow> rows) =>
        JsonSerializer.Serialize(
            new
            {
                file,
                answer = header.ToList().IndexOf(Answer),
                header,
                rows = rows.Select(row => header.Select(column => row[column] ?? "")),
            }
        );
}

/// <summary>An image to answer.</summary>
internal sealed record AuditImageView(
    int Index,
    int Number,
    string Source,
    int Width,
    int Height,
    string Path,
    string ClassName,
    string Missing
);

/// <summary>The page of an audit; script and data are ours and not escaped.</summary>
internal sealed record AuditView(
    string Title,
    string Style,
    string Script,
    string Data,
    string Version,
    IReadOnlyList<AuditImageView> Images
);
