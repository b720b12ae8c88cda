// Reads a stream to its end under a cap, whatever length it claims.

using System.Buffers;
using DataFreeKD.Imaging.Formats;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Bytes, or why there are none.</summary>
internal readonly record struct Content(byte[]? Bytes, string? Reason);

/// <summary>Memory grows with what really arrives, never with what a header claims.</summary>
internal static class CappedRead
{
    /// <summary>A claim up to this size is believed at once.</summary>
    private const int Trusted = 1 << 20;

    /// <summary>Reads <paramref name="stream"/>, of which a header says that it holds <paramref name="claimed"/> bytes.</summary>
    public static Content All(Stream stream, long claimed, long maxBytes) => All(stream, [], claimed, maxBytes, measured: false);

    /// <summary>Reads a file of a folder, or one that is named; an archive is told and left alone.</summary>
    public static Content File(InputFile from, InputOptions options)
    {
        using Stream? file = from.TryOpen(options.FollowLinks, FileOptions.SequentialScan, out string? reason);
        if (file is null)
            return new Content(null, reason);
        try
        {
            byte[] start = ArrayPool<byte>.Shared.Rent(ArchiveSniffer.Window);
            try
            {
                int read = file.ReadAtLeast(start.AsSpan(0, ArchiveSniffer.Window), ArchiveSniffer.Window, throwOnEndOfStream: false);
                if (ArchiveSniffer.Of(start.AsSpan(0, read)) is not null)
                    return new Content(null, Reason.Archive);
                // A link that was copied as its text is a link all the same.
                if (!from.IsObject && read <= LinkText.Longest && LinkText.TargetOf(from.Path, start.AsSpan(0, read)) is { } target)
                    return options.FollowLinks && LinkText.TargetOf(target) is null
                        ? File(new InputFile(target), options)
                        : new Content(null, Reason.Link);
                // What it is says more than that it is large.
                if (
                    file.Length > options.MaxBytes
                    && ImageHeader.Read(start.AsSpan(0, read)) is { Format: "", Reason: { } known and not Reason.UnknownFormat }
                )
                    return new Content(null, known);
                return All(file, start.AsSpan(0, read), file.Length, options.MaxBytes, measured: true);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(start);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return new Content(null, OpenFile.ReasonOf(error));
        }
    }

    // A length that the file system measured is believed at once.
    private static Content All(Stream stream, ReadOnlySpan<byte> start, long claimed, long maxBytes, bool measured)
    {
        if (claimed > maxBytes)
            return new Content(null, Reason.TooLarge);
        byte[] rented = ArrayPool<byte>.Shared.Rent((int)Math.Max(start.Length + 1, Math.Clamp(claimed + 1, 256, Trusted))),
            buffer = rented;
        start.CopyTo(buffer);
        try
        {
            int length = start.Length;
            while (true)
            {
                int read = stream.Read(buffer, length, buffer.Length - length);
                if (read == 0)
                    break;
                length += read;
                if (length > maxBytes)
                    return new Content(null, Reason.TooLarge);
                if (length < buffer.Length)
                    continue;
                if (length == claimed && stream.ReadByte() is var more and >= 0)
                    return More(stream, buffer, (byte)more, maxBytes);
                if (length == claimed)
                    break;
                byte[] larger = LargeArrays.New(measured && claimed > length ? claimed : Grown(length, claimed, maxBytes));
                buffer.AsSpan(0, length).CopyTo(larger);
                buffer = larger;
            }
            if (length > maxBytes)
                return new Content(null, Reason.TooLarge);
            if (length < claimed)
                return new Content(null, Reason.Truncated);
            if (length == 0)
                return new Content(null, Reason.Empty);
            return new Content(buffer != rented && length == buffer.Length ? buffer : buffer.AsSpan(0, length).ToArray(), null);
        }
        catch (EndOfStreamException)
        {
            return new Content(null, Reason.Truncated);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    // What has come is believed eight times, and what is claimed beyond that not: a claim that is true costs two copies of a small part.
    private static int Grown(long length, long claimed, long maxBytes) =>
        (int)Math.Min(claimed > length ? Math.Min(length * 8, claimed) : length * 2, Math.Min(maxBytes + 1, Array.MaxLength));

    // More than was claimed.
    private static Content More(Stream stream, byte[] start, byte next, long maxBytes)
    {
        using MemoryStream all = new();
        all.Write(start);
        all.WriteByte(next);
        byte[] block = new byte[Trusted];
        for (int read; (read = stream.Read(block)) > 0;)
        {
            if (all.Length + read > maxBytes)
                return new Content(null, Reason.TooLarge);
            all.Write(block, 0, read);
        }
        return all.Length > maxBytes ? new Content(null, Reason.TooLarge) : new Content(all.ToArray(), null);
    }
}
