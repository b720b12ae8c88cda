// A pickle reader that can only rebuild tensors: nothing in the file can name code to run.

using System.Buffers.Binary;
using System.Text;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>
/// Interprets the data opcodes of pickle protocols 2–5 over a closed list of globals. A global outside the list is refused
/// with its name at the opcode that asks for it, before anything could be done with it.
/// </summary>
/// <remarks>Time and memory are linear in the length of the pickle: references are shared, never expanded, and no step recurses.</remarks>
internal sealed class RestrictedPickle
{
    private static readonly Dictionary<string, PickleGlobal> Known = Globals();

    private readonly byte[] pickle;
    private readonly string path;
    private readonly List<object?> stack = [];
    private readonly List<int> marks = [];
    private readonly Dictionary<int, object?> memo = [];
    private int at;
    private long copied;

    private RestrictedPickle(byte[] pickle, string path) => (this.pickle, this.path) = (pickle, path);

    /// <summary>The object that the pickle describes.</summary>
    /// <exception cref="ModelException">A global or opcode that is not allowed (with its name), or a pickle that is cut off or inconsistent.</exception>
    public static object? Read(byte[] pickle, string path)
    {
        RestrictedPickle reader = new(pickle, path);
        while (reader.Step())
        {
        }
        return reader.Pop();
    }

    private static Dictionary<string, PickleGlobal> Globals()
    {
        Dictionary<string, PickleGlobal> known = new(StringComparer.Ordinal);
        Add("collections.OrderedDict", PickleRole.Dictionary);
        Add("torch._utils._rebuild_tensor_v2", PickleRole.Tensor);
        Add("torch._utils._rebuild_tensor", PickleRole.Tensor);
        Add("torch._utils._rebuild_parameter", PickleRole.Parameter);
        Add("torch.Size", PickleRole.Tuple);
        Add("argparse.Namespace", PickleRole.Inert);
        foreach ((string name, ScalarType type) in new[]
        {
            ("Float", ScalarType.Float32), ("Half", ScalarType.Float16), ("BFloat16", ScalarType.BFloat16), ("Double", ScalarType.Float64),
            ("Long", ScalarType.Int64), ("Int", ScalarType.Int32), ("Short", ScalarType.Int16), ("Char", ScalarType.Int8), ("Byte", ScalarType.Byte), ("Bool", ScalarType.Bool),
        })
        {
            Add($"torch.{name}Storage", PickleRole.Storage, type);
        }
        return known;

        void Add(string name, PickleRole role, ScalarType type = default) => known.Add(name, new PickleGlobal(name, role, type));
    }

    // One opcode; false at STOP.
    private bool Step()
    {
        byte code = Byte();
        switch (code)
        {
            case 0x80:
                byte protocol = Byte();
                if (protocol is < 2 or > 5) throw Bad($"pickle protocol {protocol} is not 2–5");
                break;
            case 0x95: Skip(8); break;                                         // FRAME
            case (byte)'.': return false;
            case (byte)'(': marks.Add(stack.Count); break;
            case (byte)'0': Pop(); break;
            case (byte)'1': PopMark(); break;
            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case (byte)'K': Push((long)Byte()); break;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 0x8a: Push(Long1()); break;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
            case (byte)'X': Push(Text(UInt32())); break;
            case 0x8c: Push(Text(Byte())); break;
            case 0x8d: Push(Text(Size64())); break;
            case (byte)'T': Push(Text(UInt32())); break;
            case (byte)'U': Push(Text(Byte())); break;
            case (byte)'B': Push(Take(UInt32()).ToArray()); break;
            case (byte)'C': Push(Take(Byte()).ToArray()); break;
            case (byte)')': Push(new PickleTuple([])); break;
            case (byte)'t': Push(new PickleTuple(PopMark())); break;
            case 0x85: PushTuple(1); break;
            case 0x86: PushTuple(2); break;
            case 0x87: PushTuple(3); break;
            case (byte)']': Push(new PickleList()); break;
            case (byte)'a': Append([Pop()]); break;
            case (byte)'e': Append(PopMark()); break;
            case (byte)'}': Push(new PickleDictionary()); break;
            case (byte)'s': SetItems(PopMany(2)); break;
            case (byte)'u': SetItems(PopMark()); break;
            case (byte)'q': memo[Byte()] = Top(); break;
            case (byte)'r': memo[UInt32()] = Top(); break;
            case 0x94: memo[memo.Count] = Top(); break;
            case (byte)'h': Push(Recall(Byte())); break;
            case (byte)'j': Push(Recall(UInt32())); break;
            case (byte)'c': Push(Global(Line(), Line())); break;
            case 0x93: StackGlobal(); break;
            case (byte)'R' or 0x81: Rebuild(); break;
            case (byte)'b': Build(); break;
            case (byte)'Q': Push(Storage(Pop())); break;
            default: throw Bad($"pickle opcode 0x{code:x2} at byte {at - 1} is not among those that rebuild tensors; refused");
        }
        return true;
    }

    private PickleGlobal Global(string module, string name)
    {
        string full = $"{module}.{name}";
        if (Known.TryGetValue(full, out PickleGlobal? known)) return known;
        string shown = full.Length > 120 ? full[..120] + "…" : full;
        throw Bad($"it asks for '{shown}', which does not rebuild tensors; refused, and nothing was run. Save the weights alone: torch.save(model.state_dict(), file), or as safetensors");
    }

    private void StackGlobal()
    {
        object?[] names = PopMany(2);
        if (names is not [string module, string name]) throw Bad("a global without a name");
        Push(Global(module, name));
    }

