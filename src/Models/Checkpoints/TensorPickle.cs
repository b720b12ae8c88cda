// A pickle interpreter that can build tensors, containers and plain values, and nothing else.

using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>A tensor as a pickle describes it: a view of a storage that lies elsewhere in the zip.</summary>
internal sealed record PickledTensor(string Storage, ScalarType Type, long Offset, long[] Shape, long[] Strides);

/// <summary>Interprets the opcodes that torch.save writes (protocols 2 to 5) without calling anything: a global is a name to be compared, never resolved.</summary>
internal sealed class TensorPickle(string path, byte[] pickle)
{
    private static readonly Dictionary<string, ScalarType> Storages = new(StringComparer.Ordinal)
    {
        ["torch DoubleStorage"] = ScalarType.Float64,
        ["torch FloatStorage"] = ScalarType.Float32,
        ["torch HalfStorage"] = ScalarType.Float16,
        ["torch BFloat16Storage"] = ScalarType.BFloat16,
        ["torch LongStorage"] = ScalarType.Int64,
        ["torch IntStorage"] = ScalarType.Int32,
        ["torch ShortStorage"] = ScalarType.Int16,
        ["torch CharStorage"] = ScalarType.Int8,
        ["torch ByteStorage"] = ScalarType.Byte,
        ["torch BoolStorage"] = ScalarType.Bool,
    };

    // What may be named; Namespace holds a script's arguments and is kept as inert fields.
    private static readonly HashSet<string> Allowed = ["torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter", "collections OrderedDict", "argparse Namespace", .. Storages.Keys];

    private readonly List<object?> stack = [];
    private readonly Stack<int> marks = new();
    private readonly Dictionary<int, object?> memo = [];
    private int at;

    /// <summary>Runs the pickle to its end and returns its value.</summary>
    /// <exception cref="ModelException">A forbidden global (by name), an unknown opcode, or damage.</exception>
    public object? Load()
    {
        try
        {
            while (true)
            {
                byte opcode = pickle[at++];
                if (opcode == (byte)'.') return Pop();
                Step(opcode);
            }
        }
        catch (Exception error) when (error is IndexOutOfRangeException or ArgumentOutOfRangeException or InvalidOperationException or InvalidCastException or NullReferenceException or KeyNotFoundException or OverflowException or FormatException or ArgumentException)
        {
            throw new ModelException($"{path}: its pickle is damaged at byte {at} ({error.GetType().Name}); download it again or convert it to safetensors", error);
        }
    }

    private void Step(byte opcode)
    {
        switch ((char)opcode)
        {
            case '\u0080': at++; break;
            case '\u0095': at += 8; break;
            case '(': marks.Push(stack.Count); break;
            case ')': stack.Add(Array.Empty<object?>()); break;
            case '}': stack.Add(new Dictionary<object, object?>()); break;
            case ']': stack.Add(new List<object?>()); break;
            case 'N': stack.Add(null); break;
            case '\u0088': stack.Add(true); break;
            case '\u0089': stack.Add(false); break;
            case 'K': stack.Add((long)pickle[at++]); break;
            case 'M': stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 'J': stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case '\u008a': stack.Add(Long(Take(pickle[at++]))); break;
            case 'G': stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
            case 'X': stack.Add(Encoding.UTF8.GetString(Take(BinaryPrimitives.ReadInt32LittleEndian(Take(4))))); break;
            case '\u008c': stack.Add(Encoding.UTF8.GetString(Take(pickle[at++]))); break;
            case 'q': memo[pickle[at++]] = stack[^1]; break;
            case 'r': memo[BinaryPrimitives.ReadInt32LittleEndian(Take(4))] = stack[^1]; break;
            case '\u0094': memo[memo.Count] = stack[^1]; break;
            case 'h': stack.Add(memo[pickle[at++]]); break;
            case 'j': stack.Add(memo[BinaryPrimitives.ReadInt32LittleEndian(Take(4))]); break;
            case 't': stack.Add(PopToMark()); break;
            case '\u0085': Tuple(1); break;
            case '\u0086': Tuple(2); break;
            case '\u0087': Tuple(3); break;
            case 's': SetItems([Pop(), Pop()], reversed: true); break;
            case 'u': SetItems(PopToMark(), reversed: false); break;
            case 'a': Append([Pop()]); break;
            case 'e': Append(PopToMark()); break;
            case 'c': stack.Add(Global(Line(), Line())); break;
            case '\u0093': Global2(); break;
            case 'Q': stack.Add(Persistent((object?[])Pop()!)); break;
            case 'R': Reduce(); break;
            case '\u0081': Reduce(); break;
            case 'b': Build(); break;
            default: throw new ModelException($"{path}: its pickle uses opcode 0x{opcode:x2} at byte {at - 1}, which no tensor needs; refused");
        }
    }

