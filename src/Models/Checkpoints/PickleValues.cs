// What the restricted pickle reader can produce: plain data, tensors not yet read, inert objects.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>A global, as a name alone; nothing is ever looked up or called by it.</summary>
internal sealed class PickleGlobal(string name, PickleRole role, ScalarType type = default)
{
    public string Name => name;

    public PickleRole Role => role;

    public ScalarType Type => type;
}

/// <summary>What a global means.</summary>
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

    /// <summary>A tensor or parameter around the rebuilding of one (subclasses, attributes of their own).</summary>
    Wrapped,

    /// <summary>A dtype of NumPy.</summary>
    NumpyDtype,

    /// <summary>The class of NumPy's arrays.</summary>
    NumpyType,

    /// <summary>An array of NumPy, whose state follows.</summary>
    NumpyArray,

    /// <summary>An array of NumPy over a buffer (protocol 5).</summary>
    NumpyBuffer,

    /// <summary>One number or text of NumPy.</summary>
    NumpyScalar,

    /// <summary>Bytes that protocol 2 writes as a text.</summary>
    Encoded,

    /// <summary>A tensor of an accelerator, saved as an array.</summary>
    ArrayTensor,

    /// <summary>Anything else: what is made of it is a placeholder that holds data at most.</summary>
    Foreign,
}

/// <summary>A tuple.</summary>
internal sealed class PickleTuple(object?[] items)
{
    public object?[] Items => items;
}

/// <summary>A list.</summary>
internal sealed class PickleList
{
    private List<object?>? items;

    public IReadOnlyList<object?> Items => items ?? (IReadOnlyList<object?>)[];

    public void Add(ReadOnlySpan<object?> more) => (items ??= []).AddRange(more);
}

/// <summary>A dictionary: pairs in order, the last of equal keys wins. Keys are never hashed, so no nesting can be made to
/// recurse.</summary>
internal sealed class PickleDictionary
{
    private List<(object? Key, object? Value)>? pairs;

    public IReadOnlyList<(object? Key, object? Value)> Pairs => pairs ?? (IReadOnlyList<(object?, object?)>)[];

    public object? this[string key]
    {
        get
        {
            for (int i = Pairs.Count - 1; i >= 0; i--)
            {
                if (Pairs[i].Key is string name && name == key)
                    return Pairs[i].Value;
            }
            return null;
        }
    }

    public void Add(object? key, object? value) => (pairs ??= []).Add((key, value));
}

/// <summary>What stands for an object of a global that rebuilds no tensor: its name, and the data that were to be set on it. Nothing was
/// looked up or called.</summary>
internal sealed class PickleObject(string name)
{
    private PickleDictionary? items;

    /// <summary>The global that it would have been made by.</summary>
    public string Name => name;

    /// <summary>What it would have been called with; an enumeration's value, as one.</summary>
    public PickleTuple? Arguments { get; init; }

    /// <summary>Attributes.</summary>
    public PickleDictionary? Attributes { get; set; }

    /// <summary>Items, of a class derived from dict.</summary>
    public PickleDictionary? Items => items;

    public void Set(object? key, object? value) => (items ??= new()).Add(key, value);
}

/// <summary>A storage by its key.</summary>
internal sealed record PickleStorage(string Key, ScalarType Type, long Elements)
{
    /// <summary>Its bytes where the pickle itself holds them; null where the archive does.</summary>
    public PickleBytes? Data { get; init; }
}

/// <summary>A view of a storage; sizes, strides and offset are as the file claims and not yet checked.</summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Shape, long[] Strides);
