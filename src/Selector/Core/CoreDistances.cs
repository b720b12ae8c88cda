// The relative distance of every row to the confident core, in a file: 8 bytes a row that no pool needs memory for.

using System.Runtime.InteropServices;
using DataFreeKD.Manifests;
using Microsoft.Win32.SafeHandles;

namespace DataFreeKD.Selector.Core;

/// <summary>A temporary file of one double a row. It vanishes with this object.</summary>
internal sealed class CoreDistances : IDisposable
{
    private const int Block = 4096;

    private readonly string embeddings;
    private readonly SafeFileHandle file;

    private CoreDistances(string embeddings, SafeFileHandle file) => (this.embeddings, this.file) = (embeddings, file);

    /// <summary>Reads the embeddings once, and works on all cores.</summary>
    /// <param name="model">The core.</param>
    /// <param name="embeddings">Of the whole table.</param>
    /// <param name="output">The selection to write, whose folder has room.</param>
    /// <param name="cancel">Stops.</param>
    public static CoreDistances Of(CoreModel model, string embeddings, string output, CancellationToken cancel)
    {
        CoreDistances distances = new(embeddings, TemporaryBeside(output));
        try
        {
            distances.Write(model, cancel);
            return distances;
        }
        catch
        {
            distances.Dispose();
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
        if (!OperatingSystem.IsWindows()) File.Delete(path);
        return file;
    }

    private void Write(CoreModel model, CancellationToken cancel)
    {
        using EmbeddingReader reader = EmbeddingReader.Open(embeddings);
        int width = reader.Width, filled = 0;
        long written = 0;
        float[] vectors = new float[Block * width];
        double[] found = new double[Block];
        reader.Read(new RowRange(reader.Rows), (_, vector) =>
        {
            vector.CopyTo(vectors.AsSpan(filled * width));
            if (++filled == Block) Flush();
        });
        Flush();

        void Flush()
        {
            cancel.ThrowIfCancellationRequested();
            Parallel.For(0, filled, () => new double[2 * width], (row, _, room) =>
            {
                found[row] = model.Distance(vectors.AsSpan(row * width, width), room);
                return room;
            }, static _ => { });
            RandomAccess.Write(file, MemoryMarshal.AsBytes(found.AsSpan(0, filled)), written * sizeof(double));
            written += filled;
            filled = 0;
        }
    }

    /// <summary>Reads distances by page.</summary>
    internal sealed class Cursor(CoreDistances of)
    {
        private readonly double[] page = new double[Block];
        private long first = -1;

        /// <summary>The distance of a row.</summary>
        /// <exception cref="TableException">It has no embedding.</exception>
        public double Of(long row)
        {
            if (first < 0 || row < first || row >= first + Block)
            {
                first = row / Block * Block;
                page.AsSpan().Fill(double.NaN);
                RandomAccess.Read(of.file, MemoryMarshal.AsBytes(page.AsSpan()), first * sizeof(double));
            }
            double distance = page[row - first];
            return double.IsNaN(distance) ? throw CoreFit.Missing(of.embeddings, row) : distance;
        }
    }
}
