// One weights file of any readable kind to a flat state dict.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Opens .safetensors and torch.save files and finds the state dict in them.</summary>
internal static class WeightsFile
{
    // Where training scripts put the weights; of DINO's pair the teacher is the better network.
    private static readonly string[] Nests = ["model", "state_dict", "teacher", "student"];

    /// <summary>Tensors under the file's own names, owned by the caller's dispose scope, and the number of heads where the file's training arguments tell it.</summary>
    public static (Dictionary<string, Tensor> Tensors, int? Heads) Read(string path)
    {
        if (path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) return (SafeTensors.Read(path), null);
        using TorchSave archive = TorchSave.Open(path);
        if (archive.Root is not PickleDictionary top) throw new ModelException($"'{path}' was not loaded: it holds no state dict (save model.state_dict(), not the model)");
        PickleDictionary? state = Find(top, 4);
        if (state is null) throw new ModelException($"'{path}' was not loaded: no tensors at its top or under {string.Join(", ", Nests)} (keys: {string.Join(", ", top.Pairs.Take(8).Select(p => p.Key as string ?? "?"))})");
        Dictionary<string, PickleTensor> tensors = new(StringComparer.Ordinal);
        foreach ((object? key, object? value) in state.Pairs)
        {
            if (key is string name && value is PickleTensor tensor) tensors[name] = tensor;
        }
        int? heads = top["args"] is PickleObject { Attributes: { } arguments } && arguments["num_heads"] is long told and > 0 and < 1024 ? (int)told : null;
        return (archive.Tensors(tensors), heads);
    }

    private static PickleDictionary? Find(PickleDictionary dictionary, int depth)
    {
        if (dictionary.Pairs.Any(p => p is { Key: string, Value: PickleTensor })) return dictionary;
        if (depth == 0) return null;
        foreach (string nest in Nests)
        {
            if (dictionary[nest] is PickleDictionary inner && Find(inner, depth - 1) is { } found) return found;
        }
        return null;
    }
}
