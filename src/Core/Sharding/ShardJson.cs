// How the records of plans, attempts and results are written.

using System.Text.Encodings.Web;
using System.Text.Json;

namespace DataFreeKD.Core.Sharding;

/// <summary>The first file of an attempt.</summary>
/// <param name="Host">The machine.</param>
/// <param name="Process">Its number there.</param>
/// <param name="Version">Version of the tool.</param>
/// <param name="Since">When it began.</param>
/// <param name="Progress">How far the shard had come then; null where every attempt begins anew.</param>
internal sealed record Started(string Host, int Process, string Version, DateTime Since, string? Progress = null);

/// <summary>How an attempt failed.</summary>
/// <param name="Message">What was thrown.</param>
/// <param name="Lasting">Whether another attempt must fail too.</param>
/// <param name="Conflict">Whether another attempt had come to other bytes.</param>
internal sealed record Failure(string Message, bool Lasting, bool Conflict = false)
{
    /// <summary>Whether a shard is at fault. What a machine lacks (disk, rights, memory, a service that answers), and who stops it, is
    /// not.</summary>
    public static bool IsOfShard(Exception wrong) =>
        wrong
            is not (
                OperationCanceledException
                or IOException
                or UnauthorizedAccessException
                or OutOfMemoryException
                or DataFreeKDException { IsPassing: true }
            );
}

/// <summary>JSON in the form that all of them have.</summary>
internal static class ShardJson
{
    /// <summary>The file beside a plan with the options as workers of an engine take them up.</summary>
    public const string JobName = "job.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write<T>(string path, T value) => AtomicFile.WriteAllBytes(path, Lines(value));

    /// <summary>A record as a file has it, with an end of line.</summary>
    public static byte[] Lines<T>(T value) => [.. JsonSerializer.SerializeToUtf8Bytes(value, Json), (byte)'\n'];

    /// <summary>Puts a record in its place unless another process was first, which the system's <c>link</c> decides.</summary>
    public static void WriteFirst<T>(string path, T value) => WriteFirst(path, Lines(value));

    /// <summary>Puts bytes in their place unless another process was first.</summary>
    public static void WriteFirst(string path, byte[] bytes)
    {
        string own = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            AtomicFile.WriteAllBytes(own, bytes);
            HardLink.TryCreate(own, path);
        }
        finally
        {
            File.Delete(own);
        }
    }

    /// <summary>Reads one; null where it is not there.</summary>
    /// <exception cref="JsonException">It is no such record.</exception>
    public static T? ReadStrictly<T>(string path)
        where T : class
    {
        try
        {
            return ParseStrictly<T>(File.ReadAllBytes(path));
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="JsonException">It is no such record.</exception>
    public static T ParseStrictly<T>(ReadOnlySpan<byte> bytes)
        where T : class => JsonSerializer.Deserialize<T>(bytes, Json) ?? throw new JsonException("it is empty.");

    /// <summary>Reads one; null where it is no such thing.</summary>
    public static T? Parse<T>(ReadOnlySpan<byte> bytes)
        where T : class
    {
        try
        {
            return ParseStrictly<T>(bytes);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Reads one; null where it is not there, or no such thing.</summary>
    public static T? Read<T>(string path)
        where T : class
    {
        try
        {
            return ReadStrictly<T>(path);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static byte[] Bytes<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Json);
}
