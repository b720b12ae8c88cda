// Which fields a Parquet footer has, by number (parquet.thrift of Apache Parquet, FileMetaData and what lies in it).

namespace DataFreeKD.Manifests;

/// <summary>A field of a structure.</summary>
/// <param name="Type">
/// <c>i</c> a whole number, <c>b</c> a byte, <c>?</c> true or false, <c>s</c> bytes or text, <c>l</c> a list, <c>{</c> a structure.
/// </param>
/// <param name="Element">A list's elements.</param>
/// <param name="Fields">A structure's fields.</param>
internal sealed record ParquetField(char Type, ParquetField? Element = null, ParquetFields? Fields = null)
{
    /// <summary>Whether a type of Thrift's compact protocol is read as this one.</summary>
    public bool Has(int compact) =>
        Type switch
        {
            'i' => compact is 4 or 5 or 6,
            'b' => compact == 3,
            '?' => compact is 1 or 2,
            's' => compact == 8,
            'l' => compact is 9,
            _ => compact == 12,
        };
}

/// <summary>The fields of a structure, by number from 1.</summary>
internal sealed class ParquetFields
{
    private static readonly ParquetField Int = new('i'),
        Text = new('s'),
        Bool = new('?'),
        Empty = Of(new ParquetFields());

    private static readonly ParquetFields KeyValue = new(Text, Text),
        Unit = new(Empty, Empty, Empty),
        Time = new(Bool, Of(Unit)),
        Statistics = new(Text, Text, Int, Int, Text, Text, Bool, Bool),
        Encoding = new(Int, Int, Int),
        Sizes = new(Int, List(Int), List(Int)),
        Aes = new(Text, Text, Bool),
        LogicalType =
            new(
                Empty,
                Empty,
                Empty,
                Empty,
                Of(new ParquetFields(Int, Int)),
                Empty,
                Of(Time),
                Of(Time),
                null,
                Of(new ParquetFields(new ParquetField('b'), Bool)),
                Empty,
                Empty,
                Empty,
                Empty,
                Empty
            ),
        SchemaElement = new(Int, Int, Int, Text, Int, Int, Int, Int, Int, Of(LogicalType)),
        ColumnMetaData =
            new(
                Int,
                List(Int),
                List(Text),
                Int,
                Int,
                Int,
                Int,
                List(Of(KeyValue)),
                Int,
                Int,
                Int,
                Of(Statistics),
                List(Of(Encoding)),
                Int,
                Int,
                Of(Sizes)
            ),
        Crypto = new(Empty, Of(new ParquetFields(List(Text), Text))),
        ColumnChunk = new(Text, Int, Of(ColumnMetaData), Int, Int, Int, Int, Of(Crypto), Text),
        RowGroup = new(List(Of(ColumnChunk)), Int, Int, List(Of(new ParquetFields(Int, Bool, Bool))), Int, Int, Int);

    private readonly ParquetField?[] fields;

    private ParquetFields(params ParquetField?[] fields) => this.fields = fields;

    /// <summary>Those of FileMetaData.</summary>
    public static ParquetFields Footer { get; } =
        new(
            Int,
            List(Of(SchemaElement)),
            Int,
            List(Of(RowGroup)),
            List(Of(KeyValue)),
            Text,
            List(Of(new ParquetFields(Empty))),
            Of(new ParquetFields(Of(Aes), Of(Aes))),
            Text
        );

    /// <summary>A field; null where none of this number is known.</summary>
    public ParquetField? this[long id] => id >= 1 && id <= fields.Length ? fields[id - 1] : null;

    private static ParquetField Of(ParquetFields fields) => new('{', Fields: fields);

    private static ParquetField List(ParquetField inner) => new('l', inner);
}
