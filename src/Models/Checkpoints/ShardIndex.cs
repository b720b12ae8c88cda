// Weights split over several files, joined by their index.

using System.Text.Json;

namespace DataFreeKD.Models.Checkpoints;

/// <summary><c>model.safetensors.index.json</c> and <c>pytorch_model.bin.index.json</c>: which file holds which tensor.</summary>
internal static class ShardIndex
{
    private const string Ending = ".index.json";
    private const int MostShards = 1024;

    public static bool Recognises(string path) => path.EndsWith(Ending, StringComparison.OrdinalIgnoreCase);

    /// <exception cref="ModelException">The index is damaged, names a file elsewhere, or a shard lacks what the index says.</exception>
    public static WeightsContent Read(string path, string? key)
    {
        (string Tensor, string Shard)[] map = Map(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string[] shards = [.. map.Select(pair => pair.Shard).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (shards.Length > MostShards)
            throw new ModelException($"'{path}' names {shards.Length} files, which no model needs");
        string[] files = [.. shards.Select(shard => Path.Combine(folder, shard))];
        if (files.FirstOrDefault(file => !File.Exists(file)) is { } missing)
            throw new ModelException($"'{path}' names '{Path.GetFileName(missing)}', which is not beside it: the download is not complete");
        foreach (string file in files)
            RegularFile.Require(file);
        WeightsContent content = shards.All(shard => shard.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            ? WeightsFile.FromSafeTensors(path, files, key)
            : FromTorch(path, files, key);
        HashSet<string> held = [.. content.Network.Names.Values, .. content.Network.Left];
        if (map.Select(pair => pair.Tensor).FirstOrDefault(name => !held.Contains(name)) is { } lost)
            throw new ModelException($"'{path}' says that '{Shown.Of(lost)}' is in one of its files, and it is in none");
        return content;
    }

    /// <summary>The files that an index names, itself first.</summary>
    public static IReadOnlyList<string> Files(string path) =>
        [
            path,
            .. Map(path)
                .Select(pair => pair.Shard)
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
                .Select(shard => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, shard)),
        ];

    private static (string Tensor, string Shard)[] Map(string path)
    {
        JsonFile index = JsonFile.ReadIfPresent(path) ?? throw new ModelException($"there is no file '{path}'");
        if (index.Find("weight_map") is not { ValueKind: JsonValueKind.Object } map)
            throw new ModelException($"'{path}' has no weight_map: it is no index of weights");
        return [.. map.EnumerateObject().Select(pair => (pair.Name, Shard(path, pair.Value)))];
    }

    // Beside the index and nowhere else.
    private static string Shard(string path, JsonElement value) =>
        value.ValueKind == JsonValueKind.String
        && value.GetString() is { Length: > 0 } name
        && name == Path.GetFileName(name)
        && name is not ("." or "..")
        && !name.Contains('\\', StringComparison.Ordinal)
            ? name
            : throw new ModelException(
                $"'{path}' names the file {Shown.Of(value.GetRawText())}, which is no name of a file beside it; refused"
            );

    private static WeightsContent FromTorch(string path, string[] files, string? key)
    {
        // A shard alone may hold no tensor that tells a network, so all of them are read as one dictionary.
        List<TorchArchive> archives = [];
        try
        {
            Dictionary<string, (TorchArchive Archive, PickleTensor Tensor)> tensors = new(StringComparer.Ordinal);
            foreach (string file in files)
            {
                TorchArchive archive = TorchArchive.Open(file);
                archives.Add(archive);
                foreach ((object? name, object? value) in PickleTree.Pairs(archive.Pickle.Root))
                {
                    if (name is string text && PickleTree.TensorOf(value) is { } tensor && !tensors.TryAdd(text, (archive, tensor)))
                        throw new ModelException($"'{path}' was not loaded: '{Shown.Of(text)}' is in two of its files");
                }
            }
            FoundNetwork found = NetworkFinder.Find(path, [new TensorDictionary("", tensors.Keys)], key);
            Dictionary<string, TorchSharp.torch.Tensor> read = new(StringComparer.Ordinal);
            foreach (TorchArchive archive in archives)
            {
                foreach (
                    (string name, TorchSharp.torch.Tensor tensor) in archive.Tensors(
                        found
                            .Names.Where(pair => tensors[pair.Value].Archive == archive)
                            .Select(pair => KeyValuePair.Create(pair.Key, tensors[pair.Value].Tensor))
                    )
                )
                    read.Add(name, tensor);
            }
            return new WeightsContent(
                read,
                found,
                Statements.None,
                [],
                [],
                [.. archives.SelectMany(archive => archive.Pickle.Foreign).Distinct()],
                new Dictionary<string, string>()
            );
        }
        finally
        {
            foreach (TorchArchive archive in archives)
                archive.Dispose();
        }
    }
}
