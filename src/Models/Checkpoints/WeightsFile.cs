// One weights file of any readable kind, or several by their index, to the tensors of one network.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>The tensors of a network, and what its file tells beside them.</summary>
/// <param name="Tensors">By the file's names without prefix, owned by the caller's dispose scope.</param>
/// <param name="Network">Where in the file they are.</param>
/// <param name="Stated">What the file states of architecture and preprocessing: training arguments, the architecture's name.</param>
/// <param name="Names">Class names that it states.</param>
/// <param name="Remarks">What of its statements could not be read, a sentence each.</param>
/// <param name="Foreign">Globals that a pickle asks for and that were left alone.</param>
/// <param name="Placeholders">What stands in a tensor's place but is none, by name: the global that would make it.</param>
internal sealed record WeightsContent(
    Dictionary<string, Tensor> Tensors,
    FoundNetwork Network,
    Statements Stated,
    IReadOnlyList<StatedClassNames> Names,
    IReadOnlyList<string> Remarks,
    IReadOnlyList<string> Foreign,
    IReadOnlyDictionary<string, string> Placeholders
);

/// <summary>Opens .safetensors and torch.save files and finds the network in them.</summary>
internal static class WeightsFile
{
    /// <param name="path">The file, or an index of shards.</param>
    /// <param name="key">The network that the user names; null to choose.</param>
    /// <exception cref="ModelException">What is wrong and how to mend it.</exception>
    public static WeightsContent Read(string path, string? key)
    {
        if (ShardIndex.Recognises(path))
            return ShardIndex.Read(path, key);
        return IsSafeTensors(path) ? FromSafeTensors(path, [path], key) : FromTorch(path, key);
    }

    // By the first bytes, since both kinds are found under the other's name; by the name where they are neither's.
    private static bool IsSafeTensors(string path)
    {
        Span<byte> start = stackalloc byte[9];
        int got;
        using (FileStream file = File.OpenRead(LinkText.Resolved(path)))
            got = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (got == start.Length && start[8] == (byte)'{' && BitConverter.ToUInt64(start) < uint.MaxValue)
            return true;
        bool torch = got >= 2 && (start.StartsWith("PK"u8) || (start[0] == 0x80 && start[1] is >= 2 and <= 5));
        return !torch && path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The network in one or several safetensors files.</summary>
    public static WeightsContent FromSafeTensors(string path, IReadOnlyList<string> files, string? key)
    {
        Dictionary<string, string> holders = new(StringComparer.Ordinal);
        foreach (string file in files)
        {
            foreach (string name in SafeTensors.Names(file))
            {
                if (!holders.TryAdd(name, file))
                    throw new ModelException($"'{path}' was not loaded: '{Shown.Of(name)}' is in '{holders[name]}' and in '{file}'");
            }
        }
        FoundNetwork found = NetworkFinder.Find(path, [new TensorDictionary("", holders.Keys)], key);
        HashSet<string> wanted = [.. found.Names.Values];
        Dictionary<string, Tensor> read = new(StringComparer.Ordinal);
        foreach (string file in files)
        {
            foreach ((string name, Tensor tensor) in SafeTensors.Read(file, wanted.Contains))
                read.Add(name, tensor);
        }
        (PickleDictionary metadata, PlainValues values) = (SafeTensors.Metadata(files[0]), PlainValues.WithoutTensors());
        (Statements stated, IReadOnlyList<string> remarks) = CheckpointStatements.Read(path, metadata, values);
        return new WeightsContent(
            found.Names.ToDictionary(pair => pair.Key, pair => read[pair.Value], StringComparer.Ordinal),
            found,
            stated,
            StatedClassNames.Of(path, metadata, values),
            remarks,
            [],
            new Dictionary<string, string>()
        );
    }

    private static WeightsContent FromTorch(string path, string? key)
    {
        using TorchArchive archive = TorchArchive.Open(path);
        PickleReading pickle = archive.Pickle;
        IReadOnlyList<PickleNode> nodes = PickleTree.Dictionaries(pickle.Root);
        if (nodes.Count == 0)
            throw new ModelException($"'{path}' was not loaded: {PickleTree.Lacking(pickle)}");
        FoundNetwork found = NetworkFinder.Find(
            path,
            [.. nodes.Select(node => new TensorDictionary(node.Path, [.. node.Tensors.Keys]))],
            key
        );
        PickleNode node = nodes[found.Dictionary];
        Dictionary<string, PickleTensor> wanted = found.Names.ToDictionary(
            pair => pair.Key,
            pair => node.Tensors[pair.Value],
            StringComparer.Ordinal
        );
        Dictionary<string, string> placeholders = new(StringComparer.Ordinal);
        foreach ((string name, string global) in node.Placeholders)
        {
            if (name.StartsWith(found.Prefix, StringComparison.Ordinal))
                placeholders[name[found.Prefix.Length..]] = global;
        }
        PlainValues values = new(tensor => SmallTensor.Read(archive, tensor));
        (Statements stated, IReadOnlyList<string> remarks) = CheckpointStatements.Read(path, pickle.Root, values);
        return new WeightsContent(
            archive.Tensors(wanted),
            found,
            stated,
            StatedClassNames.Of(path, pickle.Root, values),
            remarks,
            [.. pickle.Foreign.Where(name => name != "argparse.Namespace")],
            placeholders
        );
    }
}
