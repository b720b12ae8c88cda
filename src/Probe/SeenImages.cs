// Figures of images that were scored before, by their content: an exact copy is scored once.

using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace DataFreeKD.Probe;

/// <summary>What was found for each content, in a temporary file: memory holds a hash and a place, 32 bytes an image.</summary>
internal sealed class SeenImages : IDisposable
{
    // Beyond, further images are not remembered, and their copies are scored like any other.
    private const int Most = 20_000_000;

    private const long Announced = -1;

    private readonly Dictionary<UInt128, long> places = [];
    private readonly Lock gate = new();
    private readonly int fields;
    private readonly int width;
    private readonly FileStream file;

    /// <param name="fields">Fields of a row that follow from the content.</param>
    /// <param name="width">Numbers of an embedding that is kept; 0 where none is.</param>
    public SeenImages(int fields, int width)
    {
        (this.fields, this.width) = (fields, width);
        file = new FileStream(
            ScratchFolder.NewFile(),
            FileMode.Open,
            FileAccess.ReadWrite,
            FileShare.None,
            1 << 16,
            FileOptions.DeleteOnClose
        );
    }

    /// <summary>The inputs, each with its hash, and whether its content came before.</summary>
    public IEnumerable<ScoreInput> Marked(IEnumerable<ScoreInput> inputs)
    {
        foreach (ScoreInput input in inputs)
        {
            if (input.Image.Bytes is not { } bytes || input.Image.Reason is not null)
            {
                yield return input;
                continue;
            }
            string sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
            bool copy = Came(sha256);
            if (copy)
                input.Image.Release();
            yield return input with
            {
                Sha256 = sha256,
                Copy = copy,
            };
        }
    }

    /// <summary>Remembers rows of a table that were looked at.</summary>
    /// <param name="rows">Whole rows (<see cref="ScoreRow.ColumnsOf"/>), each with its embedding where those are kept.</param>
    public void Remember(IEnumerable<(IReadOnlyList<string> Fields, float[]? Embedding)> rows)
    {
        foreach ((IReadOnlyList<string> row, float[]? embedding) in rows)
        {
            // An image without its embedding is scored again.
            if (!IsOfContent(row) || (width > 0 && embedding is null))
                continue;
            Came(row[ScoreRow.Sha256At]);
            Add(row[ScoreRow.Sha256At], [.. row.Skip(1)], embedding);
        }
    }

    /// <summary>Whether content came before, and says that it has come now. Of one content the first asks in vain.</summary>
    /// <param name="sha256">Lower-case hexadecimal.</param>
    public bool Came(string sha256)
    {
        lock (gate)
            return places.Count < Most ? !places.TryAdd(Key(sha256), Announced) : places.ContainsKey(Key(sha256));
    }

    /// <summary>Remembers what was found for content, unless that is known.</summary>
    /// <param name="sha256">Lower-case hexadecimal.</param>
    /// <param name="row">The fields that follow from the content.</param>
    /// <param name="embedding">Its embedding; null where none is kept.</param>
    /// <exception cref="ArgumentNullException">An embedding is kept, and there is none.</exception>
    public void Add(string sha256, IReadOnlyList<string?> row, float[]? embedding)
    {
        if (width > 0)
            ArgumentNullException.ThrowIfNull(embedding);
        UInt128 key = Key(sha256);
        lock (gate)
        {
            if (places.TryGetValue(key, out long known) ? known != Announced : places.Count >= Most)
                return;
            places[key] = file.Length;
        }
        file.Seek(0, SeekOrigin.End);
        using BinaryWriter writer = new(file, Encoding.UTF8, leaveOpen: true);
        for (int at = 0; at < fields; at++)
        {
            writer.Write(row[at] is not null);
            writer.Write(row[at] ?? "");
        }
        if (width > 0)
            writer.Write(MemoryMarshal.AsBytes(embedding.AsSpan()));
    }

    /// <summary>What was found for content that was added.</summary>
    /// <param name="sha256">Lower-case hexadecimal.</param>
    public (string?[] Row, float[]? Embedding) Of(string sha256)
    {
        lock (gate)
            file.Seek(places[Key(sha256)], SeekOrigin.Begin);
        using BinaryReader reader = new(file, Encoding.UTF8, leaveOpen: true);
        string?[] row = new string?[fields];
        for (int at = 0; at < fields; at++)
        {
            bool there = reader.ReadBoolean();
            string text = reader.ReadString();
            row[at] = there ? text : null;
        }
        float[]? embedding = width > 0 ? new float[width] : null;
        if (embedding is not null)
            file.ReadExactly(MemoryMarshal.AsBytes(embedding.AsSpan()));
        return (row, embedding);
    }

    public void Dispose() => file.Dispose();

    // What failed may have been away, and a row that an earlier stage refused has that stage's hash: neither says anything of the content.
    // What a cascade dropped was decoded, and so has a size.
    private static bool IsOfContent(IReadOnlyList<string> row) =>
        row[ScoreRow.Sha256At] is { Length: 64 } sha256
        && sha256.All(char.IsAsciiHexDigit)
        && (
            row[ScoreRow.StatusAt] == Status.Ok
            || (row[ScoreRow.StatusAt] == Status.Skipped && row[ScoreRow.ReasonAt] == Reason.Cascade && row[ScoreRow.WidthAt].Length > 0)
        );

    private static UInt128 Key(string sha256) => UInt128.Parse(sha256.AsSpan(0, 32), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
