// Lists, structs and maps of a Parquet file as JSON text, a text a row.

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parquet;
using Parquet.Schema;

namespace DataFreeKD.Manifests;

/// <summary>Puts nested values together again from their leaves' definition and repetition levels (Melnik et al., "Dremel", VLDB
/// 2010).</summary>
internal static class ParquetJson
{
    /// <summary>A leaf: its values as JSON, and the levels that say where they belong.</summary>
    private sealed record Leaf(DataField Field, JsonNode?[] Values, int[] Definitions, int[] Repetitions)
    {
        // Where the value of an entry is: entries that end early have none.
        public int[] Places { get; } = PlacesOf(Definitions, Field.MaxDefinitionLevel);

        private static int[] PlacesOf(int[] definitions, int most)
        {
            int[] places = new int[definitions.Length];
            int next = 0;
            for (int entry = 0; entry < places.Length; entry++)
                places[entry] = definitions[entry] == most ? next++ : -1;
            return places;
        }
    }

    /// <summary>A stretch of a leaf's entries.</summary>
    private readonly record struct Slice(Leaf Leaf, int Start, int End);

    private static readonly Dictionary<Type, Func<ParquetRowGroupReader, DataField, Leaf>> Loaders = new()
    {
        [typeof(string)] = (group, field) => Load<ReadOnlyMemory<char>>(group, field, value => JsonValue.Create(value.ToString())),
        [typeof(ReadOnlyMemory<char>)] = (group, field) =>
            Load<ReadOnlyMemory<char>>(group, field, value => JsonValue.Create(value.ToString())),
        [typeof(double)] = (group, field) => Load<double>(group, field, value => double.IsFinite(value) ? JsonValue.Create(value) : null),
        [typeof(float)] = (group, field) => Load<float>(group, field, value => float.IsFinite(value) ? JsonValue.Create(value) : null),
        [typeof(long)] = (group, field) => Load<long>(group, field, value => JsonValue.Create(value)),
        [typeof(ulong)] = (group, field) => Load<ulong>(group, field, value => JsonValue.Create(value)),
        [typeof(int)] = (group, field) => Load<int>(group, field, value => JsonValue.Create(value)),
        [typeof(uint)] = (group, field) => Load<uint>(group, field, value => JsonValue.Create(value)),
        [typeof(short)] = (group, field) => Load<short>(group, field, value => JsonValue.Create(value)),
        [typeof(ushort)] = (group, field) => Load<ushort>(group, field, value => JsonValue.Create(value)),
        [typeof(sbyte)] = (group, field) => Load<sbyte>(group, field, value => JsonValue.Create(value)),
        [typeof(byte)] = (group, field) => Load<byte>(group, field, value => JsonValue.Create(value)),
        [typeof(bool)] = (group, field) => Load<bool>(group, field, value => JsonValue.Create(value)),
        [typeof(decimal)] = (group, field) => Load<decimal>(group, field, value => JsonValue.Create(value)),
        [typeof(DateTime)] = (group, field) =>
            Load<DateTime>(group, field, value =>
                JsonValue.Create(value.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture))
            ),
    };

    /// <summary>Whether a nested column can be told: all its leaves have types that JSON has, and levels that the schema
    /// explains.</summary>
    public static bool Supports(Field field) => Fits(field, 0, 0);

    /// <summary>The column's rows as JSON; empty for a row that is null.</summary>
    public static ReadOnlyMemory<char>[] Load(ParquetRowGroupReader group, Field field)
    {
        Leaf[] leaves = [.. LeavesOf(field).Select(leaf => Loaders[leaf.ClrType](group, leaf))];
        int[] starts = new int[leaves.Length];
        ReadOnlyMemory<char>[] rows = new ReadOnlyMemory<char>[group.RowCount];
        for (int row = 0; row < rows.Length; row++)
        {
            Slice[] slices = [.. leaves.Select((leaf, at) => Next(leaf, ref starts[at], level: 0))];
            int taken = 0;
            rows[row] = (Build(field, slices, ref taken, 0, 0)?.ToJsonString(Readable) ?? "").AsMemory();
        }
        return rows;
    }

    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    // The entries up to the next one that repeats at most at this level.
    private static Slice Next(Leaf leaf, ref int start, int level)
    {
        int from = start,
            end = start + 1;
        while (end < leaf.Repetitions.Length && leaf.Repetitions[end] > level)
            end++;
        start = end;
        return new Slice(leaf, from, end);
    }

    private static JsonNode? Build(Field field, Slice[] slices, ref int taken, int definition, int repetition)
    {
        int first = taken,
            present = definition + (field.IsNullable ? 1 : 0);
        switch (field)
        {
            case DataField:
                Slice slice = slices[taken++];
                return slice.Leaf.Places[slice.Start] is >= 0 and int place ? slice.Leaf.Values[place]?.DeepClone() : null;
            case StructField group:
                JsonObject members = new();
                foreach (Field member in group.Fields)
                    members[member.Name] = Build(member, slices, ref taken, present, repetition);
                return DefinitionOf(slices[first]) < present ? null : members;
            default:
                int count = LeavesOf(field).Count();
                taken += count;
                if (DefinitionOf(slices[first]) < present)
                    return null;
                JsonArray items = new();
                if (DefinitionOf(slices[first]) == present)
                    return field is MapField ? new JsonObject() : items;
                return field is MapField map
                    ? Map(map, slices.AsSpan(first, count), present + 1, repetition + 1)
                    : Items(((ListField)field).Item, slices.AsSpan(first, count), present + 1, repetition + 1);
        }
    }

    private static JsonArray Items(Field item, ReadOnlySpan<Slice> slices, int definition, int repetition)
    {
        JsonArray items = new();
        foreach (Slice[] part in Parts(slices, repetition))
        {
            int taken = 0;
            items.Add(Build(item, part, ref taken, definition, repetition));
        }
        return items;
    }

    private static JsonObject Map(MapField map, ReadOnlySpan<Slice> slices, int definition, int repetition)
    {
        JsonObject pairs = new();
        foreach (Slice[] part in Parts(slices, repetition))
        {
            int taken = 0;
            string key = Build(map.Key, part, ref taken, definition, repetition)?.ToString() ?? "";
            pairs[key] = Build(map.Value, part, ref taken, definition, repetition);
        }
        return pairs;
    }

    private static List<Slice[]> Parts(ReadOnlySpan<Slice> slices, int repetition)
    {
        List<Slice[]> parts = new();
        int[] starts = new int[slices.Length];
        for (int at = 0; at < starts.Length; at++)
            starts[at] = slices[at].Start;
        while (starts[0] < slices[0].End)
        {
            Slice[] part = new Slice[slices.Length];
            for (int at = 0; at < part.Length; at++)
                part[at] = Next(slices[at].Leaf, ref starts[at], repetition);
            parts.Add(part);
        }
        return parts;
    }

    private static int DefinitionOf(Slice slice) => slice.Leaf.Definitions[slice.Start];

    private static bool Fits(Field field, int definition, int repetition)
    {
        int present = definition + (field.IsNullable ? 1 : 0);
        return field switch
        {
            DataField leaf => !leaf.IsArray
                && Loaders.ContainsKey(leaf.ClrType)
                && leaf.MaxDefinitionLevel == present
                && leaf.MaxRepetitionLevel == repetition,
            StructField group => group.Fields.Count > 0 && group.Fields.All(member => Fits(member, present, repetition)),
            ListField list => Fits(list.Item, present + 1, repetition + 1),
            MapField map => Fits(map.Key, present + 1, repetition + 1) && Fits(map.Value, present + 1, repetition + 1),
            _ => false,
        };
    }

    private static IEnumerable<DataField> LeavesOf(Field field) =>
        field switch
        {
            DataField leaf => [leaf],
            StructField group => group.Fields.SelectMany(LeavesOf),
            ListField list => LeavesOf(list.Item),
            MapField map => LeavesOf(map.Key).Concat(LeavesOf(map.Value)),
            _ => [],
        };

    private static Leaf Load<T>(ParquetRowGroupReader group, DataField field, Func<T, JsonNode?> convert)
        where T : struct
    {
        ParquetRaw<T> raw = ParquetRaw<T>.Load(group, field);
        JsonNode?[] values = new JsonNode?[raw.Definitions.Count(level => level == field.MaxDefinitionLevel)];
        for (int at = 0; at < values.Length; at++)
            values[at] = convert(raw.Values[at]);
        return new Leaf(field, values, raw.Definitions, raw.Repetitions);
    }
}