    // REDUCE and NEWOBJ alike: a permitted global applied to arguments, interpreted here.
    private void Rebuild()
    {
        object?[] pair = PopMany(2);
        if (pair is not [PickleGlobal callee, PickleTuple arguments]) throw Bad("a call on something that is no permitted global; refused");
        object?[] items = arguments.Items;
        switch (callee.Role)
        {
            case PickleRole.Dictionary:
                PickleDictionary dictionary = new();
                if (items is [PickleList list])
                {
                    // One list may be named many times; copying it each time must not outgrow the pickle.
                    if ((copied += list.Items.Count) > pickle.Length) throw Bad("its dictionaries repeat one list without end");
                    foreach (object? item in list.Items)
                    {
                        if (item is PickleTuple { Items: [object key, _] entry }) dictionary.Pairs.Add((key, entry[1]));
                        else if (item is PickleList { Items: [object listKey, _] listEntry }) dictionary.Pairs.Add((listKey, listEntry[1]));
                        else throw Bad("an ordered dictionary of something that is no pair");
                    }
                }
                else if (items.Length > 0) throw Bad("an ordered dictionary with unknown arguments");
                Push(dictionary);
                break;
            case PickleRole.Tensor when items is [PickleStorage storage, long offset, PickleTuple shape, PickleTuple strides, ..]:
                Push(new PickleTensor(storage, offset, Longs(shape), Longs(strides)));
                break;
            case PickleRole.Parameter when items is [PickleTensor data, ..]: Push(data); break;
            case PickleRole.Tuple when items is [PickleTuple tuple]: Push(tuple); break;
            case PickleRole.Inert when items.Length == 0: Push(new PickleObject()); break;
            default: throw Bad($"'{callee.Name}' with arguments that rebuild no tensor; refused");
        }
    }

    // Attributes are kept for plain objects; a dictionary's own attributes (_metadata) carry no weights.
    private void Build()
    {
        object? state = Pop();
        object? target = Top();
        if (target is PickleObject inert && state is PickleDictionary attributes) inert.Attributes = attributes;
        else if (target is not PickleDictionary) throw Bad("state set on something that is neither a dictionary nor a namespace; refused");
    }

    private PickleStorage Storage(object? id) =>
        id is PickleTuple { Items: ["storage", PickleGlobal { Role: PickleRole.Storage } kind, string key, _, long elements] } && elements >= 0
            ? new PickleStorage(key, kind.Type, elements)
            : throw Bad("a persistent reference that is no tensor storage; refused");

    private long[] Longs(PickleTuple tuple)
    {
        long[] numbers = new long[tuple.Items.Length];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = tuple.Items[i] is long number ? number : throw Bad("a size or stride that is no number");
        return numbers;
    }

    private void Append(object?[] items)
    {
        if (Top() is not PickleList list) throw Bad("an append to something that is no list");
        list.Items.AddRange(items);
    }

    private void SetItems(object?[] items)
    {
        if (Top() is not PickleDictionary dictionary || items.Length % 2 != 0) throw Bad("items set on something that is no dictionary");
        for (int i = 0; i < items.Length; i += 2) dictionary.Pairs.Add((items[i], items[i + 1]));
    }

    private void Push(object? value) => stack.Add(value);

    private void PushTuple(int size) => Push(new PickleTuple(PopMany(size)));

    private object? Top() => stack.Count > Floor ? stack[^1] : throw Bad("its pickle is damaged (a value is taken from an empty stack)");

    private object? Pop()
    {
        object? top = Top();
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private object?[] PopMany(int count)
    {
        if (stack.Count - Floor < count) throw Bad("its pickle is damaged (a value is taken from an empty stack)");
        object?[] items = [.. stack[^count..]];
        stack.RemoveRange(stack.Count - count, count);
        return items;
    }

    private object?[] PopMark()
    {
        if (marks.Count == 0) throw Bad("its pickle is damaged (a value is taken from an empty stack)");
        int mark = marks[^1];
        marks.RemoveAt(marks.Count - 1);
        object?[] items = [.. stack[mark..]];
        stack.RemoveRange(mark, stack.Count - mark);
        return items;
    }

    private int Floor => marks.Count == 0 ? 0 : marks[^1];

    private object? Recall(int key) => memo.TryGetValue(key, out object? value) ? value : throw Bad($"its pickle is damaged (memo entry {key} was never stored)");

    private byte Byte() => Take(1)[0];

    private void Skip(int count) => Take(count);

    private int UInt32()
    {
        uint value = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        return value <= int.MaxValue ? (int)value : throw Bad("its pickle is damaged (it is cut off)");
    }

    private int Size64()
    {
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
        return value <= int.MaxValue ? (int)value : throw Bad("its pickle is damaged (it is cut off)");
    }

    private long Long1()
    {
        ReadOnlySpan<byte> bytes = Take(Byte());
        if (bytes.Length > 8) throw Bad("a number of more than 64 bits");
        long value = bytes.Length > 0 && bytes[^1] >= 0x80 ? -1 : 0;
        for (int i = bytes.Length - 1; i >= 0; i--) value = (value << 8) | bytes[i];
        return value;
    }

    private string Text(int count) => Encoding.UTF8.GetString(Take(count));

    private string Line()
    {
        int end = Array.IndexOf(pickle, (byte)'\n', at);
        if (end < 0) throw Bad("its pickle is damaged (it is cut off)");
        string line = Encoding.UTF8.GetString(pickle, at, end - at);
        at = end + 1;
        return line;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > pickle.Length - at) throw Bad("its pickle is damaged (it is cut off)");
        at += count;
        return pickle.AsSpan(at - count, count);
    }

    private ModelException Bad(string what) => new($"'{path}' was not loaded: {what}");
}
