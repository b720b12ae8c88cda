// A pickle reader that can only rebuild tensors: nothing in the file can name code to run.

using System.Buffers.Binary;
using System.Text;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>
/// Interprets the data opcodes of pickle protocols 2–5. Globals of a closed list rebuild tensors and dictionaries; any other is a name and
/// nothing more, and what the pickle makes of it is a
/// placeholder (<see cref="PickleObject"/>). Nothing is ever looked up or called.
/// </summary>
/// <remarks>Time and memory are bounded: references are shared, never expanded, no step recurses, and every value counts against a
/// budget.</remarks>
internal sealed class RestrictedPickle
{
    // A pickle of 8 MB that describes tensors has a million and a half; each unit stands for about 20 bytes of memory.
    private const int MostUnits = 4_000_000;
    private const int MostDimensions = 16,
        MostForeign = 64;

    private static readonly Dictionary<string, PickleGlobal> Known = Globals();

    private readonly ReadOnlyMemory<byte> pickle;
    private readonly string path;
    private readonly List<object?> stack = [];
    private readonly List<int> marks = [];
    private readonly Dictionary<int, object?> memo = [];
    private int at;
    private readonly SortedSet<string> foreign = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PickleStorage> storages = new(StringComparer.Ordinal);
    private long copied;
    private int units;

    private RestrictedPickle(ReadOnlyMemory<byte> pickle, string path) => (this.pickle, this.path) = (pickle, path);

    /// <summary>What the pickle describes.</summary>
    /// <param name="pickle">Its bytes, and perhaps more behind its end.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="ModelException">An opcode that is not allowed, a pickle that is cut off or inconsistent, or one that describes more
    /// than a checkpoint has.</exception>
    public static PickleReading Read(ReadOnlyMemory<byte> pickle, string path)
    {
        RestrictedPickle reader = new(pickle, path);
        while (reader.Step()) { }
        return new PickleReading(reader.Pop(), reader.at, [.. reader.foreign], reader.storages);
    }

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

    // One opcode; false at STOP.
    private bool Step()
    {
        byte code = Byte();
        switch (code)
        {
            case 0x80:
                byte protocol = Byte();
                if (protocol is < 2 or > 5)
                    throw Bad($"pickle protocol {protocol} is not 2–5");
                break;
            case 0x95:
                Skip(8);
                break; // FRAME
            case (byte)'.':
                return false;
            case (byte)'(':
                marks.Add(stack.Count);
                break;
            case (byte)'0':
                Pop();
                break;
            case (byte)'1':
                PopMark();
                break;
            case (byte)'N':
                Push(null);
                break;
            case 0x88:
                Push(true);
                break;
            case 0x89:
                Push(false);
                break;
            case (byte)'J':
                Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                break;
            case (byte)'K':
                Push((long)Byte());
                break;
            case (byte)'M':
                Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                break;
            case 0x8a:
                Push(Long(Byte()));
                break;
            case 0x8b:
                Push(Long(UInt32()));
                break;
            case (byte)'G':
                Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                break;
            case (byte)'X':
                Push(Text(UInt32()));
                break;
            case 0x8c:
                Push(Text(Byte()));
                break;
            case 0x8d:
                Push(Text(Size64()));
                break;
            case (byte)'T':
                Push(Text(UInt32()));
                break;
            case (byte)'U':
                Push(Text(Byte()));
                break;
            case (byte)'B':
                Push(Take(UInt32()).ToArray());
                break;
            case (byte)'C':
                Push(Take(Byte()).ToArray());
                break;
            case 0x8e or 0x96:
                Push(Take(Size64()).ToArray());
                break;
            case (byte)'2':
                Push(Top());
                break;
            case 0x8f:
                Push(new PickleList());
                break; // a set
            case 0x90:
                Append(PopMark());
                break;
            case 0x91: // a frozen set
                object?[] members = PopMark();
                Push(new PickleList());
                Append(members);
                break;
            case (byte)')':
                Push(new PickleTuple([]));
                break;
            case (byte)'t':
                Push(new PickleTuple(PopMark()));
                break;
            case 0x85:
                PushTuple(1);
                break;
            case 0x86:
                PushTuple(2);
                break;
            case 0x87:
                PushTuple(3);
                break;
            case (byte)']':
                Push(new PickleList());
                break;
            case (byte)'a':
                Append([Pop()]);
                break;
            case (byte)'e':
                Append(PopMark());
                break;
            case (byte)'}':
                Push(new PickleDictionary());
                break;
            case (byte)'s':
                SetItems(PopMany(2));
                break;
            case (byte)'u':
                SetItems(PopMark());
                break;
            case (byte)'q':
                Remember(Byte());
                break;
            case (byte)'r':
                Remember(UInt32());
                break;
            case 0x94:
                Remember(memo.Count);
                break;
            case (byte)'h':
                Push(Recall(Byte()));
                break;
            case (byte)'j':
                Push(Recall(UInt32()));
                break;
            case (byte)'c':
                Push(Global(Line(), Line()));
                break;
            case 0x93:
                StackGlobal();
                break;
            case (byte)'R' or 0x81:
                Rebuild(PopMany(2));
                break;
            case 0x92:
                Rebuild(PopMany(3));
                break;
            case (byte)'b':
                Build();
                break;
            case (byte)'Q':
                Push(Storage(Pop()));
                break;
            default:
                throw Bad($"pickle opcode 0x{code:x2} at byte {at - 1} is not among those that rebuild tensors; refused");
        }
        return true;
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
            case PickleRole.Parameter when items is [PickleTensor or PickleObject, ..]:
                return items[0]!;
            case PickleRole.Wrapped
                when items is [PickleGlobal { Role: PickleRole.Tensor or PickleRole.Parameter } inner, _, PickleTuple arguments, ..]:
                return Made(inner, arguments.Items);
            case PickleRole.Wrapped when items is [PickleGlobal inner, ..]:
                return new PickleObject(inner.Name);
            case PickleRole.Tuple when items is [PickleTuple tuple]:
                return tuple;
            default:
                throw Bad($"'{callee.Name}' with arguments that rebuild no tensor; refused");
        }
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
                placeholder.Attributes =
                    state as PickleDictionary ?? ((state as PickleTuple)?.Items is [PickleDictionary attributes, ..] ? attributes : null);
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

