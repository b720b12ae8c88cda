// Dictionaries of tensors anywhere in a pickled structure.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>A dictionary with tensors.</summary>
/// <param name="Path">Keys that lead to it, joined by dots.</param>
/// <param name="Tensors">Its tensors by name.</param>
/// <param name="Placeholders">What stands among them and is none: the global by name.</param>
internal sealed record PickleNode(
    string Path,
    IReadOnlyDictionary<string, PickleTensor> Tensors,
    IReadOnlyDictionary<string, string> Placeholders
);

/// <summary>Walks a structure breadth first; each object once, so that sharing and cycles end.</summary>
internal static class PickleTree
{
    private static readonly EqualityComparer<long[]> SameShape = EqualityComparer<long[]>.Create(
        (one, other) => one.AsSpan().SequenceEqual(other),
        shape => shape.Length
    );

    private const int Deepest = 8,
        MostVisited = 200_000,
        MostLists = 64,
        LongestPath = 256;

    /// <summary>Every dictionary with a tensor under a text key, those of optimisers left out; and every list of tensors that are as many
    /// and of the same shapes as a dictionary's, under its names: averages of parameters are kept so (torch_ema, diffusers).</summary>
    public static IReadOnlyList<PickleNode> Dictionaries(object? root)
    {
        List<PickleNode> found = [];
        List<(string Path, PickleTensor[] Tensors)> lists = [];
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        Queue<(object Value, string Path, int Depth)> queue = new();
        Enqueue(root, "", 0);
        while (queue.TryDequeue(out (object Value, string Path, int Depth) at))
        {
            Dictionary<string, PickleTensor> tensors = new(StringComparer.Ordinal);
            Dictionary<string, string> placeholders = new(StringComparer.Ordinal);
            foreach ((object? key, object? value) in Pairs(at.Value))
            {
                if (key is not string name)
                    continue;
                switch (value)
                {
                    case PickleTensor or PickleArray when TensorOf(value) is { } tensor:
                        tensors[name] = tensor;
                        break;
                    case PickleArray array:
                        placeholders[name] = array.Text;
                        break;
                    case PickleObject { Attributes: null, Items: null } placeholder:
                        placeholders[name] = placeholder.Name;
                        break;
                    case PickleDictionary or PickleObject or PickleList or PickleTuple when !Optimiser(name):
                        Enqueue(value, Joined(at.Path, name), at.Depth + 1);
                        break;
                    default:
                        break;
                }
            }
            IReadOnlyList<object?> items =
                at.Value is PickleList list ? list.Items
                : at.Value is PickleTuple tuple ? tuple.Items
                : [];
            if (items.Count > 0 && lists.Count < MostLists && items.All(item => TensorOf(item) is not null))
                lists.Add((at.Path, [.. items.Select(item => TensorOf(item)!)]));
            for (int i = 0; i < Math.Min(items.Count, 64); i++)
                Enqueue(items[i], $"{at.Path}{(at.Path.Length == 0 ? "" : ".")}{i}", at.Depth + 1);
            if (tensors.Count > 0)
                found.Add(new PickleNode(at.Path, tensors, placeholders));
        }
        if (lists.Count == 0)
            return found;
        ILookup<int, PickleNode> byShapes = found.ToLookup(node => Shapes(node.Tensors.Values));
        return [.. found, .. lists.SelectMany(list => Named(list.Path, list.Tensors, byShapes[Shapes(list.Tensors)]).Take(1))];

        void Enqueue(object? value, string path, int depth)
        {
            if (
                value is PickleDictionary or PickleObject or PickleList or PickleTuple
                && depth <= Deepest
                && seen.Count < MostVisited
                && seen.Add(value)
            )
                queue.Enqueue((value, path, depth));
        }
    }

    // Lists and dictionaries may be thousands: only those of equal shapes are compared.
    private static int Shapes(IEnumerable<PickleTensor> tensors)
    {
        HashCode code = default;
        foreach (PickleTensor tensor in tensors)
        {
            code.Add(tensor.Shape.Length);
            foreach (long size in tensor.Shape)
                code.Add(size);
        }
        return code.ToHashCode();
    }

    // Of thousands of objects under one long name each would hold that name: beyond what any network has, paths end.
    internal static string Joined(string path, string name) =>
        path.Length + name.Length >= LongestPath ? path
        : path.Length == 0 ? name
        : path + "." + name;

    // In the order of the network's parameters, which a state dict has too where there are no buffers.
    private static IEnumerable<PickleNode> Named(string path, PickleTensor[] tensors, IEnumerable<PickleNode> nodes) =>
        nodes
            .Where(node =>
                node.Tensors.Values.Select(tensor => tensor.Shape).SequenceEqual(tensors.Select(tensor => tensor.Shape), SameShape)
            )
            .Select(node => new PickleNode(
                path,
                node.Tensors.Keys.Zip(tensors).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal),
                new Dictionary<string, string>()
            ));

    /// <summary>A tensor, also of an array of NumPy; null of anything else.</summary>
    public static PickleTensor? TensorOf(object? value) => value as PickleTensor ?? (value as PickleArray)?.Tensor;

    /// <summary>Why a structure without tensors was not loaded.</summary>
    public static string Lacking(PickleReading pickle)
    {
        string foreign = pickle.Foreign.Count == 0 ? "" : $" (it asks for {Shown.List(pickle.Foreign)}; nothing was run)";
        string keys =
            pickle.Root is PickleDictionary top && top.Pairs.Count > 0
                ? $"; its keys are {Shown.List(top.Pairs.Select(pair => pair.Key as string ?? "?"), 8)}"
                : "";
        string arrays = Pairs(pickle.Root).Select(pair => pair.Value).OfType<PickleArray>().FirstOrDefault() is { Tensor: null } array
            ? $"; what stands there is a {array.Text}, which no tensor can be"
            : "";
        return $"it holds no state dict{keys}{arrays}; save the weights alone: torch.save(model.state_dict(), file){foreign}";
    }

    /// <summary>Items of a dictionary or of a placeholder of its kind, then its attributes.</summary>
    public static IEnumerable<(object? Key, object? Value)> Pairs(object? value) =>
        value switch
        {
            PickleDictionary dictionary => dictionary.Pairs,
            PickleObject placeholder => (placeholder.Items?.Pairs ?? []).Concat(placeholder.Attributes?.Pairs ?? []),
            _ => [],
        };

    private static bool Optimiser(string key) =>
        key.Contains("optim", StringComparison.OrdinalIgnoreCase) || key is "lr_schedulers" or "lr_scheduler" or "scaler" or "_metadata";
}
