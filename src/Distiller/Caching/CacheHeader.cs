// The head of a cache: what it holds, what made it, and how to read it without the teacher.

using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace DataFreeKD.Distiller.Caching;

/// <summary>Everything about a cache but its records. On disk, little-endian: magic <c>DFKDSOFT</c>, version u32, length of the JSON u32,
/// XXH32 u32 of JSON and decisions, 0 u32; the JSON; the decisions i32.</summary>
internal sealed record CacheHeader
{
    private const uint CurrentVersion = 1;
    private const int PreambleBytes = 24;
    private const uint MostJson = 64 << 20;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static ReadOnlySpan<byte> Magic => "DFKDSOFT"u8;

    /// <summary>Whether a file begins as a cache does; also one that was killed before its first bytes were all written.</summary>
    public static bool Begins(Stream stream)
    {
        Span<byte> start = stackalloc byte[8];
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return Magic.StartsWith(start[..read]);
    }

    /// <summary>Classes, C.</summary>
    public required int Classes { get; init; }

    /// <summary>Probabilities kept an image, K.</summary>
    public required int TopK { get; init; }

    /// <summary>Training images.</summary>
    public required int Images { get; init; }

    /// <summary>Passes over them.</summary>
    public required double Epochs { get; init; }

    /// <summary>Records: augmented images in the order in which training sees them.</summary>
    public required long Records { get; init; }

    /// <summary>The teacher's file or folder name.</summary>
    public required string TeacherName { get; init; }

    /// <summary>Its parameters.</summary>
    public required long TeacherParameters { get; init; }

    /// <summary>How it wants its images.</summary>
    public required Preprocessing Preprocessing { get; init; }

    /// <summary>Names by class index; empty where the teacher has none.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>What a training must share with it (<see cref="CacheKey"/>).</summary>
    public required IReadOnlyDictionary<string, string> Key { get; init; }

    /// <summary>Number of held-out images.</summary>
    public required int HeldOut { get; init; }

    /// <summary>All that two caches must share to be one: <see cref="Key"/> and their size.</summary>
    public Dictionary<string, string> Identity() =>
        new(Key, StringComparer.Ordinal)
        {
            ["top-k"] = TopK.ToString(CultureInfo.InvariantCulture),
            ["records"] = Records.ToString(CultureInfo.InvariantCulture),
        };

    /// <summary>Header and the teacher's decisions on the held-out images, as bytes.</summary>
    public byte[] ToBytes(int[] decisions)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(this, Json);
        byte[] bytes = new byte[PreambleBytes + json.Length + (decisions.Length * sizeof(int))];
        Span<byte> body = bytes.AsSpan(PreambleBytes);
        json.CopyTo(body);
        for (int i = 0; i < decisions.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(body[(json.Length + (i * sizeof(int)))..], decisions[i]);
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), CurrentVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), (uint)json.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), XxHash32.HashToUInt32(body));
        return bytes;
    }

    /// <summary>Reads header and decisions; <paramref name="stream"/> then stands at the first record.</summary>
    /// <exception cref="DistillException">Not a cache, of another version, or damaged.</exception>
    public static (CacheHeader Header, int[] Decisions) Read(Stream stream, string path)
    {
        byte[] preamble = new byte[PreambleBytes];
        if (
            stream.ReadAtLeast(preamble, PreambleBytes, throwOnEndOfStream: false) < PreambleBytes
            || !preamble.AsSpan(0, 8).SequenceEqual(Magic)
        )
            throw new DistillException($"{path} is no cache of a teacher's outputs; give a file that `dfkd cache` wrote");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(preamble.AsSpan(8));
        if (version != CurrentVersion)
            throw new DistillException(
                $"{path} is a cache of version {version} and this program reads version {CurrentVersion}; make it again with `dfkd cache`"
            );
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(preamble.AsSpan(12));
        byte[] json = length <= MostJson ? new byte[length] : throw Damaged(path);
        if (stream.ReadAtLeast(json, json.Length, throwOnEndOfStream: false) < json.Length)
            throw Damaged(path);
        CacheHeader header = Parse(json, path);
        int[] decisions = new int[header.HeldOut];
        Span<byte> raw = MemoryMarshal.AsBytes(decisions.AsSpan());
        if (stream.ReadAtLeast(raw, raw.Length, throwOnEndOfStream: false) < raw.Length)
            throw Damaged(path);
        XxHash32 hash = new();
        hash.Append(json);
        hash.Append(raw);
        if (hash.GetCurrentHashAsUInt32() != BinaryPrimitives.ReadUInt32LittleEndian(preamble.AsSpan(16)))
            throw Damaged(path);
        if (!BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(decisions, decisions);
        return (header, decisions);
    }

    private static CacheHeader Parse(byte[] json, string path)
    {
        try
        {
            CacheHeader header = JsonSerializer.Deserialize<CacheHeader>(json, Json) ?? throw Damaged(path);
            return header.HeldOut >= 0 && header.Records >= 0 && header.TopK > 0 && header.TopK <= header.Classes
                ? header
                : throw Damaged(path);
        }
        catch (JsonException)
        {
            throw Damaged(path);
        }
    }

    private static DistillException Damaged(string path) => new($"{path} is damaged in its header; make it again with `dfkd cache`");
}
