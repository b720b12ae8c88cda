// Writing embeddings beside a table: one vector a row, as .npy or .parquet.

using System.Runtime.InteropServices;
using System.Text;
using Parquet;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>Writes float32 vectors in the rows' order, whole or not at all.</summary>
internal static class EmbeddingFile
{
    // About 64 MiB of vectors a row group.
    private const int FloatsInGroup = 1 << 24;

    /// <summary>Whether the extension is one that can be written: .npy or .parquet.</summary>
    public static bool Fits(string path) => IsNpy(path) || IsParquet(path);

    /// <summary>
    /// Writes <c>[rows, width]</c>: as .npy (little-endian float32, C order), or as .parquet with the columns <c>path</c> and
    /// <c>embedding</c> (a list of <paramref name="width"/> floats).
    /// </summary>
    /// <param name="path">The file to write.</param>
    /// <param name="rows">Vectors in all.</param>
    /// <param name="width">Floats a vector.</param>
    /// <param name="parts">Files of raw little-endian float32, which hold the vectors one after another; none splits a vector.</param>
    /// <param name="paths">The rows' paths, for .parquet.</param>
    /// <exception cref="TableException">The extension is neither.</exception>
    public static void Write(string path, long rows, int width, IEnumerable<string> parts, IEnumerable<string> paths)
    {
        if (!Fits(path))
            throw new TableException($"{path}: embeddings are written as .npy or .parquet");
        using AtomicFile file = new(path);
        if (IsNpy(path))
            WriteNpy(file.Stream, rows, width, parts);
        else
            Blocking.Wait(() => WriteParquet(file.Stream, width, parts, paths));
        file.Commit();
    }

    private static bool IsNpy(string path) => path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase);

    private static bool IsParquet(string path) => path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);

    private static void WriteNpy(Stream output, long rows, int width, IEnumerable<string> parts)
    {
        string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}";
        // The npy format: magic, version 1.0, header length, header padded with spaces to 64 bytes and closed by a line feed.
        int padded = (10 + header.Length + 1 + 63) / 64 * 64 - 10;
        output.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)padded, (byte)(padded >> 8)]);
        output.Write(Encoding.ASCII.GetBytes(header.PadRight(padded - 1) + "\n"));
        foreach (string part in parts)
        {
            using FileStream stream = File.OpenRead(part);
            stream.CopyTo(output);
        }
    }

    private static async Task WriteParquet(Stream output, int width, IEnumerable<string> parts, IEnumerable<string> paths)
    {
        DataField name = new DataField<string>("path"),
            element = new DataField<float>("element");
        ParquetSchema schema = new(name, new ListField("embedding", element));
        using IEnumerator<string> names = paths.GetEnumerator();
        await using ParquetWriter parquet = await ParquetWriter.CreateAsync(schema, output);
        List<string> group = [];
        List<float> floats = [];
        foreach (string part in parts)
        {
            floats.AddRange(MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(part)));
            while (group.Count < floats.Count / width && names.MoveNext())
                group.Add(names.Current);
            if (floats.Count >= FloatsInGroup)
                await Flush();
        }
        if (group.Count > 0)
            await Flush();

        async Task Flush()
        {
            using ParquetRowGroupWriter rows = parquet.CreateRowGroup();
            await rows.WriteAsync(name, group);
            // Every value is there; a repetition level of 0 begins a list, 1 goes on with it.
            int[] present = new int[floats.Count],
                levels = new int[floats.Count];
            Array.Fill(present, element.MaxDefinitionLevel);
            for (int at = 0; at < levels.Length; at++)
                levels[at] = at % width == 0 ? 0 : 1;
            await rows.WriteAllPartsAsync<float>(element, floats.ToArray(), present, levels, CancellationToken.None);
            group.Clear();
            floats.Clear();
        }
    }
}
