// A column chunk as it is stored: values without the gaps, and the levels that say where they belong.

using Parquet;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>Values, definition and repetition levels of one column in one row group, an entry a level.</summary>
internal sealed record ParquetRaw<T>(T[] Values, int[] Definitions, int[] Repetitions)
    where T : struct
{
    // A file may claim any number of entries; a row group that large is no one's.
    private const long MostEntries = 1 << 27;

    public static ParquetRaw<T> Load(ParquetRowGroupReader group, DataField field)
    {
        long entries = group.GetMetadata(field)?.MetaData?.NumValues ?? group.RowCount;
        if (entries is < 0 or > MostEntries)
            throw new InvalidDataException($"column '{field.Path}' claims {entries} values in a row group");
        T[] values = new T[entries];
        int[] definitions = new int[entries],
            repetitions = new int[entries];
        Blocking.Wait(Read);
        if (field.MaxDefinitionLevel == 0)
            Array.Fill(definitions, 0);
        return new ParquetRaw<T>(values, definitions, repetitions);

        async Task Read() =>
            await group
                .ReadRawAsync<T>(
                    field,
                    values.AsMemory(),
                    field.MaxDefinitionLevel > 0 ? definitions.AsMemory() : (Memory<int>?)null,
                    field.MaxRepetitionLevel > 0 ? repetitions.AsMemory() : (Memory<int>?)null,
                    CancellationToken.None
                )
                .ConfigureAwait(false);
    }
}
