// The only file that knows the S3 library: lists buckets and signs the addresses of their objects. Fetching them is the crawl's own
// business.

using System.Net;
using System.Runtime.CompilerServices;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.S3;
using Amazon.S3.Model;
using DataFreeKD.Crawler.Addresses;
using DataFreeKD.Crawler.Fetching;

namespace DataFreeKD.Crawler.Buckets;

/// <summary>Speaks to one S3-compatible service, over connections that are checked as all others are.</summary>
internal sealed class BucketService : IDisposable
{
    /// <summary>A signature is made for each fetch; its attempts with all their waits must end within this.</summary>
    private static readonly TimeSpan Validity = TimeSpan.FromDays(1);

    // Keys may hold what XML cannot. A service may ignore the wish; it says so.
    private static readonly EncodingType Encoded = EncodingType.Url;

    private readonly BucketOptions options;
    private readonly Connections connections;
    private readonly AmazonS3Client client,
        signer;

    /// <param name="options">Who is asked, and as whom; how connections are made.</param>
    /// <exception cref="CrawlException">No credentials are to be found.</exception>
    public BucketService(WebOptions options)
    {
        this.options = options.Buckets;
        connections = new Connections(options);
        client = new AmazonS3Client(this.options.Anonymous ? new AnonymousAWSCredentials() : Credentials(), Config(options));
        // The library makes addresses for signers alone; what an anonymous one has signed is cut off before it is used.
        signer = this.options.Anonymous ? new AmazonS3Client(new BasicAWSCredentials("none", "none"), Config(options)) : client;
    }

    /// <summary>The keys that start with a name's key, in the service's order; folders' place-holders are none.</summary>
    /// <exception cref="CrawlException">The bucket cannot be listed.</exception>
    public async IAsyncEnumerable<BucketName> List(BucketName start, [EnumeratorCancellation] CancellationToken cancel)
    {
        ListObjectsV2Request request = new()
        {
            BucketName = start.Bucket,
            Prefix = start.Key,
            Encoding = Encoded,
        };
        do
        {
            ListObjectsV2Response page;
            try
            {
                page = await client.ListObjectsV2Async(request, cancel).ConfigureAwait(false);
            }
            catch (Exception error) when (error is AmazonServiceException or AmazonClientException or HttpRequestException or IOException)
            {
                throw new CrawlException($"{start} cannot be listed: {Said(error)}")
                {
                    Options =
                    [
                        nameof(BucketOptions.Endpoint),
                        nameof(BucketOptions.Region),
                        nameof(BucketOptions.Anonymous),
                        nameof(WebOptions.AllowedNetworks),
                    ],
                };
            }
            foreach (S3Object found in page.S3Objects ?? [])
            {
                string key = page.Encoding == Encoded ? WebUtility.UrlDecode(found.Key) : found.Key;
                if (!key.EndsWith('/'))
                    yield return start with
                    {
                        Key = key,
                    };
            }
            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        } while (request.ContinuationToken is not null);
    }

    /// <summary>The address that answers a GET for an object; it carries a signature, so it is for asking and for nothing else.</summary>
    public Uri Sign(BucketName name)
    {
        string address = Presigned(name);
        // As the library wrote it: a key may hold dots and slashes that a canonical address would lose.
        return new Uri(
            options.Anonymous ? address.Split('?')[0] : address,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }
        );
    }

    /// <summary>The server that holds a bucket.</summary>
    public Uri Server(BucketName name) => new(new Uri(Presigned(name)).GetLeftPart(UriPartial.Authority));

    public void Dispose()
    {
        signer.Dispose();
        client.Dispose();
        connections.Dispose();
    }

    private string Presigned(BucketName name) =>
        signer.GetPreSignedURL(
            new GetPreSignedUrlRequest
            {
                BucketName = name.Bucket,
                Key = name.Key.Length == 0 ? "x" : name.Key,
                Verb = HttpVerb.GET,
                Expires = DateTime.UtcNow + Validity,
                Protocol = options.Endpoint?.Scheme == "http" ? Protocol.HTTP : Protocol.HTTPS,
            }
        );

    private AmazonS3Config Config(WebOptions web)
    {
        AmazonS3Config config = new()
        {
            HttpClientFactory = connections,
            Timeout = web.BodyTimeout,
            MaxErrorRetry = web.Retries,
        };
        string region = options.Region
            ?? FallbackRegionFactory.GetRegionEndpoint(includeInstanceMetadata: false)?.SystemName
            ?? "us-east-1";
        if (options.Endpoint is null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }
        else
        {
            config.ServiceURL = options.Endpoint.AbsoluteUri;
            config.AuthenticationRegion = region;
            config.ForcePathStyle = true;
        }
        return config;
    }

    // The environment and the profiles; not a cloud's metadata service, whose address a crawl never speaks to.
    private static AWSCredentials Credentials()
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID")))
            return new EnvironmentVariablesAWSCredentials();
        string profile = Environment.GetEnvironmentVariable("AWS_PROFILE") ?? "default";
        return new CredentialProfileStoreChain().TryGetAWSCredentials(profile, out AWSCredentials credentials)
            ? credentials
            : throw new CrawlException(
                $"no credentials for s3:// sources: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write the profile '{profile}', or give Anonymous"
            )
            {
                Options = [nameof(BucketOptions.Anonymous)],
            };
    }

    private static string Said(Exception error) =>
        error switch
        {
            AmazonS3Exception { StatusCode: HttpStatusCode.Forbidden } =>
                "access denied; check the credentials and Region, or give Anonymous",
            AmazonS3Exception { StatusCode: HttpStatusCode.NotFound } => "there is no such bucket; check its name, Endpoint and Region",
            AmazonServiceException { StatusCode: > 0 } service =>
                $"the service answers {(int)service.StatusCode} {service.ErrorCode}; check Endpoint and Region",
            _ when FetchException.ReasonOf(error, inBody: false) is var reason =>
                $"{reason}; check Endpoint{(reason == Reason.AddressRefused ? " and AllowedNetworks" : "")}",
            _ => error.Message,
        };

    /// <summary>Gives the library the crawl's own way to a socket.</summary>
    private sealed class Connections(WebOptions options) : HttpClientFactory, IDisposable
    {
        private readonly HttpClient http = new(Connector.Handler(options)) { Timeout = Timeout.InfiniteTimeSpan };

        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => http;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

        public void Dispose() => http.Dispose();
    }
}
