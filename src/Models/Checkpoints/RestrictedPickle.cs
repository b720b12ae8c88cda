// A pickle reader that can only rebuild tensors: nothing in the file can name code to run. Own code, as a general reader runs what the file
// names (docs/adr/0006).

using System.Buffers.Binary;
using System.Text;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>
/// Interprets the data opcodes of pickle protocols 2–5. Globals of a closed list rebuild tensors, dictionaries and arrays of NumPy; any
/// other is a name and nothing more, and what the pickle makes of it is a placeholder (<see cref="PickleObject"/>). Nothing is ever looked
/// up or called.
/// </summary>
/// <remarks>Time and memory are bounded: references are shared, never expanded, no step recurses, and every value counts against a
/// budget.</remarks>
internal sealed partial class RestrictedPickle
{
    // A pickle of 8 MB that describes tensors has a million and a half; each unit stands for about 20 bytes of memory.
    private const int MostUnits = 4_000_000;
    private const int MostDimensions = 16,
        MostForeign = 64,
        LongestText = 1024,
        LongestLine = 64 << 10;

    private readonly ReadOnlyMemory<byte> pickle;
    private readonly string path;
    private readonly List<object?> stack = [];
    private readonly List<int> marks = [];
    private readonly Dictionary<int, object?> memo = [];
    private int at;
    private readonly SortedSet<string> foreign = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PickleStorage> storages = new(StringComparer.Ordinal);
    private long copied;
    private int units,
        arrays;

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
                Push(TextOrBytes(UInt32()));
                break;
            case 0x8c:
                Push(TextOrBytes(Byte()));
                break;
            case 0x8d:
                Push(TextOrBytes(Size64()));
                break;
            case (byte)'T':
                Push(TextOrBytes(UInt32()));
                break;
            case (byte)'U':
                Push(TextOrBytes(Byte()));
                break;
            case (byte)'B':
                Push(Bytes(UInt32()));
                break;
            case (byte)'C':
                Push(Bytes(Byte()));
                break;
            case 0x8e or 0x96:
                Push(Bytes(Size64()));
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

    private string Text(int count)
    {
        Spend(count / 16);
        return Encoding.UTF8.GetString(Take(count));
    }

    private PickleBytes Bytes(int count)
    {
        Take(count);
        return new PickleBytes(pickle.Slice(at - count, count), latin: false);
    }

    // A long text is bytes in the clothes of one, or a config; whoever wants it decodes it.
    private object TextOrBytes(int count) => count > LongestText ? Bytes(count) : Text(count);

    private string Line()
    {
        ReadOnlySpan<byte> rest = pickle.Span[at..];
        int length = rest[..Math.Min(rest.Length, LongestLine)].IndexOf((byte)'\n');
        if (length < 0)
            throw Bad(
                rest.Length < LongestLine
                    ? "its pickle is damaged (it is cut off)"
                    : "it asks for a global whose name is longer than 64 KiB; refused"
            );
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
