// What globals, calls and states in a pickle make: tensors, arrays, plain values, placeholders; nothing is looked up or called.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

internal sealed partial class RestrictedPickle
{
    private static readonly Dictionary<string, PickleGlobal> Known = Globals();

    private static Dictionary<string, PickleGlobal> Globals()
    {
        Dictionary<string, PickleGlobal> known = new(StringComparer.Ordinal);
        Add("collections.OrderedDict", PickleRole.Dictionary);
        Add("torch._utils._rebuild_tensor_v2", PickleRole.Tensor);
        Add("torch._utils._rebuild_tensor", PickleRole.Tensor);
        Add("torch._utils._rebuild_parameter", PickleRole.Parameter);
        Add("torch._utils._rebuild_parameter_with_state", PickleRole.Parameter);
        Add("torch.nn.parameter.Parameter", PickleRole.Parameter);
        Add("torch._tensor._rebuild_from_type_v2", PickleRole.Wrapped);
        Add("torch._tensor._rebuild_from_type", PickleRole.Wrapped);
        Add("torch.Size", PickleRole.Tuple);
        Add("collections.defaultdict", PickleRole.Dictionary);
        Add("numpy.dtype", PickleRole.NumpyDtype);
        Add("numpy.ndarray", PickleRole.NumpyType);
        // NumPy 2 renamed its core.
        foreach (string core in new[] { "numpy.core", "numpy._core" })
        {
            Add(core + ".multiarray._reconstruct", PickleRole.NumpyArray);
            Add(core + ".multiarray.scalar", PickleRole.NumpyScalar);
            Add(core + ".numeric._frombuffer", PickleRole.NumpyBuffer);
        }
        Add("_codecs.encode", PickleRole.Encoded);
        Add("torch._utils._rebuild_device_tensor_from_numpy", PickleRole.ArrayTensor);
        Add("torch._utils._rebuild_xla_tensor", PickleRole.ArrayTensor);
        foreach (
            (string name, ScalarType type) in new[]
            {
                ("Float", ScalarType.Float32),
                ("Half", ScalarType.Float16),
                ("BFloat16", ScalarType.BFloat16),
                ("Double", ScalarType.Float64),
                ("Long", ScalarType.Int64),
                ("Int", ScalarType.Int32),
                ("Short", ScalarType.Int16),
                ("Char", ScalarType.Int8),
                ("Byte", ScalarType.Byte),
                ("Bool", ScalarType.Bool),
            }
        )
        {
            Add($"torch.{name}Storage", PickleRole.Storage, type);
            Add($"torch.cuda.{name}Storage", PickleRole.Storage, type);
        }
        return known;

        void Add(string name, PickleRole role, ScalarType type = default) => known.Add(name, new PickleGlobal(name, role, type));
    }

    private PickleGlobal Global(string module, string name)
    {
        string full = $"{module}.{name}";
        if (Known.TryGetValue(full, out PickleGlobal? known))
            return known;
        string shown = Shown.Of(full);
        if (foreign.Count < MostForeign)
            foreign.Add(shown);
        return new PickleGlobal(shown, PickleRole.Foreign);
    }

    private void StackGlobal()
    {
        object?[] names = PopMany(2);
        if (names is not [string module, string name])
            throw Bad("a global without a name");
        Push(Global(module, name));
    }

    // REDUCE, NEWOBJ and NEWOBJ_EX alike: a global applied to arguments, interpreted here.
    private void Rebuild(object?[] call)
    {
        switch (call[0])
        {
            case PickleObject placeholder:
                Push(new PickleObject(placeholder.Name));
                break;
            case PickleGlobal { Role: PickleRole.Foreign } callee:
                Push(new PickleObject(callee.Name) { Arguments = call[1] as PickleTuple });
                break;
            case PickleGlobal callee when call[1] is PickleTuple arguments:
                Push(Made(callee, arguments.Items));
                break;
            default:
                throw Bad("a call on something that is no global; refused");
        }
    }

    private object Made(PickleGlobal callee, object?[] items)
    {
        switch (callee.Role)
        {
            case PickleRole.Dictionary when callee.Name == "collections.OrderedDict":
                return Ordered(items);
            case PickleRole.Dictionary:
                return new PickleDictionary();
            case PickleRole.Tensor when items is [PickleStorage storage, long offset, PickleTuple shape, PickleTuple strides, ..]:
                if (shape.Items.Length > MostDimensions || strides.Items.Length != shape.Items.Length)
                    throw Bad($"a tensor of {shape.Items.Length} dimensions with {strides.Items.Length} strides");
                Spend(8 + (2 * shape.Items.Length));
                return new PickleTensor(storage, offset, Longs(shape), Longs(strides));
            // Over a storage that is not among ours: a placeholder that names it.
            case PickleRole.Tensor when items is [PickleObject storage, ..]:
                return new PickleObject(storage.Name);
            case PickleRole.Parameter or PickleRole.ArrayTensor when items is [PickleTensor or PickleObject or PickleArray, ..]:
                return items[0]!;
            case PickleRole.Wrapped
                when items is [PickleGlobal { Role: PickleRole.Tensor or PickleRole.Parameter } inner, _, PickleTuple arguments, ..]:
                return Made(inner, arguments.Items);
            case PickleRole.Wrapped when items is [PickleGlobal inner, ..]:
                return new PickleObject(inner.Name);
            case PickleRole.Tuple when items is [PickleTuple tuple]:
                return tuple;
            case >= PickleRole.NumpyDtype and < PickleRole.Foreign:
                return Numpy(callee, items) ?? new PickleObject(callee.Name);
            default:
                throw Bad($"'{callee.Name}' with arguments that rebuild no tensor; refused");
        }
    }

