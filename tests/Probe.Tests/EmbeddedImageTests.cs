// Images that lie within a table or an archive, with what is told of them there.

using System.Formats.Tar;
using System.Text;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;
using DuckDB.NET.Data;

namespace DataFreeKD.Probe.Tests;

public sealed class EmbeddedImageTests : IDisposable
{
    private const int Images = 7;

    private readonly ScoringWorld world = new();

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData("{'bytes': unhex('@'), 'path': '#.bmp'} AS image")]
    [InlineData("unhex('@') AS jpg")]
    public void Images_within_a_Parquet_file_are_scored_as_their_files_are(string column)
    {
        string table = Parquet("train-00000.parquet", column),
            folder = world.Images("folder", Images);
        ScoreOptions options = new()
        {
            Sources = [table],
            Teacher = world.Teacher(),
            Output = world["scores.csv"],
        };
        ScoringWorld.Score(options);
        ScoringWorld.Score(options with { Sources = [folder], Output = world["files.csv"] });
        List<TableRow> rows = ScoringWorld.Rows(options.Output),
            files = ScoringWorld.Rows(world["files.csv"]);
        Assert.Equal(Enumerable.Range(0, Images).Select(row => $"train-00000.parquet::{row}"), rows.Select(row => row["path"]));
        Assert.Equal(files.Select(row => (row["sha256"], row["energy"])), rows.Select(row => (row["sha256"], row["energy"])));
        Assert.Equal(Enumerable.Range(0, Images).Select(row => $"label {row}"), rows.Select(row => row["kind"]));
    }

    [Fact]
    public void A_folder_of_such_files_is_all_of_them_and_a_row_without_an_image_has_a_reason()
    {
        Directory.CreateDirectory(world["data"]);
        Parquet("data/a.parquet", "unhex('@') AS image");
        Parquet("data/b.parquet", "CASE WHEN n = 2 THEN NULL ELSE unhex('@') END AS image");
        ScoringWorld.Score(
            new ScoreOptions
            {
                Sources = [world["data"]],
                Teacher = world.Teacher(),
                Output = world["scores.csv"],
            }
        );
        List<TableRow> rows = ScoringWorld.Rows(world["scores.csv"]);
        Assert.Equal(2 * Images, rows.Count);
        Assert.Equal(
            "data/b.parquet::2 failed not_found",
            rows.Where(row => row["status"] != Status.Ok).Select(row => $"{row["path"]} {row["status"]} {row["reason"]}").Single()
        );
    }

    [Fact]
    public void Rows_of_a_Parquet_file_are_read_again_by_their_numbers_in_any_order()
    {
        string table = Parquet("hf.parquet", "unhex('@') AS image");
        CancellationToken cancel = TestContext.Current.CancellationToken;
        int[] order = [5, 0, 6, 3, 3, 1];
        Assert.Equal(
            order.Select(Bitmap),
            ImageInputs.Read(order.Select(row => $"{table}::{row}"), cancel: cancel).Select(input => input.Bytes)
        );
        Assert.Equal(
            [Reason.NotFound, Reason.NotFound],
            ImageInputs.Read([$"{table}::{Images}", $"{table}::first"], cancel: cancel).Select(input => input.Reason)
        );
        Assert.Equal(Images, ImageInputs.Paths(table, cancel: cancel).Count());
    }

    [Fact]
    public void What_lies_beside_an_image_in_an_archive_becomes_columns()
    {
        using (TarWriter tar = new(File.Create(world["wd.tar"])))
        {
            for (int i = 0; i < 2; i++)
            {
                Add(tar, $"{i}.bmp", Bitmap(i));
                Add(tar, $"{i}.txt", Encoding.UTF8.GetBytes($"caption {i}"));
                Add(tar, $"{i}.cls", Encoding.UTF8.GetBytes($"{i + 3}"));
                Add(tar, $"{i}.json", Encoding.UTF8.GetBytes($$"""{"n": {{i}}}"""));
            }
        }
        ScoringWorld.Score(
            new ScoreOptions
            {
                Sources = [world["wd.tar"]],
                Teacher = world.Teacher(),
                Output = world["scores.csv"],
            }
        );
        Assert.Equal(
            [("wd.tar::0.bmp", "caption 0", "3", """{"n": 0}"""), ("wd.tar::1.bmp", "caption 1", "4", """{"n": 1}""")],
            ScoringWorld.Rows(world["scores.csv"]).Select(row => (row["path"], row["caption"], row["label"], row["metadata"]))
        );
    }

    private static void Add(TarWriter tar, string name, byte[] bytes) =>
        tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes) });

    // As ScoringWorld.Images draws them.
    private static byte[] Bitmap(int row) => NoiseBitmap.Of(12, 9, row);

    private string Parquet(string name, string column)
    {
        string path = world[name];
        string rows = string.Join(
            " UNION ALL ",
            Enumerable
                .Range(0, Images)
                .Select(row =>
                    $"SELECT {row} AS n, {column.Replace("@", Convert.ToHexString(Bitmap(row)), StringComparison.Ordinal).Replace("#", row.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)}, 'label {row}' AS kind"
                )
        );
        using DuckDBConnection connection = new("DataSource=:memory:");
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = $"COPY ({rows}) TO '{path}' (FORMAT parquet);";
        command.ExecuteNonQuery();
        return path;
    }
}