    private void Reduce()
    {
        var arguments = (object?[])Pop()!;
        var callable = (GlobalName)Pop()!;
        stack.Add(callable.Name switch
        {
            "collections OrderedDict" when arguments.Length == 0 => new Dictionary<object, object?>(),
            "argparse Namespace" => new Dictionary<object, object?>(),
            "torch._utils _rebuild_tensor_v2" => Tensor(arguments),
            "torch._utils _rebuild_parameter" => (PickledTensor)arguments[0]!,
            _ => throw new ModelException($"{path}: its pickle calls '{callable.Name.Replace(' ', '.')}', which no tensor needs; refused"),
        });
    }

    private static PickledTensor Tensor(object?[] arguments)
    {
        var storage = (PickledTensor)arguments[0]!;
        long offset = (long)arguments[1]!;
        long[] shape = Longs(arguments[2]), strides = Longs(arguments[3]);
        if (offset < 0 || shape.Length != strides.Length || shape.Concat(strides).Any(value => value < 0)) throw new FormatException("negative or uneven shape");
        return storage with { Offset = offset, Shape = shape, Strides = strides };
    }

    private static long[] Longs(object? tuple) => [.. ((object?[])tuple!).Select(item => (long)item!)];

    private PickledTensor Persistent(object?[] id)
    {
        if (id.Length < 5 || id[0] is not "storage") throw new FormatException("not a storage");
        string type = ((GlobalName)id[1]!).Name;
        string key = (string)id[2]!;
        if (!Storages.TryGetValue(type, out ScalarType scalar)) throw new ModelException($"{path}: storage of type '{type.Replace(' ', '.')}' is not supported; save the model in float32, float16 or bfloat16");
        if (key.Length == 0 || !key.All(char.IsAsciiDigit)) throw new ModelException($"{path}: storage '{key}' is no entry that torch.save writes; refused");
        return new PickledTensor(key, scalar, 0, [], []);
    }

    private GlobalName Global(string module, string name)
    {
        string full = $"{module} {name}";
        return Allowed.Contains(full) ? new GlobalName(full) : throw new ModelException($"{path}: its pickle names '{module}.{name}', which no tensor needs; refused, nothing was run. If you trust the file, convert it to safetensors elsewhere");
    }

    private void Global2()
    {
        string name = (string)Pop()!;
        stack.Add(Global((string)Pop()!, name));
    }

    // Attributes of an OrderedDict (its _metadata) and of a Namespace: dropped, they hold no tensors that matter.
    private void Build() => Pop();

    private void SetItems(object?[] items, bool reversed)
    {
        if (reversed) Array.Reverse(items);
        var target = (Dictionary<object, object?>)stack[^1]!;
        for (int i = 0; i + 1 < items.Length; i += 2) target[items[i]!] = items[i + 1];
    }

    private void Append(object?[] items) => ((List<object?>)stack[^1]!).AddRange(items);

    private void Tuple(int count)
    {
        object?[] items = new object?[count];
        for (int i = count - 1; i >= 0; i--) items[i] = Pop();
        stack.Add(items);
    }

    private object?[] PopToMark()
    {
        int mark = marks.Pop();
        object?[] items = [.. stack[mark..]];
        stack.RemoveRange(mark, stack.Count - mark);
        return items;
    }

    private object? Pop()
    {
        object? top = stack[^1];
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        ReadOnlySpan<byte> taken = pickle.AsSpan(at, count);
        at += count;
        return taken;
    }

    private string Line()
    {
        int end = Array.IndexOf(pickle, (byte)'\n', at);
        string line = Encoding.UTF8.GetString(pickle.AsSpan(at, end - at));
        at = end + 1;
        return line;
    }

    private static long Long(ReadOnlySpan<byte> bytes) => long.Parse(new System.Numerics.BigInteger(bytes).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private sealed record GlobalName(string Name);
}