    // Null where the arguments are of a kind that is not read: such an object is a placeholder, as it may stand beside the weights.
    private object? Numpy(PickleGlobal callee, object?[] items)
    {
        switch (callee.Role)
        {
            case PickleRole.NumpyDtype when items is [string code, ..]:
                return new PickleDtype(code);
            case PickleRole.NumpyArray when items is [PickleGlobal { Role: PickleRole.NumpyType }, ..]:
                return new PickleArray();
            case PickleRole.NumpyScalar when items is [PickleDtype dtype, PickleBytes data] && data.Count <= LongestText * 4:
                Spend(data.Count / 8);
                byte[] bytes = new byte[data.Count];
                return data.TryCopyTo(bytes) ? dtype.Value(bytes) : null;
            case PickleRole.NumpyBuffer when items is [PickleBytes buffer, PickleDtype kind, PickleTuple shape, string order]:
                PickleArray array = new();
                Fill(array, shape, kind, order == "F", buffer);
                return array;
            case PickleRole.Encoded when items is [PickleBytes text, "latin1"]:
                return text.AsLatin();
            case PickleRole.Encoded when items is [string text, "latin1"]:
                Spend(text.Length / 8);
                return new PickleBytes(System.Text.Encoding.UTF8.GetBytes(text), latin: true);
            default:
                return null;
        }
    }

    private void Fill(PickleArray array, PickleTuple shape, PickleDtype dtype, bool columns, object? content)
    {
        if (shape.Items.Length > MostDimensions)
            return;
        Spend(8 + (2 * shape.Items.Length));
        array.Set(Longs(shape), dtype, columns, content, arrays++);
    }

    private PickleDictionary Ordered(object?[] items)
    {
        PickleDictionary dictionary = new();
        if (items is [PickleList list])
        {
            // One list may be named many times; copying it each time must not outgrow the pickle.
            if ((copied += list.Items.Count) > pickle.Length)
                throw Bad("its dictionaries repeat one list without end");
            foreach (object? item in list.Items)
            {
                if (item is PickleTuple { Items: [object key, _] entry })
                    Add(dictionary, key, entry[1]);
                else if (item is PickleList { Items: [object listKey, _] listEntry })
                    Add(dictionary, listKey, listEntry[1]);
                else
                    throw Bad("an ordered dictionary of something that is no pair");
            }
        }
        else if (items.Length > 0)
            throw Bad("an ordered dictionary with unknown arguments");
        return dictionary;
    }

    // A placeholder keeps its attributes as data; those of dictionaries (_metadata) and tensors carry no weights.
    private void Build()
    {
        object? state = Pop();
        switch (Top())
        {
            case PickleObject placeholder:
                placeholder.Attributes = state switch
                {
                    PickleDictionary attributes => attributes,
                    // Attributes, then those in slots.
                    PickleTuple { Items: [PickleDictionary attributes, ..] } => attributes,
                    PickleTuple { Items: [null, PickleDictionary slots] } => slots,
                    // A config that keeps a dictionary of a class of its own.
                    PickleTuple { Items: [PickleObject { Items: { } held }, ..] } => held,
                    _ => null,
                };
                break;
            // Version, shape, dtype, order, bytes.
            case PickleArray array:
                if (state is PickleTuple { Items: [_, PickleTuple shape, PickleDtype kind, bool columns, var content] })
                    Fill(array, shape, kind, columns, content);
                break;
            // Version, order of bytes, sub-array, names of fields, ...
            case PickleDtype dtype:
                if (state is PickleTuple { Items: [_, string order, var within, var names, ..] })
                    (dtype.BigEndian, dtype.Structured) = (order == ">", within is not null || names is not null);
                break;
            case PickleDictionary or PickleTensor:
                break;
            default:
                throw Bad("state set on something that has none; refused");
        }
    }

    private object Storage(object? id)
    {
        switch (id)
        {
            // Before PyTorch 1.6 a sixth item told of views of storages; null where there are none.
            case PickleTuple
            {
                Items: ["storage", PickleGlobal { Role: PickleRole.Storage } kind, string key, _, long elements, .. var view]
            } when elements >= 0 && view is [] or [null]:
                if (storages.TryGetValue(key, out PickleStorage? known) && known.Type == kind.Type && known.Elements == elements)
                    return known;
                PickleStorage storage = new(key, kind.Type, elements);
                storages.TryAdd(key, storage);
                Spend(4);
                return storage;
            case PickleTuple { Items: ["storage", PickleGlobal { Role: PickleRole.Foreign } kind, ..] }:
                return new PickleObject(kind.Name);
            default:
                throw Bad("a persistent reference that is no tensor storage; refused");
        }
    }

    private long[] Longs(PickleTuple tuple)
    {
        long[] numbers = new long[tuple.Items.Length];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = tuple.Items[i] is long number ? number : throw Bad("a size or stride that is no number");
        return numbers;
    }
}
