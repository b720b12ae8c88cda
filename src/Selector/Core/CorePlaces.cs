// Where every row lies to the confident core, in a file: 16 bytes a row that no pool needs memory for.

using System.Runtime.InteropServices;
using DataFreeKD.Manifests;
using DataFreeKD.Selector.Embeddings;
using Microsoft.Win32.SafeHandles;

namespace DataFreeKD.Selector.Core;

/// <summary>A temporary file of two doubles a row. It vanishes with this object.</summary>
internal sealed class CorePlaces : IDisposable
{
    private const int Block = 4096;
    private const long RowBytes = CorePlace.Numbers * sizeof(double);

    private readonly string embeddings;
    private readonly SafeFileHandle file;

    private CorePlaces(string embeddings, SafeFileHandle file) => (this.embeddings, this.file) = (embeddings, file);

    /// <summary>Reads the embeddings once, and works on all cores.</summary>
    /// <param name="model">The core.</param>
    /// <param name="embeddings">Of the whole table.</param>
    /// <param name="output">The selection to write, whose folder has room.</param>
    /// <param name="cancel">Stops.</param>
    public static CorePlaces Of(CoreModel model, string embeddings, string output, CancellationToken cancel)
    {
        CorePlaces places = new(embeddings, TemporaryBeside(output));
        try
        {
            places.Write(model, cancel);
            return places;
        }
        catch
        {
            places.Dispose();
            throw;
        }
    }

    /// <summary>A reader for one pass, at best in the rows' order.</summary>
    public Cursor Read() => new(this);

    public void Dispose() => file.Dispose();

    private static SafeFileHandle TemporaryBeside(string output)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(output))!;
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $".{Path.GetFileName(output)}.{Environment.ProcessId}.core");
        SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        // An open file needs no name here, and so nothing is left whatever ends the process.
        if (!OperatingSystem.IsWindows())
            File.Delete(path);
        return file;
    }

    private void Write(CoreModel model, CancellationToken cancel)
    {
        using EmbeddingReader reader = EmbeddingReader.Open(embeddings);
        int width = reader.Width,
            filled = 0;
        long written = 0;
        float[] vectors = new float[Block * width];
        CorePlace[] found = new CorePlace[Block];
        reader.Read(new RowRange(reader.Rows), (_, vector) =>
        {
            vector.CopyTo(vectors.AsSpan(filled * width));
            if (++filled == Block)
                Flush();
        });
        Flush();

        void Flush()
        {
            cancel.ThrowIfCancellationRequested();
            Parallel.For(
                0,
                filled,
                () => new double[2 * width],
                (row, _, room) =>
                {
                    found[row] = model.Of(vectors.AsSpan(row * width, width), room);
                    return room;
                },
                static _ => { }
            );
            RandomAccess.Write(file, MemoryMarshal.AsBytes(found.AsSpan(0, filled)), written * RowBytes);
            written += filled;
            filled = 0;
        }
    }

    /// <summary>Reads by page.</summary>
    internal sealed class Cursor(CorePlaces of)
    {
        private readonly CorePlace[] page = new CorePlace[Block];
        private long first = -1;

        /// <summary>Where a row lies.</summary>
        /// <exception cref="TableException">It has no embedding.</exception>
        public CorePlace Of(long row)
        {
            if (first < 0 || row < first || row >= first + Block)
            {
                first = row / Block * Block;
                page.AsSpan().Fill(new CorePlace(double.NaN, double.NaN));
                RandomAccess.Read(of.file, MemoryMarshal.AsBytes(page.AsSpan()), first * RowBytes);
            }
            CorePlace place = page[row - first];
            return double.IsNaN(place.Distance) ? throw EmbeddingRows.Missing(of.embeddings, row) : place;
        }
    }
}
