// Lists that are broken, or made to cost much: what is whole in them is read, and the cost stays in bounds.

using System.IO.Compression;
using System.Text;
using DataFreeKD.Manifests.Lists;
using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class HostileListTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void One_object_of_millions_of_numbers_is_refused_while_it_is_read()
    {
        File.WriteAllText(
            folder["t.json"],
            "{\"path\": [\"a.png\"],\n\"x\": [" + string.Concat(Enumerable.Repeat("0,", 4_100_000)) + "0]}"
        );
        TableException refused = Assert.Throws<TableException>(() => Entries("t.json"));
        Assert.Contains("four million parts", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    public void Lines_in_other_Unicode_are_whole_beyond_the_first_block(string encoding)
    {
        string[] names = [.. Enumerable.Range(0, 3000).Select(at => $"图片目录名称测试图片{at:0000}.png")];
        File.WriteAllLines(folder["t.txt"], names, Encoding.GetEncoding(encoding));
        Assert.Equal(names, Entries("t.txt").Select(entry => entry.Values![0]));
    }

    [Theory]
    [InlineData("t.json", "// scans of 5\" prints\n[{\"path\": \"NaN.png\", \"n\": NaN}]\n")]
    [InlineData("t.json", "/* 5\" prints */ [{\"path\": \"NaN.png\", \"n\": NaN}]\n")]
    [InlineData("t.json", "/* two lines of\n 5\" prints **/ [{\"path\": \"NaN.png\", \"n\": NaN}]\n")]
    [InlineData("t.jsonl", "{\"path\": \"b.png\n{\"path\": \"NaN.png\", \"n\": NaN}\n")]
    [InlineData("t.jsonl", "{\"path\": \"b.png\\\n{\"path\": \"NaN.png\", \"n\": NaN}\n")]
    [InlineData("t.jsonl", "{\"path\": b\", \"c\": \"x /* y\"}\n{\"path\": \"NaN.png\", \"n\": NaN}\n")]
    public void Quotes_in_comments_and_broken_lines_leave_later_texts_alone(string name, string text)
    {
        File.WriteAllText(folder[name], text);
        ListEntry last = Entries(name)[^1];
        Assert.Equal(["NaN.png", null], last.Values!);
    }

    [Fact]
    public void A_list_of_open_quotes_is_told_line_by_line()
    {
        File.WriteAllText(folder["t.csv"], "url,x\n" + string.Concat(Enumerable.Repeat("a\",\"b\n", 16_000)) + "c,d\n");
        ListEntry[] entries = Entries("t.csv");
        Assert.Equal(16_001, entries.Length);
        Assert.All(entries[..^1], entry => Assert.True(entry.IsBroken));
        Assert.Equal(["c", "d"], entries[^1].Values!);
    }

    [Fact]
    public void Many_images_with_many_fields_in_one_object_are_one_broken_row()
    {
        Write("t.jsonl", 2000, 600);
        Assert.True(Assert.Single(Entries("t.jsonl")).IsBroken);
    }

    [Theory]
    [InlineData(1000, 600)]
    [InlineData(300_000, 4)]
    public void Images_of_one_object_are_rows_with_its_other_fields(int images, int fields)
    {
        Write("t.jsonl", images, fields);
        ListEntry[] entries = Entries("t.jsonl");
        Assert.Equal(images, entries.Length);
        Assert.Equal(fields + 1, entries[^1].Values!.Count);
        Assert.Equal([$"{images - 1}.png", "0"], [entries[^1].Values![^1], entries[^1].Values![0]]);
        Assert.Equal(["image", "k0"], [entries[^1].Names![^1], entries[^1].Names![0]]);
    }

    [Theory]
    [InlineData("{\"path\": [\"a.png\"], \"a\": [", "0]}", 65)]
    [InlineData("[{\"path\": \"a.png\", \"a\": [", "0]}]", 17)]
    public void A_value_too_long_to_hold_is_refused_with_what_to_do(string start, string end, int mebibytes)
    {
        using (GZipStream file = new(File.Create(folder["t.json.gz"]), CompressionLevel.Fastest))
        {
            file.Write(Encoding.UTF8.GetBytes(start));
            byte[] zeros = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("0,", 1 << 19)));
            for (int at = 0; at < mebibytes; at++)
                file.Write(zeros);
            file.Write(Encoding.UTF8.GetBytes(end));
        }
        TableException refused = Assert.Throws<TableException>(() => Entries("t.json.gz"));
        Assert.Contains("jq -c", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(40, 1 << 20)]
    [InlineData(5, 9 << 20)]
    [InlineData(4, 15 << 20)]
    public void An_array_of_any_length_is_read_where_its_elements_are_short(int rows, int length)
    {
        string row = "{\"path\": \"a.png\", \"c\": \"" + new string('x', length) + "\"}";
        File.WriteAllText(folder["t.json"], "[" + string.Join(",", Enumerable.Repeat(row, rows)) + "]");
        Assert.Equal(rows, Entries("t.json").Length);
    }

    private void Write(string name, int images, int fields) =>
        File.WriteAllText(
            folder[name],
            "{\"images\":["
                + string.Join(',', Enumerable.Range(0, images).Select(at => $"\"{at}.png\""))
                + "],"
                + string.Join(',', Enumerable.Range(0, fields).Select(at => $"\"k{at}\":0"))
                + "}"
        );

    private ListEntry[] Entries(string name) =>
        [.. new ListReader(folder[name], column => column is "path" or "url").Entries(TestContext.Current.CancellationToken)];
}
