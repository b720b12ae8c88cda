// Writes the journal: many rows a flush, and no row before its image is safe.

using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;

namespace DataFreeKD.Crawler.Journal;

/// <summary>Appends rows to a file of JSON lines. What stands in the file has an image that stands on the disk.</summary>
internal sealed class JournalWriter : IAsyncDisposable
{
    /// <summary>Rows of a flush; while one batch is flushed, the next gathers.</summary>
    private const int Batch = 1024;

    private readonly Channel<(JournalRow Row, string? Image)> rows = Channel.CreateBounded<(JournalRow, string?)>(
        new BoundedChannelOptions(2 * Batch) { SingleReader = true }
    );
    private readonly FileStream file;
    private readonly Task writing;

    /// <summary>Opens <paramref name="path"/> for appending; a last line that was cut short is cut off.</summary>
    public JournalWriter(string path)
    {
        file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 1);
        file.SetLength(JournalReader.WholeLines(file));
        file.Seek(0, SeekOrigin.End);
        writing = Task.Run(Write);
    }

    /// <summary>Adds a row; waits where the disk is slower than the network.</summary>
    /// <param name="row">The row.</param>
    /// <param name="image">The image file that has to be safe first; null for none.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="IOException">The disk is full, or fails otherwise.</exception>
    public async ValueTask Add(JournalRow row, string? image, CancellationToken cancel)
    {
        try
        {
            await rows.Writer.WriteAsync((row, image), cancel).ConfigureAwait(false);
        }
        catch (ChannelClosedException closed) when (closed.InnerException is { } inner)
        {
            throw new IOException(inner.Message, inner);
        }
    }

    /// <summary>Flushes what was added.</summary>
    /// <exception cref="IOException">The disk is full, or fails otherwise.</exception>
    public async ValueTask DisposeAsync()
    {
        rows.Writer.TryComplete();
        try
        {
            await writing.ConfigureAwait(false);
        }
        finally
        {
            await file.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task Write()
    {
        try
        {
            ArrayBufferWriter<byte> lines = new(1 << 16);
            HashSet<string> images = new(StringComparer.Ordinal);
            using Utf8JsonWriter json = new(lines);
            while (await rows.Reader.WaitToReadAsync().ConfigureAwait(false))
            {
                for (int count = 0; count < Batch && rows.Reader.TryRead(out (JournalRow Row, string? Image) next); count++)
                {
                    JsonSerializer.Serialize(json, next.Row, JournalJson.Default.JournalRow);
                    json.Flush();
                    json.Reset();
                    lines.Write("\n"u8);
                    if (next.Image is not null)
                        images.Add(next.Image);
                }
                await Parallel
                    .ForEachAsync(images, new ParallelOptions { MaxDegreeOfParallelism = 16 }, (image, _) =>
                    {
                        using SafeFileHandle handle = File.OpenHandle(
                            image,
                            FileMode.Open,
                            FileAccess.ReadWrite,
                            FileShare.ReadWrite | FileShare.Delete
                        );
                        RandomAccess.FlushToDisk(handle);
                        return ValueTask.CompletedTask;
                    })
                    .ConfigureAwait(false);
                file.Write(lines.WrittenSpan);
                file.Flush(flushToDisk: true);
                lines.ResetWrittenCount();
                images.Clear();
            }
        }
        catch (Exception error)
        {
            rows.Writer.TryComplete(error);
            throw;
        }
    }
}
