// Buckets as the crawl asks them: over connections that are checked as all others are. Fetching objects is the crawl's own business.

using DataFreeKD.Crawler.Fetching;
using DataFreeKD.Storage;

namespace DataFreeKD.Crawler.Buckets;

/// <summary>Lists buckets and signs the addresses of their objects; what fails is told with the crawl's own reasons.</summary>
internal sealed class BucketService : IDisposable
{
    private readonly BucketClient client;

    /// <param name="options">Who is asked, and as whom; how connections are made.</param>
    /// <exception cref="CrawlException">No credentials are to be found.</exception>
    public BucketService(WebOptions options) =>
        client = Told(() => new BucketClient(options.Buckets, Connector.Handler(options), options.Retries, options.BodyTimeout));

    /// <summary>Takes an address apart.</summary>
    /// <exception cref="CrawlException">No bucket is named.</exception>
    public static BucketName Parse(string name) => Told(() => BucketName.Parse(name));

    /// <summary>The keys that start with a name's key, in the service's order; folders' place-holders are none.</summary>
    /// <exception cref="CrawlException">The bucket cannot be listed.</exception>
    public async IAsyncEnumerable<BucketName> List(
        BucketName start,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel
    )
    {
        IAsyncEnumerator<StoredObject> objects = client.List(start, cancel).GetAsyncEnumerator(cancel);
        await using (objects.ConfigureAwait(false))
        {
            while (await Next(objects, start).ConfigureAwait(false))
                yield return objects.Current.Name;
        }
    }

    /// <summary>The address that answers a GET for an object; it carries a signature, so it is for asking and for nothing else.</summary>
    public Uri Sign(BucketName name) => client.Sign(name);

    /// <summary>The server that holds a bucket.</summary>
    public Uri Server(BucketName name) => client.Server(name);

    public void Dispose() => client.Dispose();

    /// <summary>Runs what may be refused, and says so as the crawl does.</summary>
    /// <exception cref="CrawlException">It was refused.</exception>
    public static T Told<T>(Func<T> ask)
    {
        try
        {
            return ask();
        }
        catch (StorageException error)
        {
            throw new CrawlException(error.Message) { Options = error.Options };
        }
    }

    private static async ValueTask<bool> Next(IAsyncEnumerator<StoredObject> objects, BucketName start)
    {
        try
        {
            return await objects.MoveNextAsync().ConfigureAwait(false);
        }
        catch (StorageException error)
        {
            string? reason = error is { Fault: StorageFault.Unreachable, InnerException: { } inner }
                ? FetchException.ReasonOf(inner, inBody: false)
                : null;
            throw new CrawlException(
                reason is null
                    ? error.Message
                    : $"{start} cannot be listed: {reason}; check Endpoint{(reason == Reason.AddressRefused ? " and AllowedNetworks" : "")}"
            )
            {
                Options = [.. error.Options, nameof(WebOptions.AllowedNetworks)],
            };
        }
    }
}
