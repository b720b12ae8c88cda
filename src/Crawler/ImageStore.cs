// The content-addressed files of a store.

using Polly;
using Polly.Retry;

namespace DataFreeKD.Crawler;

internal sealed class ImageStore(string folder)
{
    // Network file systems fail now and then and heal; a full disk (or a forbidden folder) does not.
    private static readonly ResiliencePipeline Retry = new ResiliencePipelineBuilder()
        .AddRetry(
            new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<IOException>(error =>
                    error is not (DirectoryNotFoundException or PathTooLongException) && !DiskFull(error)
                ),
                MaxRetryAttempts = 3,
                Delay = TimeSpan.FromMilliseconds(200),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            }
        )
        .Build();

    /// <summary>Writes the bytes under their hash; a file that is there already is left alone. Returns the full path.</summary>
    /// <param name="sha256">Of the bytes, lower-case hexadecimal.</param>
    /// <param name="format">As the decoder names it.</param>
    /// <param name="bytes">The file.</param>
    /// <param name="cancel">Ends the wait for a disk that fails now and then.</param>
    /// <param name="durable">False leaves the flush to disk to a caller who flushes many files at once.</param>
    public string Put(string sha256, string format, byte[] bytes, CancellationToken cancel, bool durable = true)
    {
        string path = PathOf(sha256, format);
        // A file of another length is what a crash of the machine left of an unflushed one.
        if (new FileInfo(path) is { Exists: true } there && there.Length == bytes.Length)
            return path;
        Retry.Execute(
            _ =>
            {
                using AtomicFile file = new(path);
                file.Stream.Write(bytes);
                file.Commit(durable);
            },
            cancel
        );
        return path;
    }

    /// <summary>Where an image lies. The name comes from the content alone: nothing of a hostile file name reaches the disk.</summary>
    public string PathOf(string sha256, string format) =>
        Path.Combine(folder, "images", sha256[..2], $"{sha256}.{(format == "jpeg" ? "jpg" : format)}");

    /// <summary>Removes what a killed crawl left half-written.</summary>
    public void Sweep()
    {
        string images = Path.Combine(folder, "images");
        IEnumerable<string> folders = Directory.Exists(images) ? Directory.EnumerateDirectories(images).Prepend(folder) : [folder];
        foreach (string file in folders.SelectMany(of => Directory.EnumerateFiles(of, ".*.tmp")).Where(AtomicFile.IsTemporary))
            File.Delete(file);
    }

    /// <summary>Removes the images that nothing refers to.</summary>
    /// <param name="wanted">Told the SHA-256 of each.</param>
    public void Keep(Func<string, bool> wanted)
    {
        string images = Path.Combine(folder, "images");
        if (!Directory.Exists(images))
            return;
        foreach (string of in Directory.EnumerateDirectories(images))
        {
            foreach (string file in Directory.EnumerateFiles(of))
            {
                string name = Path.GetFileNameWithoutExtension(file);
                if (
                    name.Length == 64
                    && name.All(char.IsAsciiHexDigitLower)
                    && name.StartsWith(Path.GetFileName(of), StringComparison.Ordinal)
                    && !wanted(name)
                )
                    File.Delete(file);
            }
            if (!Directory.EnumerateFileSystemEntries(of).Any())
                Directory.Delete(of);
        }
        if (!Directory.EnumerateFileSystemEntries(images).Any())
            Directory.Delete(images);
    }

    private static bool DiskFull(IOException error) => (error.HResult & 0xFFFF) is 0x70 or 28;
}
