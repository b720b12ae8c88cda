// Tables that are damaged in ways which the libraries under them do not expect.

using System.Text;
using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class DamagedTableTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_Parquet_file_with_any_changed_byte_of_its_footer_is_read_or_refused_by_name()
    {
        using (TableWriter writer = Table.Create(folder["good.parquet"], ["path", "entropy"]))
        {
            writer.Write(["a.jpg", "0.5"]);
            writer.Commit();
        }
        byte[] good = File.ReadAllBytes(folder["good.parquet"]);
        int footer = BitConverter.ToInt32(good, good.Length - 8), refused = 0;
        for (int at = good.Length - 8 - footer; at < good.Length - 8; at++)
        {
            byte[] bytes = [.. good];
            bytes[at] ^= (byte)(1 << (at % 8));
            File.WriteAllBytes(folder["t.parquet"], bytes);
            try
            {
                using TableReader table = Table.Open(folder["t.parquet"]);
                while (table.Read()) _ = table.Text(0);
            }
            catch (TableException problem)
            {
                Assert.Contains("t.parquet", problem.Message, StringComparison.Ordinal);
                refused++;
            }
        }
        Assert.True(refused > 0);
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
        string message = Assert.Throws<TableException>(() =>
        {
            using TableReader table = Table.Open(folder["t.json"]);
            while (table.Read()) _ = table.Text(0);
        }).Message;
        Assert.Contains("t.json", message, StringComparison.Ordinal);
    }
}