    private void Append(object?[] items)
    {
        Spend(items.Length);
        if (Top() is PickleList list)
            list.Add(items);
        // A placeholder of a list's kind (a deque, a set) holds nothing.
        else if (Top() is not PickleObject)
            throw Bad("an append to something that is no list");
    }

    private void SetItems(object?[] items)
    {
        if (Top() is not (PickleDictionary or PickleObject) || items.Length % 2 != 0)
            throw Bad("items set on something that is no dictionary");
        for (int i = 0; i < items.Length; i += 2)
        {
            if (Top() is PickleDictionary dictionary)
                Add(dictionary, items[i], items[i + 1]);
            else
                ((PickleObject)Top()!).Set(items[i], items[i + 1]);
        }
        Spend(items.Length);
    }

    private void Add(PickleDictionary dictionary, object? key, object? value)
    {
        Spend(2);
        dictionary.Add(key, value);
    }

    private void Remember(int key)
    {
        Spend(2);
        memo[key] = Top();
    }

    private void Push(object? value)
    {
        Spend(value is null or bool ? 1 : 3);
        stack.Add(value);
    }

    private void Spend(int cost)
    {
        if ((units += cost) > MostUnits)
            throw Bad(
                "its pickle describes more objects than a checkpoint has; refused. Save the weights alone: torch.save(model.state_dict(), file), or as safetensors"
            );
    }

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
        if (stack.Count - Floor < count)
            throw Bad("its pickle is damaged (a value is taken from an empty stack)");
        object?[] items = [.. stack[^count..]];
        stack.RemoveRange(stack.Count - count, count);
        return items;
    }

    private object?[] PopMark()
    {
        if (marks.Count == 0)
            throw Bad("its pickle is damaged (a value is taken from an empty stack)");
        int mark = marks[^1];
        marks.RemoveAt(marks.Count - 1);
        object?[] items = [.. stack[mark..]];
        stack.RemoveRange(mark, stack.Count - mark);
        return items;
    }

    private int Floor => marks.Count == 0 ? 0 : marks[^1];

    private object? Recall(int key) =>
        memo.TryGetValue(key, out object? value) ? value : throw Bad($"its pickle is damaged (memo entry {key} was never stored)");

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

    // A number of more than 64 bits sizes nothing; it is kept as such.
    private object Long(int count)
    {
        ReadOnlySpan<byte> bytes = Take(count);
        if (bytes.Length > 8)
            return new PickleObject("a number of more than 64 bits");
        long value = bytes.Length > 0 && bytes[^1] >= 0x80 ? -1 : 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
            value = (value << 8) | bytes[i];
        return value;
    }

    private string Text(int count) => Encoding.UTF8.GetString(Take(count));

    private string Line()
    {
        int length = pickle.Span[at..].IndexOf((byte)'\n');
        if (length < 0)
            throw Bad("its pickle is damaged (it is cut off)");
        string line = Text(length);
        at++;
        return line;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > pickle.Length - at)
            throw Bad("its pickle is damaged (it is cut off)");
        at += count;
        return pickle.Span.Slice(at - count, count);
    }

    private ModelException Bad(string what) =>
        new(
            $"'{path}' was not loaded: {what}{(foreign.Count == 0 ? "" : $" (it asks for {string.Join(", ", foreign.Take(4).Select(name => $"'{name}'"))}; nothing was run)")}"
        );
}

/// <summary>What a pickle described.</summary>
/// <param name="Root">Its object.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Foreign">Globals that it asks for and that rebuild no tensor, sorted, at most 64.</param>
/// <param name="Storages">Storages by key, as they were first named.</param>
internal sealed record PickleReading(
    object? Root,
    int Length,
    IReadOnlyList<string> Foreign,
    IReadOnlyDictionary<string, PickleStorage> Storages
);
