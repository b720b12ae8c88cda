// Arrays and scalars of NumPy within a pickle: shape, dtype and bytes.

using System.Buffers.Binary;
using System.Text;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>A dtype of NumPy by its code: <c>f4</c>, <c>U12</c>, <c>O8</c>.</summary>
internal sealed class PickleDtype(string code)
{
    /// <summary>Whether numbers begin with their highest byte.</summary>
    public bool BigEndian { get; set; }

    /// <summary>Whether it has fields: a row of several values.</summary>
    public bool Structured { get; set; }

    /// <summary>As NumPy writes it.</summary>
    public string Text => (BigEndian ? ">" : "") + code;

    /// <summary>Bytes of one element; 0 where the code tells none.</summary>
    public int Size =>
        code.Length > 1 && int.TryParse(code.AsSpan(1), System.Globalization.NumberStyles.None, null, out int size)
            ? size <= 1 << 16
                ? code[0] == 'U'
                    ? size * 4
                    : size
                : 0
            : 0;

    /// <summary>Whether elements are objects, which are pickled one by one.</summary>
    public bool Objects => code is "O8" or "O";

    /// <summary>The dtype of tensors that holds the same bytes; null where there is none.</summary>
    public ScalarType? Type =>
        Structured || (BigEndian && Size > 1)
            ? null
            : code switch
            {
                "f2" => ScalarType.Float16,
                "f4" => ScalarType.Float32,
                "f8" => ScalarType.Float64,
                "i1" => ScalarType.Int8,
                "i2" => ScalarType.Int16,
                "i4" => ScalarType.Int32,
                "i8" => ScalarType.Int64,
                "u1" => ScalarType.Byte,
                "b1" => ScalarType.Bool,
                _ => null,
            };

    /// <summary>One element as a long, a double, a bool or a text; null where it is none of these.</summary>
    public object? Value(ReadOnlySpan<byte> bytes)
    {
        if (Structured || bytes.Length != Size || bytes.Length == 0)
            return null;
        Span<byte> ordered = stackalloc byte[8];
        if (bytes.Length <= 8 && code[0] is 'f' or 'i' or 'u' or 'b')
        {
            ordered = ordered[..bytes.Length];
            bytes.CopyTo(ordered);
            if (BigEndian)
                ordered.Reverse();
        }
        return code switch
        {
            "f2" => (double)BinaryPrimitives.ReadHalfLittleEndian(ordered),
            "f4" => (double)BinaryPrimitives.ReadSingleLittleEndian(ordered),
            "f8" => BinaryPrimitives.ReadDoubleLittleEndian(ordered),
            "i1" => (long)(sbyte)ordered[0],
            "i2" => (long)BinaryPrimitives.ReadInt16LittleEndian(ordered),
            "i4" => (long)BinaryPrimitives.ReadInt32LittleEndian(ordered),
            "i8" => BinaryPrimitives.ReadInt64LittleEndian(ordered),
            "u1" => (long)ordered[0],
            "u2" => (long)BinaryPrimitives.ReadUInt16LittleEndian(ordered),
            "u4" => (long)BinaryPrimitives.ReadUInt32LittleEndian(ordered),
            "b1" => ordered[0] != 0,
            _ when code[0] == 'U' => (BigEndian ? new UTF32Encoding(bigEndian: true, byteOrderMark: false) : Encoding.UTF32)
                .GetString(bytes)
                .TrimEnd('\0'),
            _ when code[0] == 'S' => Encoding.UTF8.GetString(bytes).TrimEnd('\0'),
            _ => null,
        };
    }
}

/// <summary>An array of NumPy: a tensor where tensors have its dtype, a list of values where it is short, else what it is in
/// words.</summary>
internal sealed class PickleArray
{
    private long[] shape = [];
    private PickleDtype? dtype;
    private PickleBytes? data;
    private PickleList? objects;

    /// <summary>What it is, for messages.</summary>
    public string Text => dtype is null ? "numpy.ndarray" : $"numpy.ndarray of dtype {dtype.Text}";

    /// <summary>The array as a tensor; null where no tensor has its dtype, or its bytes are not those of its shape.</summary>
    public PickleTensor? Tensor { get; private set; }

    /// <summary>Sets what the array is. A size that does not fit leaves it without a tensor.</summary>
    /// <param name="sizes">Its shape.</param>
    /// <param name="kind">Its dtype.</param>
    /// <param name="byColumns">Whether the first index runs fastest (Fortran's order).</param>
    /// <param name="content">Its bytes, or the list of its objects; null where it has no element.</param>
    /// <param name="number">A number that no other array has.</param>
    public void Set(long[] sizes, PickleDtype kind, bool byColumns, object? content, int number)
    {
        (shape, dtype, data, objects) = (sizes, kind, content as PickleBytes, content as PickleList);
        Tensor = null;
        if (kind.Type is not { } type || Elements() is not { } elements || (data?.Count ?? 0) != elements * kind.Size)
            return;
        long[] strides = new long[sizes.Length];
        long step = 1;
        for (int i = 0; i < sizes.Length; i++)
        {
            int at = byColumns ? i : sizes.Length - 1 - i;
            strides[at] = step;
            step *= Math.Max(1, sizes[at]);
        }
        string key = FormattableString.Invariant($"numpy #{number}");
        Tensor = new PickleTensor(new PickleStorage(key, type, elements) { Data = data }, 0, [.. sizes], strides);
    }

    /// <summary>Its values in the order of their indices, of at most <paramref name="most"/> elements in at most one dimension; one value
    /// alone of an array without dimensions. Null where it is another array.</summary>
    /// <param name="most">Elements.</param>
    /// <param name="spend">Whether so much may still be looked at; a sixteenth of the bytes is asked for.</param>
    public object? Plain(int most, Func<int, bool> spend)
    {
        if (shape.Length > 1 || dtype is null || Elements() is not { } elements || elements > most)
            return null;
        object?[] values;
        if (objects is not null)
        {
            values = [.. objects.Items];
        }
        else if (dtype.Size > 0 && data is not null && data.Count == elements * dtype.Size && spend(data.Count / 16))
        {
            byte[] bytes = new byte[data.Count];
            if (!data.TryCopyTo(bytes))
                return null;
            values = [.. Enumerable.Range(0, (int)elements).Select(i => dtype.Value(bytes.AsSpan(i * dtype.Size, dtype.Size)))];
        }
        else
        {
            return null;
        }
        return values.Length != elements || values.Contains(null) ? null
            : shape.Length == 0 ? values[0]
            : values;
    }

    // Number of elements; null where it is none that memory holds.
    private long? Elements()
    {
        Int128 elements = 1;
        foreach (long size in shape)
        {
            if (size < 0 || (elements *= size) > int.MaxValue)
                return null;
        }
        return (long)elements;
    }
}
