// The content-addressed files of a store.

using DataFreeKD.Manifests;
using Polly;
using Polly.Retry;

namespace DataFreeKD.Crawler;

internal sealed class ImageStore(string folder)
{
    // Network file systems fail now and then and heal; a full disk (or a forbidden folder) does not.
    private static readonly ResiliencePipeline Retry = new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<IOException>(error => error is not (DirectoryNotFoundException or PathTooLongException) && !DiskFull(error)),
            MaxRetryAttempts = 3,
            Delay = TimeSpan.FromMilliseconds(200),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        })
        .Build();

    /// <summary>Writes the bytes under their hash; a file that is there already is left alone. Returns the full path.</summary>
    public string Put(string sha256, string format, byte[] bytes, CancellationToken cancel)
    {
        // The name comes from the content alone: nothing of a hostile file name reaches the disk.
        string path = Path.Combine(folder, "images", sha256[..2], $"{sha256}.{(format == "jpeg" ? "jpg" : format)}");
        if (!File.Exists(path)) Retry.Execute(_ => AtomicFile.WriteAllBytes(path, bytes), cancel);
        return path;
    }

    private static bool DiskFull(IOException error) => (error.HResult & 0xFFFF) is 0x70 or 28;
}
