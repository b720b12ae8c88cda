// Tables and lists as people bring them: whatever they call their columns, and also without a line of names.

using System.Text;
using DataFreeKD.Testing;

namespace DataFreeKD.Manifests.Tests;

public sealed class OtherToolsTableTests : IDisposable
{
    private readonly TempFolder folder = new();

    public OtherToolsTableTests()
    {
        Directory.CreateDirectory(folder["img"]);
        foreach (string name in new[] { "a.jpg", "b.png" })
            File.WriteAllText(folder["img/" + name], "x");
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("File Name")]
    [InlineData("file-name")]
    [InlineData("FileName")]
    [InlineData("image_filepath")]
    [InlineData("ImagePath")]
    [InlineData("fname")]
    [InlineData("rel_path")]
    public void A_column_of_paths_is_known_by_its_usual_names(string name) =>
        Assert.Equal(["img/nowhere.jpg"], Paths("t.csv", $"{name},label\nimg/nowhere.jpg,1\n"));

    [Theory]
    [InlineData("photo_location,label\nimg/a.jpg,1\nimg/b.png,2\n", "t.csv")]
    [InlineData("id\tsource_of_it\n3\timg/a.jpg\n4\timg/b.png\n", "t.tsv")]
    [InlineData("[{\"x\": \"img/a.jpg\", \"n\": 1}, {\"x\": \"img/b.png\", \"n\": 2}]", "t.json")]
    public void A_column_of_any_name_whose_values_are_files_is_taken_and_that_is_said(string text, string name)
    {
        (IReadOnlyList<string> paths, IReadOnlyList<string> notes) = PathsAndNotes(name, text);
        Assert.Equal(["img/a.jpg", "img/b.png"], paths);
        Assert.Contains("is taken", notes.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_columns_of_files_none_is_guessed() =>
        Assert.Throws<TableException>(() => Paths("t.csv", "picture_x,mask_x\nimg/a.jpg,img/b.png\n"));

    [Theory]
    [InlineData("img/a.jpg,1\nimg/b.png,2\n", "t.csv")]
    [InlineData("img/a.jpg\nimg/b.png\n", "t.csv")]
    [InlineData("0\timg/a.jpg\n1\timg/b.png\n", "t.tsv")]
    [InlineData("img/a.jpg 3\nimg/b.png 4\n", "t.txt")]
    [InlineData("0\t1\timg/a.jpg\n1\t5\timg/b.png\n", "t.lst")]
    [InlineData("\"img/a.jpg\";\"x; y\"\n\"img/b.png\";\"z\"\n", "t.csv")]
    public void A_list_without_a_line_of_names_loses_no_row(string text, string name)
    {
        (IReadOnlyList<string> paths, IReadOnlyList<string> notes) = PathsAndNotes(name, text);
        Assert.Equal(["img/a.jpg", "img/b.png"], paths);
        Assert.Contains("no line of names", notes.Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://example.org/a.jpg,one\nhttps://example.org/b.jpg,two\n", "t.csv")]
    [InlineData("one\thttps://example.org/a.jpg\ntwo\thttps://example.org/b.jpg\n", "t.tsv")]
    [InlineData("https://example.org/a.jpg\nhttps://example.org/b.jpg\n", "t.csv")]
    public void A_list_of_addresses_without_a_line_of_names_has_a_column_url(string text, string name)
    {
        File.WriteAllText(folder[name], text);
        using TableReader table = Table.Open(folder[name]);
        Assert.Equal(
            ["https://example.org/a.jpg", "https://example.org/b.jpg"],
            table.Rows(TestContext.Current.CancellationToken).Select(row => row["url"])
        );
    }

    [Theory]
    [InlineData("{\"img/a.jpg\": {\"label\": 1}, \"img/b.png\": {\"label\": 2}}", "label")]
    [InlineData("{\"img/a.jpg\": 1, \"img/b.png\": 2}", "value")]
    public void JSON_whose_keys_are_files_is_a_row_a_key(string text, string column)
    {
        File.WriteAllText(folder["t.json"], text);
        using TableReader table = Table.Open(folder["t.json"]);
        Assert.Equal(
            [("img/a.jpg", "1"), ("img/b.png", "2")],
            table.Rows(TestContext.Current.CancellationToken).Select(row => (row["path"]!, row[column]!))
        );
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void UTF16_without_a_mark_is_told_by_its_zeros(string encoding) =>
        Assert.Equal(["img/a.jpg"], Paths("t.csv", Encoding.GetEncoding(encoding).GetBytes("path,label\nimg/a.jpg,1\n")));

    [Fact]
    public void Remarks_before_the_names_are_passed_over() =>
        Assert.Equal(["img/a.jpg"], Paths("t.csv", "# made by a tool, yesterday\n# twice\npath,label\nimg/a.jpg,1\n"));

    [Fact]
    public void A_name_that_is_there_twice_gets_a_number()
    {
        File.WriteAllText(folder["t.csv"], "path,label,label\nimg/a.jpg,1,2\n");
        using TableReader table = Table.Open(folder["t.csv"]);
        Assert.Equal(["path", "label", "label_2"], table.Header.Columns);
    }

    [Fact]
    public void Columns_of_one_name_or_of_none_are_numbered_in_linear_time()
    {
        const int many = 100_000;
        File.WriteAllText(
            folder["t.csv"],
            "path" + string.Concat(Enumerable.Repeat(",a,", many)) + "\nimg/a.jpg" + new string(',', 2 * many) + "\n"
        );
        using TableReader table = Table.Open(folder["t.csv"]);
        Assert.Equal(1 + (2 * many), table.Header.Columns.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(["a", "column_3", "a_2"], table.Header.Columns.Skip(1).Take(3));
        Assert.Equal($"a_{many}", table.Header.Columns[^2]);
    }

    [Fact]
    public void A_spreadsheet_under_a_tables_name_is_refused_as_one()
    {
        File.WriteAllBytes(folder["t.csv"], [.. "PK\u0003\u0004"u8, .. new byte[40]]);
        Assert.Contains("spreadsheet", Assert.Throws<TableException>(() => Table.Open(folder["t.csv"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" img/a.jpg ", "img/a.jpg")]
    [InlineData("img/nowhere.jpg ", "img/nowhere.jpg ")]
    public void Spaces_around_a_path_lead_to_the_file_that_is_there(string field, string file) =>
        Assert.Equal(folder[file], ManifestPath.FromTable(field, folder["t.csv"]));

    private IReadOnlyList<string> Paths(string name, string text) => Paths(name, Encoding.UTF8.GetBytes(text));

    private List<string> Paths(string name, byte[] bytes)
    {
        File.WriteAllBytes(folder[name], bytes);
        using TableReader table = Table.Open(folder[name]);
        return
        [
            .. table
                .UsablePaths(TestContext.Current.CancellationToken)
                .Select(path => Path.GetRelativePath(folder["."], path).Replace('\\', '/')),
        ];
    }

    private (IReadOnlyList<string> Paths, IReadOnlyList<string> Notes) PathsAndNotes(string name, string text)
    {
        List<string> notes = [];
        void Hear(string note)
        {
            if (note.Contains(folder[name], StringComparison.Ordinal))
                notes.Add(note);
        }
        TableNotes.Noted += Hear;
        try
        {
            return (Paths(name, text), notes);
        }
        finally
        {
            TableNotes.Noted -= Hear;
        }
    }
}
