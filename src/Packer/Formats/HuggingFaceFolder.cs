// Hugging Face's imagefolder: images under train/ and a metadata file whose first column is file_name.

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DataFreeKD.Manifests;
using DataFreeKD.Packer.Files;
using DataFreeKD.Packer.Rows;

namespace DataFreeKD.Packer.Formats;

/// <summary>
/// Everything lies under <c>train/</c>, and <c>README.md</c> says so: the loader takes folders and files named after splits
/// (test, val, dev, ...) for splits, and a class or an image may be named so.
/// </summary>
internal static class HuggingFaceFolder
{
    private const string Split = "train",
        FileName = "file_name";

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(PackJob job, OutputFolder folder)
    {
        ImageTree tree = new(folder, Split, job.Options.Layout ?? ImageLayout.Flat);
        string metadata = Path.Combine(folder.Staging, Split, "metadata.");
        if (job.Options.Metadata == MetadataFile.Jsonl)
            WriteLines(job, tree, metadata + "jsonl");
        else
            WriteTable(job, tree, metadata + "csv");
        AtomicFile.WriteAllText(Path.Combine(folder.Staging, "README.md"), Card(job));
    }

    private static void WriteTable(PackJob job, ImageTree tree, string path)
    {
        string[] carried = [.. job.Source.Header.Columns.Where(Carried)];
        using TableWriter metadata = Table.Create(path, [FileName, .. carried]);
        foreach (PackImage image in job.Images())
        {
            metadata.Write([tree.Copy(image), .. carried.Select(column => image.Row.Row[column])]);
            job.Add(image.Row);
        }
        metadata.Commit();
    }

    private static void WriteLines(PackJob job, ImageTree tree, string path)
    {
        using AtomicFile file = new(path);
        foreach (PackImage image in job.Images())
        {
            JsonObject line = RowJson.Of(image.Row.Row, Carried);
            line.Insert(0, FileName, tree.Copy(image));
            JsonSerializer.Serialize(file.Stream, line, Readable);
            file.Stream.Write("\n"u8);
            job.Add(image.Row);
        }
        file.Commit();
    }

    private static bool Carried(string column) => column is not ("path" or FileName);

    private static string Card(PackJob job) =>
        $"""
            ---
            configs:
            - config_name: default
              data_files:
              - split: {Split}
                path: {Split}/**
            ---
            {job.Packed} images selected by DataFreeKD. `prediction` and `class_name` are what a teacher model says of them, not labels.
            `datasets.load_dataset("path/of/this/folder")` loads them.

            """.ReplaceLineEndings("\n");
}
