// How files are called while they are written.

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace DataFreeKD.Core;

/// <summary><c>.NAME.HOST-PROCESS-RANDOM.tmp</c>: no two writers share one, also where every process of every container is number
/// 1.</summary>
internal static partial class TemporaryName
{
    // File systems take names of 255 bytes.
    private const int LongestName = 180,
        LongestHost = 24;

    /// <summary>This machine's name, of letters and digits alone.</summary>
    public static string Host { get; } = Shorten(NotInHost().Replace(Environment.MachineName, "_"));

    /// <summary>A new name beside the target.</summary>
    public static string For(string target)
    {
        ulong random = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        return Path.Combine(
            Path.GetDirectoryName(target)!,
            FormattableString.Invariant($".{Shown(Path.GetFileName(target))}.{Host}-{Environment.ProcessId}-{random:x16}.tmp")
        );
    }

    /// <summary>Which target a temporary name stands for, as <see cref="Shown"/> has it, and the host that wrote it; null where the name is
    /// none.</summary>
    public static (string Target, string Host)? Read(string fileName) =>
        Form().Match(fileName) is { Success: true } match ? (match.Groups["target"].Value, match.Groups["host"].Value) : null;

    /// <summary>The target's part of the name: itself, or a hash of it where it is long.</summary>
    public static string Shown(string name)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        return bytes.Length <= LongestName ? name : Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16));
    }

    private static string Shorten(string host) => host.Length <= LongestHost ? host : host[..LongestHost];

    // Without a host: names of earlier versions.
    [GeneratedRegex(
        @"\A\.(?<target>.+)\.(?:(?<host>[A-Za-z0-9_]+)-[0-9]+-[0-9a-f]{16}|[0-9]+-[0-9]+)\.tmp\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Form();

    [GeneratedRegex("[^A-Za-z0-9_]", RegexOptions.CultureInvariant)]
    private static partial Regex NotInHost();
}
