// What the restricted pickle reader can produce: plain data, tensors not yet read, inert objects.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>A permitted global, as a name alone; nothing is ever looked up or called by it.</summary>
internal sealed class PickleGlobal(string name, PickleRole role, ScalarType type = default)
{
    public string Name => name;

    public PickleRole Role => role;

    public ScalarType Type => type;
}

/// <summary>What a permitted global means.</summary>
internal enum PickleRole
{
    /// <summary>An ordered dictionary.</summary>
    Dictionary,

    /// <summary>A tensor over a storage.</summary>
    Tensor,

    /// <summary>A parameter around a tensor.</summary>
    Parameter,

    /// <summary>A typed storage.</summary>
    Storage,

    /// <summary>A tuple under another name (torch.Size).</summary>
    Tuple,

    /// <summary>An object whose attributes are kept as data (argparse.Namespace).</summary>
    Inert,
}

/// <summary>A tuple.</summary>
internal sealed class PickleTuple(object?[] items)
{
    public object?[] Items => items;
}

/// <summary>A list.</summary>
internal sealed class PickleList
{
    public List<object?> Items { get; } = [];
}

/// <summary>A dictionary: pairs in order, the last of equal keys wins. Keys are never hashed, so no nesting can be made to recurse.</summary>
internal sealed class PickleDictionary
{
    public List<(object? Key, object? Value)> Pairs { get; } = [];

    public object? this[string key]
    {
        get
        {
            for (int i = Pairs.Count - 1; i >= 0; i--)
            {
                if (Pairs[i].Key is string name && name == key) return Pairs[i].Value;
            }
            return null;
        }
    }
}

/// <summary>An object kept as its attributes.</summary>
internal sealed class PickleObject
{
    public PickleDictionary Attributes { get; set; } = new();
}

/// <summary>A storage of the archive, by its key.</summary>
internal sealed record PickleStorage(string Key, ScalarType Type, long Elements);

/// <summary>A view of a storage; sizes, strides and offset are as the file claims and not yet checked.</summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Shape, long[] Strides);
