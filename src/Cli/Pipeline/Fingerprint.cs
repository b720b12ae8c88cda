// Whether a file or folder is as it was.

using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace DataFreeKD.Cli.Pipeline;

/// <summary>
/// A file is its bytes. A model directory is the bytes of what another stage reads of it, so that a model card's date does not count.
/// Any other folder is a listing: names, sizes and times of change.
/// </summary>
internal static class Fingerprint
{
    private const string Provenance = "provenance.json";

    private static readonly string[] WeightEndings = [".safetensors", ".bin", ".pth", ".pt"];

    /// <summary>The fingerprint; null where there is nothing, or an empty folder.</summary>
    public static string? Of(string path, CancellationToken cancel)
    {
        if (File.Exists(path))
            return "sha256:" + Manifests.Provenance.HashFile(path, cancel);
        if (Directory.Exists(path))
            return !Directory.EnumerateFileSystemEntries(path).Any() ? null
                : IsModel(path) ? "model:" + OfModel(path, cancel)
                : "listing:" + OfListing(path, cancel);
        return SourceText.IsGlob(path) && Directory.Exists(SourceText.Fixed(path))
            ? "listing:" + OfListing(SourceText.Fixed(path), cancel)
            : null;
    }

    private static bool IsModel(string folder) => Directory.EnumerateFiles(folder).Any(IsWeights);

    private static bool IsWeights(string file) => WeightEndings.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    private static string OfModel(string folder, CancellationToken cancel)
    {
        IEnumerable<string> read = Directory
            .EnumerateFiles(folder)
            .Where(file => IsWeights(file) || (Path.GetExtension(file) == ".json" && Path.GetFileName(file) != Provenance));
        // The curves of a report.
        string curves = Path.Combine(folder, "training", "metrics.csv");
        if (File.Exists(curves))
            read = read.Append(curves);
        return Sum(
            read.Order(StringComparer.Ordinal)
                .Select(file => $"{Path.GetRelativePath(folder, file)}\0{Manifests.Provenance.HashFile(file, cancel)}")
        );
    }

    private static string OfListing(string folder, CancellationToken cancel)
    {
        List<string> lines = [];
        foreach (
            FileInfo file in new DirectoryInfo(folder).EnumerateFiles(
                "*",
                new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }
            )
        )
        {
            cancel.ThrowIfCancellationRequested();
            lines.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Path.GetRelativePath(folder, file.FullName)}\0{file.Length}\0{file.LastWriteTimeUtc.Ticks}"
                )
            );
        }
        lines.Sort(StringComparer.Ordinal);
        return Sum(lines);
    }

    private static string Sum(IEnumerable<string> lines)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string line in lines)
            hash.AppendData(Encoding.UTF8.GetBytes(line + "\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
