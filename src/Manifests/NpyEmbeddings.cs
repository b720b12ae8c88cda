// Vectors of NumPy's file format, by seeking.

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;

namespace DataFreeKD.Manifests;

/// <summary>A .npy file of little-endian float32 <c>[rows, width]</c>.</summary>
internal sealed partial class NpyEmbeddings : EmbeddingReader
{
    private const int LargestHeader = 1 << 16;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    private readonly string path;
    private readonly SafeFileHandle file;
    private readonly long start;

    public NpyEmbeddings(string path)
    {
        this.path = path;
        file = File.OpenHandle(path, options: FileOptions.RandomAccess);
        try
        {
            (start, Rows, Width) = Header();
            if (RandomAccess.GetLength(file) != start + Rows * Width * sizeof(float))
                throw new TableException(
                    $"{path}: the file does not hold the {Rows} x {Width} floats that its header tells; write it again"
                );
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override long Rows { get; }

    public override int Width { get; }

    public override void Read(IReadOnlyList<long> rows, Action<int, ReadOnlySpan<float>> take)
    {
        float[] vector = new float[Width];
        Span<byte> bytes = MemoryMarshal.AsBytes(vector.AsSpan());
        for (int at = 0; at < rows.Count; at++)
        {
            if (RandomAccess.Read(file, bytes, start + rows[at] * bytes.Length) != bytes.Length)
                throw new TableException($"{path} ends before row {rows[at] + 1}; write it again");
            take(at, vector);
        }
    }

    protected override void Dispose(bool disposing) => file.Dispose();

    // Magic, version, length of the header (2 bytes in version 1, else 4), a Python dictionary.
    private (long Start, long Rows, int Width) Header()
    {
        Span<byte> head = stackalloc byte[12];
        if (RandomAccess.Read(file, head, 0) != head.Length || !head.StartsWith(Magic))
            throw new TableException($"{path} is not a .npy file; write it with dfkd score --embeddings, or numpy.save");
        int place = head[6] == 1 ? 10 : 12;
        long length = head[6] == 1 ? head[8] | head[9] << 8 : BitConverter.ToUInt32(head[8..]);
        byte[] text = new byte[Math.Min(length, LargestHeader)];
        int read = RandomAccess.Read(file, text, place);
        string header = Encoding.ASCII.GetString(text, 0, read);
        Match shape = Shape().Match(header);
        if (!Float32().IsMatch(header) || !COrder().IsMatch(header) || !shape.Success)
            throw new TableException(
                $"{path} holds another array than float32 [rows, width] in C order ({header.Trim()}); save it as numpy.ascontiguousarray(x, dtype='<f4')"
            );
        if (
            !long.TryParse(shape.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out long rows)
            || !int.TryParse(shape.Groups[2].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            || width == 0
        )
            throw new TableException($"{path}: the shape {shape.Value} cannot be read; write it again");
        return (place + length, rows, width);
    }

    [GeneratedRegex("'descr': *'<f4'")]
    private static partial Regex Float32();

    [GeneratedRegex("'fortran_order': *False")]
    private static partial Regex COrder();

    [GeneratedRegex(@"'shape': *\( *(\d+) *, *(\d+) *,? *\)")]
    private static partial Regex Shape();
}
