// Reads embeddings back with the Parquet library itself, not with the code that wrote them.

using Parquet;
using Parquet.Schema;

namespace DataFreeKD.EndToEnd.Tests;

internal static class ParquetVectors
{
    /// <summary>The paths, and all vectors one after another.</summary>
    public static (List<string> Paths, List<float> Values) Read(string file) => ReadAsync(file).GetAwaiter().GetResult();

    private static async Task<(List<string> Paths, List<float> Values)> ReadAsync(string file)
    {
        await using FileStream stream = File.OpenRead(file);
        await using ParquetReader reader = await ParquetReader.CreateAsync(stream);
        DataField[] fields = reader.Schema.DataFields;
        List<string> paths = [];
        List<float> values = [];
        for (int at = 0; at < reader.RowGroupCount; at++)
        {
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(at);
            string?[] names = new string?[group.RowCount];
            await group.ReadAsync(fields[0], names.AsMemory()!);
            paths.AddRange(names!);
            float[] vectors = new float[group.RowCount * 32];
            int[] present = new int[vectors.Length],
                levels = new int[vectors.Length];
            await group.ReadRawAsync<float>(fields[1], vectors.AsMemory(), present.AsMemory(), levels.AsMemory(), CancellationToken.None);
            Assert.All(present, level => Assert.Equal(fields[1].MaxDefinitionLevel, level));
            Assert.Equal(Enumerable.Range(0, levels.Length).Select(i => i % 32 == 0 ? 0 : 1), levels);
            values.AddRange(vectors);
        }
        return (paths, values);
    }
}
