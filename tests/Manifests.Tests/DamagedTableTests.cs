// Tables that are damaged in ways which the libraries under them do not expect.

using System.Text;
using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class DamagedTableTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_Parquet_file_with_any_changed_bit_of_its_footer_is_read_or_refused_by_name_in_little_memory()
    {
        using (TableWriter writer = Table.Create(folder["good.parquet"], ["path", "entropy"]))
        {
            writer.Write(["a.jpg", "0.5"]);
            writer.Commit();
        }
        byte[] good = File.ReadAllBytes(folder["good.parquet"]);
        int footer = BitConverter.ToInt32(good, good.Length - 8),
            refused = 0;
        for (int bit = 8 * (good.Length - 8 - footer); bit < 8 * (good.Length - 8); bit++)
        {
            byte[] bytes = [.. good];
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            long before = GC.GetAllocatedBytesForCurrentThread();
            File.WriteAllBytes(folder["t.parquet"], bytes);
            try
            {
                using TableReader table = Table.Open(folder["t.parquet"]);
                while (table.Read())
                    _ = table.Text(0);
            }
            catch (TableException problem)
            {
                Assert.Contains("t.parquet", problem.Message, StringComparison.Ordinal);
                refused++;
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
        }
        Assert.True(refused > 0);
    }

    [Theory]
    [InlineData("t.parquet")]
    [InlineData("e.parquet")]
    public void A_Parquet_list_that_claims_billions_of_elements_is_refused_at_once(string name)
    {
        using (TableWriter writer = Table.Create(folder[name], ["path", "entropy"]))
        {
            writer.Write(["a.jpg", "0.5"]);
            writer.Commit();
        }
        byte[] bytes = File.ReadAllBytes(folder[name]);
        // The encodings of a column: a list of two numbers becomes one of about 7 billion, for which a varint of five bytes has room.
        int list = bytes.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0x19, 0x25, 0x00, 0x06]);
        bytes.AsSpan(list + 1, 4).Fill(0xFF);
        File.WriteAllBytes(folder[name], bytes);

        TableException refused = Assert.Throws<TableException>(() =>
            name == "t.parquet" ? (IDisposable)Table.Open(folder[name]) : EmbeddingReader.Open(folder[name])
        );
        Assert.Contains("claims more than it holds", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t.csv", "path,status\na\0.jpg,ok\nb.jpg,ok\n")]
    [InlineData("t.txt", "a\0.jpg\nb.jpg\n")]
    [InlineData("t.txt", "file:///a%00.jpg\nb.jpg\n")]
    public void A_path_with_a_zero_in_it_leads_to_nothing_and_costs_no_other_row(string name, string text)
    {
        File.WriteAllText(folder[name], text);
        using TableReader table = Table.Open(folder[name]);
        string[] paths = [.. table.UsablePaths(TestContext.Current.CancellationToken)];
        Assert.Equal(["a\u2400.jpg", "b.jpg"], paths.Select(Path.GetFileName));
        Assert.All(paths, path => Assert.False(File.Exists(path)));
    }

    [Theory]
    [InlineData("path,\"status\na.jpg,ok\nb.jpg,failed\n")]
    [InlineData("\"path\"x,status\na.jpg,ok\n")]
    public void A_first_line_that_gives_no_names_is_refused_by_name(string text)
    {
        using (
            Stream file = new System.IO.Compression.GZipStream(
                File.Create(folder["t.csv.gz"]),
                System.IO.Compression.CompressionLevel.Fastest
            )
        )
            file.Write(Encoding.UTF8.GetBytes(text));
        string message = Assert.Throws<TableException>(() => Table.Open(folder["t.csv.gz"]).Dispose()).Message;
        Assert.Contains("t.csv.gz: its first line gives no names of columns", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"url\": [\"a\", \"b\u00a3\"], \"path\": [\"a\", \"b\"]}")]
    [InlineData("{\"path\": {\"0\": \"\u00a3\"}}")]
    [InlineData("{\"\u00a3\": 1, \"path\": [\"a\"]}")]
    [InlineData("{\"path\": [\"\\ud800\"]}")]
    [InlineData("{\"columns\": [\"path\"], \"data\": [[\"\u00a3\"]]}")]
    public void One_object_of_JSON_with_text_that_is_none_is_refused_by_name(string text)
    {
        // Latin-1 on the disk: no UTF-8.
        File.WriteAllBytes(folder["t.json"], Encoding.Latin1.GetBytes(text));
        string message = Assert
            .Throws<TableException>(() =>
            {
                using TableReader table = Table.Open(folder["t.json"]);
                while (table.Read())
                    _ = table.Text(0);
            })
            .Message;
        Assert.Contains("t.json", message, StringComparison.Ordinal);
    }
}
