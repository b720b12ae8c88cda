// The body of an answer as it came: in memory while it is small, beyond that in a scratch file, so that many at a time cost little.

using System.Buffers;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>A whole body under a cap. What unpacks it decides when it takes memory.</summary>
internal sealed class Body : IDisposable
{
    /// <summary>Bytes in memory at most.</summary>
    private const int Small = 1 << 20;

    private const int Block = 64 << 10;

    private static long counter;

    private readonly byte[] bytes;
    private readonly FileStream? file;
    private readonly IReadOnlyList<string> codings;
    private readonly long maxBytes;
    private readonly bool partWillDo,
        cut;

    private Body(byte[] bytes, FileStream? file, IReadOnlyList<string> codings, long maxBytes, bool partWillDo, bool cut) =>
        (this.bytes, this.file, this.codings, this.maxBytes, this.partWillDo, this.cut) = (bytes, file, codings, maxBytes, partWillDo, cut);

    /// <summary>Bytes as sent.</summary>
    public long Length => file?.Length ?? bytes.Length;

    /// <summary>Reads a body to its end.</summary>
    /// <param name="stream">The answer.</param>
    /// <param name="claimed">Its length as the header has it; null where there is none.</param>
    /// <param name="codings">Its <c>Content-Encoding</c>.</param>
    /// <param name="maxBytes">Cap, as sent and as unpacked.</param>
    /// <param name="scratch">Folder for what is not small.</param>
    /// <param name="cancel">Ends it.</param>
    /// <param name="partWillDo">Whether what is beyond the cap is left out, in place of refusing all of it.</param>
    /// <exception cref="FetchException"><c>too_large</c>.</exception>
    /// <exception cref="ScratchException">The scratch file could not be written.</exception>
    public static async Task<Body> Read(
        Stream stream,
        long? claimed,
        IReadOnlyList<string> codings,
        long maxBytes,
        string scratch,
        CancellationToken cancel,
        bool partWillDo = false
    )
    {
        if (claimed > maxBytes && !partWillDo)
            throw new FetchException(Reason.TooLarge);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp((claimed ?? 32 << 10) + 1, 4096, Small));
        FileStream? file = null;
        try
        {
            long before = 0;
            bool cut = false;
            int length = 0;
            for (int read; (read = await stream.ReadAsync(buffer.AsMemory(length), cancel).ConfigureAwait(false)) > 0;)
            {
                length += read;
                if (before + length > maxBytes)
                {
                    if (!partWillDo)
                        throw new FetchException(Reason.TooLarge);
                    (length, cut) = ((int)(maxBytes - before), true);
                    break;
                }
                if (length < buffer.Length)
                    continue;
                if (length < Small)
                {
                    buffer = Grow(buffer, length);
                    continue;
                }
                file ??= Open(scratch);
                await Write(file, buffer.AsMemory(0, length), cancel).ConfigureAwait(false);
                (before, length) = (before + length, 0);
            }
            if (file is null)
                return new Body(buffer.AsSpan(0, length).ToArray(), null, codings, maxBytes, partWillDo, cut);
            await Write(file, buffer.AsMemory(0, length), cancel).ConfigureAwait(false);
            Body body = new([], file, codings, maxBytes, partWillDo, cut);
            file = null;
            return body;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            if (file is not null)
                await file.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The bytes, their codings undone (RFC 9110, 8.4).</summary>
    /// <exception cref="FetchException"><c>too_large</c> for what unpacks beyond the cap, <c>bad_encoding</c> for what is not what it
    /// says.</exception>
    public byte[] Unpacked() =>
        partWillDo ? Unpacking.Beginning(Raw, codings, maxBytes, cut) : Unpacking.Undo(Raw, Length, codings, maxBytes);

    public void Dispose() => file?.Dispose();

    private Stream Raw()
    {
        if (file is null)
            return new MemoryStream(bytes, writable: false);
        file.Position = 0;
        // The file outlives those who read it.
        return new BufferedStream(new Borrowed(file), Block);
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Min(Small, buffer.Length * 2));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private static FileStream Open(string scratch)
    {
        try
        {
            Directory.CreateDirectory(scratch);
            return new FileStream(
                Path.Combine(scratch, $"body-{Interlocked.Increment(ref counter)}"),
                FileMode.Create,
                FileAccess.ReadWrite,
                FileShare.None,
                1,
                FileOptions.DeleteOnClose
            );
        }
        catch (IOException error)
        {
            throw new ScratchException(error);
        }
    }

    private static async Task Write(FileStream file, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        try
        {
            await file.WriteAsync(bytes, cancel).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw new ScratchException(error);
        }
    }
}
