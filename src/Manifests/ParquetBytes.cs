// Columns of bytes, as they are.

using Parquet;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

internal static class ParquetBytes
{
    /// <summary>The values of a flat or nested column of bytes that does not repeat; null for a row without one.</summary>
    public static byte[]?[] Load(ParquetRowGroupReader group, DataField field)
    {
        ParquetRaw<ReadOnlyMemory<byte>> raw = ParquetRaw<ReadOnlyMemory<byte>>.Load(group, field);
        byte[]?[] rows = new byte[]?[group.RowCount];
        int next = 0;
        for (int row = 0; row < rows.Length; row++)
        {
            if (raw.Definitions[row] == field.MaxDefinitionLevel)
                rows[row] = raw.Values[next++].ToArray();
        }
        return rows;
    }
}
