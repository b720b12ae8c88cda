// URL lists of every format: each entry once and in order, malformed lines as entries without an address.

using System.IO.Compression;
using System.Text;
using DataFreeKD.Crawler.Sources;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Crawler.Tests;

public sealed class UrlListTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_text_list_has_an_address_a_line()
    {
        string list = Write(
            "list.txt",
            "\uFEFFhttps://example.org/a.jpg\r\n\r\n# comment\n  http://example.org/b.jpg#part \rnot an address\nftp://example.org/c\n/local/file.jpg\nhttps://example.org/\u00e4.jpg"
        );
        Assert.Equal(
            [
                "https://example.org/a.jpg",
                "http://example.org/b.jpg",
                "! not an address",
                "! ftp://example.org/c",
                "! /local/file.jpg",
                "https://example.org/%C3%A4.jpg",
            ],
            Seen(list)
        );
        Assert.Empty(UrlList.CarriedColumns(list, new UrlColumns()));
    }

    [Fact]
    public void A_CSV_list_brings_its_columns_and_loses_no_line_to_a_broken_one()
    {
        string list = Write(
            "list.csv",
            """"
            URL,caption,WIDTH,camera,license
            https://example.org/1.jpg,"a dog, ""asleep""",640,X100,CC0
            https://example.org/2.jpg,too,few
            https://example.org/3.jpg,far,too,many,fields,here
            https://example.org/4.jpg,"two
            lines",,,
            https://example.org/5.jpg,"closed"wrongly,,,
            https://example.org/6.jpg,"never closed,,,
            https://example.org/7.jpg,seven,,,
            ,no address,,,

            https://example.org/8.jpg,5" wide,,,
            """"
        );
        Assert.Equal(
            [
                "https://example.org/1.jpg",
                "! https://example.org/2.jpg,too,few",
                "! https://example.org/3.jpg,far,too,many,fields,here",
                "https://example.org/4.jpg",
                "! https://example.org/5.jpg,\"closed\"wrongly,,,",
                "! https://example.org/6.jpg,\"never closed,,,",
                "https://example.org/7.jpg",
                "! ",
                "https://example.org/8.jpg",
            ],
            Seen(list)
        );
        List<ListedUrl> all = Read(list);
        Assert.Equal(
            new Dictionary<string, string?>
            {
                ["caption"] = "a dog, \"asleep\"",
                ["camera"] = "X100",
                ["license"] = "CC0",
            },
            all[0].Columns
        );
        Assert.Equal("two\nlines", all[3].Columns["caption"]);
        Assert.Equal("5\" wide", all[8].Columns["caption"]);
        Assert.Equal(["camera"], UrlList.CarriedColumns(list, new UrlColumns()));
    }

    [Fact]
    public void Lines_that_a_stray_quote_ran_over_are_read_by_themselves()
    {
        string list = Write(
            "list.csv",
            "url,caption\nhttps://example.org/1,\"oops\nhttps://example.org/2,two\nhttps://example.org/3,\"three\"\nhttps://example.org/4,four\n"
        );
        Assert.Equal(
            ["! https://example.org/1,\"oops", "https://example.org/2", "https://example.org/3", "https://example.org/4"],
            Seen(list)
        );
    }

    [Fact]
    public void A_TSV_list_may_hold_quotes_that_mean_nothing()
    {
        string list = Write(
            "list.tsv",
            "caption\turl\n\"a\tb\"\thttps://example.org/1\n\"unbalanced\thttps://example.org/2\nplain\thttps://example.org/3\nshort\n"
        );
        Assert.Equal(["https://example.org/1", "https://example.org/2", "https://example.org/3", "! short"], Seen(list));
        Assert.Equal(["a\tb", "\"unbalanced", "plain"], Read(list).Take(3).Select(listed => listed.Columns["caption"]));
    }

    [Fact]
    public void A_JSON_array_has_objects_or_addresses()
    {
        string list = Write(
            "list.json",
            """
            [ {"url": "https://example.org/1", "caption": "one", "score": 0.5, "tags": ["a"], "none": null, "sha256": "x"},
              "https://example.org/2", 3, null, {"link": "https://example.org/4"}, {"url": 5}, {"url": "\ud800"}, {"URL": "https://example.org/6"}, ]
            """
        );
        Assert.Equal(
            [
                "https://example.org/1",
                "https://example.org/2",
                "! 3",
                "! null",
                "! {\"link\": \"https://example.org/4\"}",
                "! 5",
                "! {\"url\": \"\\ud800\"}",
                "https://example.org/6",
            ],
            Seen(list)
        );
        Assert.Equal(
            new Dictionary<string, string?>
            {
                ["caption"] = "one",
                ["score"] = "0.5",
                ["tags"] = "[\"a\"]",
                ["none"] = null,
            },
            Read(list)[0].Columns
        );
        Assert.Equal(["score", "tags", "none"], UrlList.CarriedColumns(list, new UrlColumns()));
    }

    [Fact]
    public void A_JSON_array_with_bytes_that_are_no_text_loses_only_that_entry()
    {
        string list = Write("list.json", "");
        File.WriteAllBytes(
            list,
            [.. "[\"https://example.org/1\", \""u8, 0x9e, .. "\", {\"url\": \""u8, 0xff, .. "\"}, \"https://example.org/2\"]"u8]
        );
        Assert.Equal(["https://example.org/1", "! \"\uFFFD\"", "! {\"url\": \"\uFFFD\"}", "https://example.org/2"], Seen(list));
    }

    [Theory]
    [InlineData("list.jsonl")]
    [InlineData("list.json")]
    public void A_JSON_list_of_lines_skips_no_broken_line(string name)
    {
        string list = Write(
            name,
            "{\"url\": \"https://example.org/1\", \"n\": 1}\n\n{\"url\": \"https://example.org/2\"\n\"https://example.org/3\"\n{\"url\": \"https://example.org/4\"} trailing\n{}\n[1]\n{\"url\": \"https://example.org/5\"}"
        );
        Assert.Equal(
            [
                "https://example.org/1",
                "! {\"url\": \"https://example.org/2\"",
                "https://example.org/3",
                "! {\"url\": \"https://example.org/4\"} trailing",
                "! {}",
                "! [1]",
                "https://example.org/5",
            ],
            Seen(list)
        );
    }

    [Theory]
    [InlineData("[{\"url\": \"https://example.org/1\"}, {\"url\": ")]
    [InlineData("[{\"url\": \"https://example.org/1\"} {\"url\": \"https://example.org/2\"}]")]
    public void A_JSON_array_that_breaks_off_says_where(string text)
    {
        string list = Write("list.json", text);
        TableException problem = Assert.Throws<TableException>(() => Read(list));
        Assert.Contains("list.json", problem.Message, StringComparison.Ordinal);
        Assert.Contains("LineNumber", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_Parquet_list_brings_its_columns()
    {
        string list = folder["list.parquet"];
        using (TableWriter writer = Table.Create(list, ["TEXT", "URL", "similarity"]))
        {
            writer.Write(["one", "https://example.org/1", "0.25"]);
            writer.Write(["two", "nothing", null]);
            writer.Write([null, "https://example.org/3", "0.5"]);
            writer.Commit();
        }
        Assert.Equal(["https://example.org/1", "! nothing", "https://example.org/3"], Seen(list));
        UrlColumns columns = new(Caption: "TEXT");
        Assert.Equal(("one", "0.25"), (Read(list, columns)[0].Columns["caption"], Read(list, columns)[0].Columns["similarity"]));
        Assert.Equal(["similarity"], UrlList.CarriedColumns(list, columns));
    }

    [Theory]
    [InlineData("list.txt.gz", "https://example.org/1\nhttps://example.org/2")]
    [InlineData("list.csv.gz", "url\nhttps://example.org/1\nhttps://example.org/2")]
    [InlineData("list.jsonl.GZ", "\"https://example.org/1\"\n\"https://example.org/2\"")]
    public void A_gzipped_list_is_the_list(string name, string text)
    {
        using (GZipStream zip = new(File.Create(folder[name]), CompressionLevel.Fastest))
            zip.Write(Encoding.UTF8.GetBytes(text));
        Assert.Equal([folder[name]], Web(folder[name]));
        Assert.Equal(["https://example.org/1", "https://example.org/2"], Seen(folder[name]));
    }

    [Fact]
    public void The_column_of_addresses_is_named_and_its_absence_is_an_error_with_the_cure()
    {
        string list = Write("list.csv", "id,image_link,caption\n1,https://example.org/1,one\n");
        ListedUrl listed = Read(list, new UrlColumns("image_link", Caption: null)).Single();
        Assert.Equal("https://example.org/1", listed.Url!.AbsoluteUri);
        Assert.Equal(["id"], listed.Columns.Keys);
        CrawlException problem = Assert.Throws<CrawlException>(() => UrlList.CarriedColumns(list, new UrlColumns()));
        Assert.Contains("no column 'url'; the columns are id, image_link, caption", problem.Message, StringComparison.Ordinal);
        Assert.Throws<CrawlException>(() => Read(list));
    }

    [Fact]
    public void What_is_a_list_is_told_by_name_and_a_table_of_paths_is_none()
    {
        Assert.Equal(["-"], Web("-"));
        Assert.Empty(Web(folder["absent.txt"]));
        Assert.Empty(Web(Write("image.jpg", "")));
        Assert.Empty(Web(Write("paths.csv", "path,caption\na.jpg,one\n")));
        Assert.Empty(Web(Write("hf.jsonl", "{\"file_name\": \"a.jpg\"}\n")));
        Assert.Single(Web(Write("urls.csv", "url,caption\nhttps://example.org/1,one\n")));
        Assert.Single(Web(Write("both.csv", "url,file_name\nhttps://example.org/1,a.jpg\n")));
        Assert.Empty(Web(Write("own.csv", "path,url\na.jpg,https://example.org/1\n")));
        foreach (string name in new[] { "a.txt", "a.TSV", "a.json", "a.jsonl" })
            Assert.Single(Web(Write(name, "url\n")));
    }

    [Theory]
    [InlineData("columns.json", "{\"image_urls\": [\"https://example.org/1\", \"https://example.org/2\"], \"captions\": [\"a\", \"b\"]}")]
    [InlineData(
        "pandas.json",
        "{\"url\": {\"0\": \"https://example.org/1\", \"1\": \"https://example.org/2\"}, \"caption\": {\"0\": \"a\", \"1\": \"b\"}}"
    )]
    [InlineData(
        "keyed.json",
        "{\"x\": {\"url\": \"https://example.org/1\", \"caption\": \"a\"},\n \"y\": {\"url\": \"https://example.org/2\", \"caption\": \"b\"}}"
    )]
    [InlineData(
        "nested.json",
        "{\"version\": 1, \"data\": [{\"url\": \"https://example.org/1\", \"caption\": \"a\"}, {\"url\": \"https://example.org/2\", \"caption\": \"b\"}]}"
    )]
    [InlineData(
        "split.json",
        "{\"columns\": [\"url\", \"caption\"], \"index\": [0, 1], \"data\": [[\"https://example.org/1\", \"a\"], [\"https://example.org/2\", \"b\"]]}"
    )]
    public void One_JSON_object_of_columns_or_of_keyed_rows_is_a_list(string name, string text)
    {
        string list = Write(name, text);
        Assert.Equal(["https://example.org/1", "https://example.org/2"], Seen(list));
        Assert.Equal(["a", "b"], Read(list).Select(listed => listed.Columns["caption"]));
    }

    [Fact]
    public void JSON_without_the_key_of_addresses_is_one_error_and_not_a_row_each()
    {
        string list = Write("list.jsonl", "{\"image_url\": \"https://example.org/1\"}\n{\"image_url\": \"https://example.org/2\"}\n");
        Assert.Contains(
            "no column 'url'; the columns are image_url",
            Assert.Throws<CrawlException>(() => Read(list)).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(2, Read(list, new UrlColumns("image_url")).Count(listed => listed.Url is not null));
    }

    [Fact]
    public void Quotes_after_a_backslash_are_part_of_a_field_where_the_rules_find_none()
    {
        string list = Write(
            "list.csv",
            "url,caption\nhttps://example.org/1,\"a \\\"big\\\", brown dog\"\nhttps://example.org/2,\"C:\\dir\\\"\n"
        );
        Assert.Equal(["https://example.org/1", "https://example.org/2"], Seen(list));
        Assert.Equal(["a \"big\", brown dog", "C:\\dir\\"], Read(list).Select(listed => listed.Columns["caption"]));
    }

    [Fact]
    public void Text_in_another_encoding_is_read_by_its_mark_or_as_Latin_1()
    {
        File.WriteAllText(folder["utf16.txt"], "https://example.org/\u00e4\n", Encoding.Unicode);
        Assert.Equal(["https://example.org/%C3%A4"], Seen(folder["utf16.txt"]));
        File.WriteAllBytes(folder["latin1.txt"], [.. "https://example.org/"u8, 0xE4, (byte)'\n', .. "https://example.org/b"u8]);
        Assert.Equal(["https://example.org/%C3%A4", "https://example.org/b"], Seen(folder["latin1.txt"]));
    }

    [Fact]
    public void A_list_that_is_one_endless_line_takes_little_memory()
    {
        using (StreamWriter writer = new(folder["line.txt"]))
        {
            string piece = new('x', 1 << 16);
            writer.Write("https://example.org/");
            for (int i = 0; i < 1024; i++)
                writer.Write(piece);
            writer.Write("\nhttps://example.org/b");
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        List<ListedUrl> all = Read(folder["line.txt"]);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 << 20);
        Assert.Null(all[0].Url);
        Assert.Equal("https://example.org/b", all[1].Url!.AbsoluteUri);
    }

    private string Write(string name, string text)
    {
        File.WriteAllText(folder[name], text);
        return folder[name];
    }

    private IReadOnlyList<string> Web(string source) => SourcePlan.Of(new CrawlOptions { Sources = [source], Store = folder["store"] }).Web;

    private static List<ListedUrl> Read(string list, UrlColumns? columns = null) =>
        [.. UrlList.Read(list, columns ?? new UrlColumns(), TestContext.Current.CancellationToken)];

    private static IEnumerable<string> Seen(string list) => Read(list).Select(listed => listed.Url?.AbsoluteUri ?? $"! {listed.Text}");
}
