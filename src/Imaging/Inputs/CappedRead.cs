// Reads a stream to its end under a cap, whatever length it claims.

using System.Buffers;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Bytes, or why there are none.</summary>
internal readonly record struct Content(byte[]? Bytes, string? Reason);

/// <summary>Memory grows with what really arrives, never with what a header claims.</summary>
internal static class CappedRead
{
    /// <summary>A claim up to this size is believed at once.</summary>
    private const int Trusted = 1 << 20;

    /// <summary>Reads <paramref name="stream"/>, of which a header says that it holds <paramref name="claimed"/> bytes.</summary>
    public static Content All(Stream stream, long claimed, long maxBytes)
    {
        if (claimed > maxBytes) return new Content(null, InputReason.TooLarge);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(claimed + 1, 256, Trusted));
        try
        {
            int length = 0;
            while (true)
            {
                int read = stream.Read(buffer, length, buffer.Length - length);
                if (read == 0) break;
                length += read;
                if (length > maxBytes) return new Content(null, InputReason.TooLarge);
                if (length < buffer.Length) continue;
                byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, buffer.Length * 2L));
                buffer.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }
            if (length < claimed) return new Content(null, InputReason.Truncated);
            return length == 0 ? new Content(null, InputReason.Empty) : new Content(buffer.AsSpan(0, length).ToArray(), null);
        }
        catch (EndOfStreamException)
        {
            return new Content(null, InputReason.Truncated);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads a file that is no link.</summary>
    public static Content File(string path, long maxBytes)
    {
        try
        {
            var info = new FileInfo(path);
            if (info.LinkTarget is not null) return new Content(null, InputReason.Link);
            if (!info.Exists) return new Content(null, InputReason.Unreadable);
            if (info.Length > maxBytes) return new Content(null, InputReason.TooLarge);
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
            return All(stream, info.Length, maxBytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            return new Content(null, InputReason.Unreadable);
        }
    }
}
