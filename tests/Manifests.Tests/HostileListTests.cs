// Lists that are broken, or made to cost much: what is whole in them is read, and the cost stays in bounds.

using System.Text;
using DataFreeKD.Manifests.Lists;
using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class HostileListTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

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

    private ListEntry[] Entries(string name) =>
        [.. new ListReader(folder[name], column => column is "path" or "url").Entries(TestContext.Current.CancellationToken)];
}
