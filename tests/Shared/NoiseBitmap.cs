// An image that needs no encoder.

namespace DataFreeKD.Testing;

internal static class NoiseBitmap
{
    /// <summary>An uncompressed 24-bit bitmap of noise from <paramref name="seed"/>.</summary>
    public static byte[] Of(int width, int height, int seed)
    {
        int stride = (width * 3 + 3) / 4 * 4;
        byte[] file = new byte[54 + stride * height];
        new Random(seed).NextBytes(file.AsSpan(54));
        "BM"u8.CopyTo(file);
        BitConverter.TryWriteBytes(file.AsSpan(2), file.Length);
        BitConverter.TryWriteBytes(file.AsSpan(10), 54);
        BitConverter.TryWriteBytes(file.AsSpan(14), 40);
        BitConverter.TryWriteBytes(file.AsSpan(18), width);
        BitConverter.TryWriteBytes(file.AsSpan(22), height);
        BitConverter.TryWriteBytes(file.AsSpan(26), (short)1);
        BitConverter.TryWriteBytes(file.AsSpan(28), (short)24);
        BitConverter.TryWriteBytes(file.AsSpan(34), stride * height);
        return file;
    }
}
