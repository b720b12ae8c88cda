// Sets of millions of addresses in little memory.

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace DataFreeKD.Crawler;

internal static class TextKey
{
    /// <summary>Tells addresses, and whatever else a row goes by, apart in sixteen bytes.</summary>
    public static UInt128 Of(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
