// A table folder as one table.

namespace DataFreeKD.Manifests.Folders;

/// <summary>Reads the parts one after another. A part is opened when its first row is asked for.</summary>
internal sealed class FolderTableReader : TableReader
{
    private readonly string folder;
    private readonly TableFolder.Index index;
    private TableReader? part;
    private int next;
    private long rows,
        ofPart;

    public FolderTableReader(string folder, string? pathColumn)
    {
        this.folder = folder;
        index = TableFolder.Read(folder);
        Header = new TableHeader(index.Columns, folder, pathColumn);
    }

    public override TableHeader Header { get; }

    /// <summary>The row's number over all parts.</summary>
    public override long Line => rows;

    public override bool Read()
    {
        while (part is null || !part.Read())
        {
            if (part is not null && ofPart != index.Parts[next - 1].Rows)
                throw new TableException(
                    $"{folder}: {index.Parts[next - 1].File} has {ofPart} rows, and the index says {index.Parts[next - 1].Rows}; write the folder again"
                );
            part?.Dispose();
            part = null;
            if (next == index.Parts.Count)
                return false;
            part = TableFolder.Open(folder, index.Parts[next++], index.Columns);
            ofPart = 0;
        }
        ofPart++;
        rows++;
        return true;
    }

    public override string Text(int column) => part!.Text(column);

    public override ReadOnlySpan<byte> Utf8(int column) => part!.Utf8(column);

    public override bool Is(int column, string text) => part!.Is(column, text);

    public override double Number(int column) => part!.Number(column);

    protected override void Dispose(bool disposing) => part?.Dispose();
}
