// What tells whether a file is what was written.

using System.Security.Cryptography;

namespace DataFreeKD.Core;

/// <summary>SHA-256 of files.</summary>
internal static class FileHash
{
    /// <summary>SHA-256 of a file as lower-case hex, streamed.</summary>
    public static string Of(string path, CancellationToken cancel)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[1 << 20];
        for (int read; (read = stream.Read(block)) > 0;)
        {
            cancel.ThrowIfCancellationRequested();
            hash.AppendData(block, 0, read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
