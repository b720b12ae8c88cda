// model.zip: Microsoft.ML's own file, with what belongs to it beside the model.

using System.IO.Compression;
using System.Text.Json;
using Microsoft.ML;

namespace DataFreeKD.Probe.Corruptions;

/// <summary>Reads and writes a classifier of corrupted copies. Other programs load the file by Microsoft.ML: features in, probabilities of
/// the pool and of each kind out.</summary>
internal static class CorruptionFile
{
    private const string Entry = "datafreekd.json";

    /// <summary>What Microsoft.ML saves.</summary>
    internal sealed record Trained(MLContext Context, ITransformer Model, DataViewSchema Schema);

    public static void Save(string path, CorruptionModel model, Trained? trained)
    {
        using MemoryStream bytes = new();
        trained?.Context.Model.Save(trained.Model, trained.Schema, bytes);
        using MemoryStream whole = new();
        whole.Write(bytes.ToArray());
        using (ZipArchive zip = new(whole, trained is null ? ZipArchiveMode.Create : ZipArchiveMode.Update, leaveOpen: true))
        {
            using Stream entry = zip.CreateEntry(Entry).Open();
            JsonSerializer.Serialize(entry, model);
        }
        using AtomicFile file = new(path);
        file.Stream.Write(whole.ToArray());
        file.Commit();
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="ScoreException">No such file, or another one.</exception>
    public static CorruptionModel Load(string path)
    {
        try
        {
            using ZipArchive zip = ZipFile.OpenRead(path);
            using Stream entry = (zip.GetEntry(Entry) ?? throw new InvalidDataException()).Open();
            return JsonSerializer.Deserialize<CorruptionModel>(entry) ?? throw new InvalidDataException();
        }
        catch (Exception wrong) when (wrong is IOException or InvalidDataException or JsonException)
        {
            throw new ScoreException(
                $"{path}: {(File.Exists(path) ? "is no classifier of corrupted copies" : "there is no such file")}; give the .intact.zip that an earlier dfkd score --scores intact wrote, or leave it out to learn one"
            );
        }
    }
}
