// A row for Microsoft.ML.

using Microsoft.ML;
using Microsoft.ML.Data;

namespace DataFreeKD.Probe.Corruptions;

internal sealed class CorruptionExample
{
    public float[] Features { get; set; } = [];

    /// <summary>0 for the pool, 1 + k for kind k: what is loaded as a key counts from 0, though keys that are read count from 1.</summary>
    public uint Class { get; set; }

    /// <summary>Whether it is of the pool.</summary>
    public bool Label { get; set; }

    public float Weight { get; set; }

    public float Score { get; set; }

    public static IDataView View(MLContext context, IEnumerable<CorruptionExample> rows, int features, int classes)
    {
        SchemaDefinition schema = SchemaDefinition.Create(typeof(CorruptionExample));
        schema[nameof(Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, features);
        schema[nameof(Class)].ColumnType = new KeyDataViewType(typeof(uint), classes);
        return context.Data.LoadFromEnumerable(rows, schema);
    }
}
