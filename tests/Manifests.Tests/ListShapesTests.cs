// JSON and separated values in all the shapes that tools write: every row is there, or the list is refused by name.

using System.Text;
using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class ListShapesTests : IDisposable
{
    private readonly TempFolder folder = new();

    public ListShapesTests()
    {
        foreach (string name in new[] { "0.png", "1.png", "a,b.png", "#h.png" })
            File.WriteAllText(folder[name], "x");
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("t.jsonl", "{\n \"path\": \"0.png\"\n}\n{\n \"path\": \"1.png\"\n}\n")]
    [InlineData("t.json", "{\n \"path\": \"0.png\"\n}\n{\n \"path\": \"1.png\"\n}\n")]
    [InlineData("t.json", "{\"path\": \"0.png\"}{\"path\": \"1.png\"}")]
    [InlineData("t.jsonl", "{\"path\": \"0.png\"} {\"path\": \"1.png\"}\n")]
    [InlineData("t.jsonl", "[{\"path\": \"0.png\"}, {\"path\": \"1.png\"}]")]
    [InlineData("t.jsonl", "[\n {\"path\": \"0.png\"},\n {\"path\": \"1.png\"}\n]\n")]
    [InlineData("t.jsonl", "[{\"path\": \"0.png\"}]\n[{\"path\": \"1.png\"}]\n")]
    [InlineData("t.json", "[[\"path\", \"label\"], [\"0.png\", 1], [\"1.png\", 2]]")]
    [InlineData("t.json", "[[\"0.png\", \"cat\"], [\"1.png\", \"dog\"]]")]
    [InlineData("t.json", "[[\"0.png\"], [\"1.png\"]]")]
    [InlineData("t.jsonl", "[\"path\", \"label\"]\n[\"0.png\", 1]\n[\"1.png\", 2]\n")]
    [InlineData("t.json", "[\"0.png\", \"1.png\"]")]
    [InlineData("t.json", "{\"images\": [\"0.png\", \"1.png\"]}")]
    [InlineData("t.json", "{\"data\": [{\"image\": \"0.png\"}, {\"image\": \"1.png\"}], \"version\": 2}")]
    [InlineData("t.json", "{\"train\": [{\"image\": \"0.png\"}], \"val\": [{\"image\": \"1.png\"}]}")]
    [InlineData(
        "t.json",
        "{\"images\": [{\"file_name\": \"0.png\"}, {\"file_name\": \"1.png\"}], \"annotations\": [{\"file_name\": \"mask.png\"}]}"
    )]
    [InlineData("t.jsonl", "{\"image\": {\"path\": \"0.png\", \"bytes\": null}}\n{\"image\": {\"bytes\": null, \"path\": \"1.png\"}}\n")]
    [InlineData("t.jsonl", "{\"image\": {\"src\": \"0.png\", \"width\": 4}}\n{\"image\": {\"file\": {\"path\": \"1.png\"}}}\n")]
    [InlineData("t.jsonl", "{\"images\": [\"0.png\", \"1.png\"], \"text\": \"both\"}\n{\"images\": []}\n")]
    [InlineData("t.jsonl", "{\"images\": [{\"path\": \"0.png\"}], \"n\": 1}\n{\"image\": \"1.png\", \"n\": 2}\n")]
    [InlineData("t.json", "[{\"image\": [\"0.png\", \"1.png\"], \"text\": \"both\"}]")]
    [InlineData("t.jsonl", "{\"path\": \"0.png\", \"x\": NaN}\n{\"path\": \"1.png\", \"x\": -Infinity}\n")]
    [InlineData("t.json", "[{\"path\": \"0.png\", \"x\": NaN}, {\"path\": \"1.png\", \"c\": \"a \\\"NaN\\\" - Infinity\"}]")]
    [InlineData("t.jsonl", "{\"path\": \"0.png\"}\n{\"file_name\": \"1.png\"}\n")]
    [InlineData("t.csv", "\"sep=,\"\r\npath,l\r\n0.png,a\r\n1.png,b\r\n")]
    [InlineData("t.csv", "sep=;\npath;l\n0.png;a\n1.png;b\n")]
    [InlineData("t.csv", "sep=\t\npath\tl\n0.png\ta\n1.png\tb\n")]
    [InlineData("t.csv", "#path,l\n0.png,1\n1.png,2\n")]
    [InlineData("t.csv", "# made by a tool\n# path,l\n0.png,1\n1.png,2\n")]
    [InlineData("t.tsv", "#file\tl\n0.png\t1\n1.png\t2\n")]
    [InlineData("t.csv", "path\tcaption\n0.png\thello, world\n1.png\tx, y, z\n")]
    [InlineData("t.csv", "path,l\n0.png,1,\n1.png,2,\n")]
    [InlineData("t.csv", "path,l,\n0.png,1\n1.png,2\n")]
    [InlineData("t.csv", "path,l\n0.png,1,\n1.png,2\n")]
    [InlineData("t.csv", "path,l\r0.png,1\r1.png,2\r")]
    [InlineData("t.csv", "path,l\n0.png,1\n1.png,2\n\u001a")]
    [InlineData("t.csv", "path,l\n0.png,1\n1.png,2\n\0\0\0\0\0\0")]
    [InlineData("t.csv", "\ufeff\ufeffpath,l\n0.png,1\n1.png,2\n")]
    public void Every_row_of_a_list_is_there(string name, string text) => Assert.Equal(["0.png", "1.png"], Paths(name, text));

    [Theory]
    [InlineData("t.csv", "a,b.png\n0.png\n")]
    [InlineData("t.csv", "0.png\na,b.png\n")]
    [InlineData("t.txt", "0.png\na,b.png\n")]
    public void A_list_without_names_may_have_separators_within_them(string name, string text) =>
        Assert.Equal(["0.png", "a,b.png"], Paths(name, text).Order(StringComparer.Ordinal));

    [Fact]
    public void Addresses_with_commas_are_not_cut()
    {
        string[] addresses = ["https://example.org/a,b.jpg", "https://example.org/c.jpg"];
        File.WriteAllLines(folder["t.csv"], addresses);
        using TableReader table = Table.Open(folder["t.csv"]);
        Assert.Equal(addresses, table.Rows(TestContext.Current.CancellationToken).Select(row => row["url"]));
    }

    [Theory]
    [InlineData("https://example.org/a.jpg 200\nhttps://example.org/b.jpg 404\n", "https://example.org/a.jpg")]
    [InlineData("a.jpg https://example.org/a.jpg\n", null)]
    public void An_address_ends_before_a_space_that_follows_an_images_name(string text, string? first)
    {
        File.WriteAllText(folder["t.txt"], text);
        using TableReader table = Table.Open(folder["t.txt"]);
        Assert.Equal(first ?? "https://example.org/a.jpg", table.Rows(TestContext.Current.CancellationToken).First()["url"]);
    }

    [Theory]
    [InlineData("\"image\": [\"0.png\", \"1.png\"]")]
    [InlineData("\"images\": [\"0.png\", \"1.png\"]")]
    [InlineData("\"images\": [{\"path\": \"0.png\"}, {\"path\": \"1.png\"}]")]
    public void One_line_of_JSON_is_one_row_with_its_other_fields(string images)
    {
        File.WriteAllText(folder["t.jsonl"], $"{{\"conversations\": [{{\"from\": \"human\"}}], \"id\": 7, {images}}}\n");
        using TableReader table = Table.Open(folder["t.jsonl"]);
        Assert.Equal(
            [("0.png", "7"), ("1.png", "7")],
            table.Rows(TestContext.Current.CancellationToken).Select(row => (row["path"]!, row["id"]!))
        );
    }

    [Fact]
    public void A_first_row_whose_file_is_missing_is_no_line_of_names() =>
        Assert.Equal(["nope.png", "0.png"], Paths("t.csv", "nope.png,1\n0.png,2\n"));

    [Fact]
    public void A_file_whose_name_begins_like_a_remark_is_a_row() =>
        Assert.Equal(["#h.png", "0.png"], Paths("t.txt", "#h.png\n# a remark\n0.png\n"));

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    [InlineData("utf-32BE")]
    public void All_of_Unicode_is_read_with_a_mark_and_without(string name)
    {
        Encoding encoding = Encoding.GetEncoding(name);
        foreach (byte[] mark in (byte[][])[encoding.GetPreamble(), []])
        {
            foreach (
                (string file, string text) in new[]
                {
                    ("t.csv", "path,c\n0.png,\u00e9\n"),
                    ("t.jsonl", "{\"path\": \"0.png\", \"c\": \"\u00e9\"}\n{\"path\": \"0.png\", \"c\": \"\u00e9\"}\n"),
                    ("t.json", "[{\"path\": \"0.png\", \"c\": \"\u00e9\"}]"),
                    ("u.json", "{\"images\": [{\"path\": \"0.png\", \"c\": \"\u00e9\"}]}"),
                }
            )
            {
                File.WriteAllBytes(folder[file], [.. mark, .. encoding.GetBytes(text)]);
                using TableReader table = Table.Open(folder[file]);
                TableRow row = table.Rows(TestContext.Current.CancellationToken).First();
                Assert.Equal(("0.png", "\u00e9"), (row["path"], row["c"]));
            }
        }
    }

    [Fact]
    public void Columns_of_different_lengths_are_refused_by_name()
    {
        TableException refused = Assert.Throws<TableException>(() => Paths("t.json", "{\"path\": [\"0.png\", \"1.png\"], \"label\": [1]}"));
        Assert.Contains("'label' has 1 values", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t.jsonl", "{\"path\": \"0.png\"}\n{\"path\": \"1.p\n", "entry 2")]
    [InlineData("t.jsonl", "{\"path\": \"0.png\"}\n{\"path\": \"1.png\"},\n", "entry 2")]
    [InlineData("t.json", "[{\"path\": \"0.png\"}, {\"pa", "not JSON")]
    [InlineData("t.csv", "path,l\n0.png,1\n1.png\n", "line 3")]
    [InlineData("t.csv", "path,l\n0,0.png,1\n", "line 2")]
    [InlineData("t.csv", "path,path\n0.png,1.png\n", "twice")]
    [InlineData("t.csv", "path,caption\n0.png,\"a \"b\" c\"\n", "line 2")]
    public void What_cannot_be_told_is_refused_with_its_place(string name, string text, string place) =>
        Assert.Contains(place, Assert.Throws<TableException>(() => Paths(name, text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Several_images_a_row_keep_the_rows_other_fields()
    {
        File.WriteAllText(
            folder["t.jsonl"],
            "{\"images\": [\"0.png\", \"1.png\"], \"text\": \"both\"}\n{\"images\": [\"0.png\"], \"text\": \"one\"}\n"
        );
        using TableReader table = Table.Open(folder["t.jsonl"]);
        Assert.Equal(
            [("0.png", "both"), ("1.png", "both"), ("0.png", "one")],
            table.Rows(TestContext.Current.CancellationToken).Select(row => (row["path"]!, row["text"]!))
        );
    }

    [Fact]
    public void An_images_address_is_an_address_and_its_bytes_are_no_file()
    {
        File.WriteAllText(
            folder["t.jsonl"],
            "{\"image\": {\"url\": \"https://example.org/0.png\"}}\n{\"image\": {\"src\": \"https://example.org/1.png\"}}\n"
        );
        using (TableReader table = Table.Open(folder["t.jsonl"]))
            Assert.Equal(
                ["https://example.org/0.png", "https://example.org/1.png"],
                table.Rows(TestContext.Current.CancellationToken).Select(row => row["url"])
            );
        string path = Paths("u.jsonl", "{\"image\": {\"bytes\": \"iVBORw0KGgo=\", \"path\": \"as-it-was.png\"}}\n{\"image\": null}\n")
            .Single();
        Assert.Contains("data:;base64,", path, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"a\":NaN}", "{\"a\":null}")]
    [InlineData("[Infinity,-Infinity,-1,NaN]", "[\"Infinity\",\"-Infinity\",-1,null]")]
    [InlineData("{\"NaN\":\"\\\"NaN\\\\\",\"-Infinity\":\"I\"}", "{\"NaN\":\"\\\"NaN\\\\\",\"-Infinity\":\"I\"}")]
    [InlineData("Na", "Na")]
    public void Pythons_numbers_are_read_outside_of_quotes_wherever_a_block_ends(string json, string expected)
    {
        foreach (int padding in (int[])[0, 16380, 16381, 16382, 16383, 16384, 16385])
        {
            using StreamReader reader = new(
                new Lists.PythonNumbers(new MemoryStream(Encoding.UTF8.GetBytes(new string(' ', padding) + json)))
            );
            Assert.Equal(expected, reader.ReadToEnd().TrimStart());
        }
    }

    private List<string> Paths(string name, string text)
    {
        File.WriteAllText(folder[name], text);
        using TableReader table = Table.Open(folder[name]);
        return [.. table.UsablePaths(TestContext.Current.CancellationToken).Select(path => Path.GetRelativePath(folder["."], path))];
    }
}
