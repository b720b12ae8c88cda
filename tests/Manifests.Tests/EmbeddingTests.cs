// Embeddings: what is written is read, row by row, and what is no embedding is refused.

using System.Runtime.InteropServices;
using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class EmbeddingTests : IDisposable
{
    private const int Rows = 7,
        Width = 3;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("e.npy")]
    [InlineData("e.parquet")]
    public void Vectors_come_back_by_their_rows(string name)
    {
        using EmbeddingReader reader = EmbeddingReader.Open(Written(name));
        Assert.Equal((Rows, Width), (reader.Rows, reader.Width));
        List<string> taken = [];
        reader.Read([0, 3, 3, 6], (at, vector) => taken.Add($"{at}: {string.Join(' ', vector.ToArray())}"));
        Assert.Equal(["0: 0 1 2", "1: 9 10 11", "2: 9 10 11", "3: 18 19 20"], taken);
    }

    [Fact]
    public void A_file_of_NumPy_version_2_is_read()
    {
        string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n";
        File.WriteAllBytes(
            folder["two.npy"],
            [
                0x93,
                .. "NUMPY"u8,
                2,
                0,
                (byte)header.Length,
                0,
                0,
                0,
                .. System.Text.Encoding.ASCII.GetBytes(header),
                .. MemoryMarshal.AsBytes<float>([5, 6]),
            ]
        );
        using EmbeddingReader reader = EmbeddingReader.Open(folder["two.npy"]);
        float[] vector = [];
        reader.Read([0], (_, values) => vector = values.ToArray());
        Assert.Equal([5, 6], vector);
    }

    [Fact]
    public void What_holds_no_vectors_is_refused_with_the_cure()
    {
        Assert.Contains("does not exist", Refusal("none.npy"), StringComparison.Ordinal);
        Assert.Contains(".npy or .parquet", Refusal("e.txt"), StringComparison.Ordinal);
        File.WriteAllText(folder["text.npy"], "no numbers here at all");
        Assert.Contains("not a .npy file", Refusal("text.npy"), StringComparison.Ordinal);
        File.WriteAllText(folder["text.parquet"], "no numbers here at all");
        Assert.Contains("not a Parquet file", Refusal("text.parquet"), StringComparison.Ordinal);
        byte[] whole = File.ReadAllBytes(Written("e.npy"));
        File.WriteAllBytes(folder["cut.npy"], whole[..^4]);
        Assert.Contains("7 x 3", Refusal("cut.npy"), StringComparison.Ordinal);
        int kind = System.Text.Encoding.Latin1.GetString(whole).IndexOf("<f4", StringComparison.Ordinal);
        whole[kind + 2] = (byte)'8';
        File.WriteAllBytes(folder["double.npy"], whole);
        Assert.Contains("float32", Refusal("double.npy"), StringComparison.Ordinal);
        using (TableWriter table = Table.Create(folder["table.parquet"], ["path"]))
        {
            table.Write(["a.jpg"]);
            table.Commit();
        }
        Assert.Contains("no column 'embedding'", Refusal("table.parquet"), StringComparison.Ordinal);
    }

    private string Refusal(string name) => Assert.Throws<TableException>(() => EmbeddingReader.Open(folder[name])).Message;

    private string Written(string name)
    {
        float[] values = [.. Enumerable.Range(0, Rows * Width).Select(value => (float)value)];
        File.WriteAllBytes(folder["part"], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        EmbeddingFile.Write(folder[name], Rows, Width, [folder["part"]], Enumerable.Range(0, Rows).Select(row => $"{row}.jpg"));
        return folder[name];
    }
}
