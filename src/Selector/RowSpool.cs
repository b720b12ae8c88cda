// Rows that come in the table's order and go out in the order of their rank, by way of a file, so that a large selection needs no memory
// for its text.

using System.Text;

namespace DataFreeKD.Selector;

/// <summary>A temporary file of rows, read back by rank. It vanishes with this object.</summary>
internal sealed class RowSpool : IDisposable
{
    private readonly FileStream file;
    private readonly BinaryWriter writer;
    private readonly BinaryReader reader;
    private readonly long[] places;

    public RowSpool(string output, int rows)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(output))!;
        Directory.CreateDirectory(folder);
        file = new FileStream(
            Path.Combine(folder, $".{Path.GetFileName(output)}.{Environment.ProcessId}.rows"),
            FileMode.Create,
            FileAccess.ReadWrite,
            FileShare.None,
            64 << 10,
            FileOptions.DeleteOnClose
        );
        writer = new BinaryWriter(file, Encoding.UTF8, leaveOpen: true);
        reader = new BinaryReader(file, Encoding.UTF8, leaveOpen: true);
        places = new long[rows];
    }

    public void Add(int rank, string[] fields)
    {
        places[rank] = file.Position;
        writer.Write7BitEncodedInt(fields.Length);
        foreach (string field in fields)
            writer.Write(field);
    }

    public string[] Read(int rank)
    {
        file.Position = places[rank];
        string[] fields = new string[reader.Read7BitEncodedInt()];
        for (int at = 0; at < fields.Length; at++)
            fields[at] = reader.ReadString();
        return fields;
    }

    public void Dispose()
    {
        writer.Dispose();
        reader.Dispose();
        file.Dispose();
    }
}
