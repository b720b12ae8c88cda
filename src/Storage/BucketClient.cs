// The file that speaks to S3-compatible services: lists, looks at, reads, writes and removes objects, and signs their addresses.

using System.Net;
using System.Runtime.CompilerServices;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.S3;
using Amazon.S3.Model;

namespace DataFreeKD.Storage;

/// <summary>Speaks to one service, as one user; all calls may run at once. Failures that pass by themselves (5xx, lost connections,
/// silence) are tried again a few times, with growing waits.</summary>
internal sealed class BucketClient : IDisposable
{
    /// <summary>Further attempts.</summary>
    public const int UsualRetries = 4;

    // Of what is read at once.
    private const int SmallBytes = 1 << 30;

    // A signature is made for each fetch; its attempts with all their waits must end within this.
    private static readonly TimeSpan Validity = TimeSpan.FromDays(1);

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100);

    // Keys may hold what XML cannot. A service may ignore the wish; it says so.
    private static readonly EncodingType Encoded = EncodingType.Url;

    private readonly BucketOptions options;
    private readonly Connections connections;
    private readonly AmazonS3Client client,
        signer;
    private readonly int retries;
    private readonly TimeSpan patience;

    /// <param name="options">Who is asked, and as whom; what is not given is the environment's.</param>
    /// <param name="handler">How connections are made, and closed with this client. Null: plainly, to the endpoint that the user
    /// named.</param>
    /// <param name="retries">Further attempts after a failure that may pass.</param>
    /// <param name="patience">The longest silence of the service. Null: 30 s.</param>
    /// <exception cref="StorageException">No credentials are to be found, or the endpoint is none.</exception>
    public BucketClient(BucketOptions options, HttpMessageHandler? handler = null, int retries = UsualRetries, TimeSpan? patience = null)
    {
        options.Validate();
        this.options = options.WithEnvironment();
        this.retries = retries;
        this.patience = patience ?? TimeSpan.FromSeconds(30);
        AWSCredentials credentials = this.options.Anonymous ? new AnonymousAWSCredentials() : Credentials();
        connections = new Connections(handler ?? Plain(), this.patience);
        client = new AmazonS3Client(credentials, Config());
        // The library makes addresses for signers alone; what an anonymous one has signed is cut off before it is used.
        signer = this.options.Anonymous ? new AmazonS3Client(new BasicAWSCredentials("none", "none"), Config()) : client;
    }

    /// <summary>The service; null for Amazon's.</summary>
    public Uri? Endpoint => options.Endpoint;

    /// <summary>The objects whose keys start with a name's key, in the service's order (that of the keys' UTF-8 bytes); folders'
    /// place-holders are none.</summary>
    /// <param name="start">The bucket and the beginning of the keys.</param>
    /// <param name="cancel">Stops.</param>
    /// <param name="flat">Only keys without a further slash after the beginning.</param>
    /// <exception cref="StorageException">The bucket cannot be listed.</exception>
    public async IAsyncEnumerable<StoredObject> List(BucketName start, [EnumeratorCancellation] CancellationToken cancel, bool flat = false)
    {
        ListObjectsV2Request request = new()
        {
            BucketName = start.Bucket,
            Prefix = start.Key,
            Delimiter = flat ? "/" : null,
            Encoding = Encoded,
        };
        do
        {
            ListObjectsV2Response page = await Ask(start, "listed", () => client.ListObjectsV2Async(request, cancel), cancel)
                .ConfigureAwait(false);
            foreach (S3Object found in page.S3Objects ?? [])
            {
                string key = page.Encoding == Encoded ? WebUtility.UrlDecode(found.Key) : found.Key;
                if (!key.EndsWith('/'))
                    yield return new StoredObject(start with { Key = key }, found.Size ?? 0, found.ETag ?? "");
            }
            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        } while (request.ContinuationToken is not null);
    }

    /// <summary>Looks at an object.</summary>
    /// <returns>Null where there is none.</returns>
    /// <exception cref="StorageException">It may not be looked at, or the service cannot be asked.</exception>
    public async Task<StoredObject?> Find(BucketName name, CancellationToken cancel)
    {
        try
        {
            return await Head(name, cancel).ConfigureAwait(false);
        }
        catch (StorageException error) when (error.Fault == StorageFault.Missing)
        {
            return null;
        }
    }

    /// <summary>Looks at an object that must be there.</summary>
    /// <exception cref="StorageException">It is not there, may not be looked at, or the service cannot be asked.</exception>
    public async Task<StoredObject> Head(BucketName name, CancellationToken cancel)
    {
        GetObjectMetadataRequest request = new() { BucketName = name.Bucket, Key = name.Key };
        GetObjectMetadataResponse head = await Ask(name, "read", () => client.GetObjectMetadataAsync(request, cancel), cancel)
            .ConfigureAwait(false);
        return head.ETag is { Length: > 0 } tag
            ? new StoredObject(name, head.ContentLength, tag)
            : throw new StorageException($"{name} cannot be read: the service gives no ETag, without which a change would not be seen");
    }

    /// <summary>Reads a range of an object, all of it, by one request where nothing fails; a body that breaks off is continued.</summary>
    /// <param name="source">The object as it was found: another content under its name is refused.</param>
    /// <param name="from">The first byte.</param>
    /// <param name="into">Where they go; the range must lie within the object.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="StorageException">It has changed, is gone, or cannot be read.</exception>
    public async Task Read(StoredObject source, long from, Memory<byte> into, CancellationToken cancel)
    {
        if (from < 0 || from + into.Length > source.Length)
            throw new ArgumentOutOfRangeException(nameof(from), $"{from} + {into.Length} is beyond {source.Length}");
        int done = 0;
        for (int attempt = 0; done < into.Length; attempt++)
        {
            GetObjectRequest request = new()
            {
                BucketName = source.Name.Bucket,
                Key = source.Name.Key,
                ByteRange = new ByteRange(from + done, from + into.Length - 1),
                EtagToMatch = source.ETag,
            };
            using GetObjectResponse response = await Ask(source.Name, "read", () => client.GetObjectAsync(request, cancel), cancel)
                .ConfigureAwait(false);
            // A service may not know conditions, or ranges.
            if (response.ETag != source.ETag)
                throw ServiceText.Changed(source.Name);
            if (response.HttpStatusCode != HttpStatusCode.PartialContent || response.ContentLength != into.Length - done)
                throw new StorageException($"{source.Name} cannot be read: the service does not answer requests of ranges");
            try
            {
                done += await Fill(response.ResponseStream, into[done..], cancel).ConfigureAwait(false);
                if (done == into.Length)
                    return;
                throw new EndOfStreamException("the body broke off");
            }
            catch (BrokenBodyException broken)
            {
                done += broken.Read;
                if (attempt >= retries)
                    throw ServiceText.Of(source.Name, "read", Endpoint, broken.InnerException!);
            }
            catch (EndOfStreamException error)
            {
                if (attempt >= retries)
                    throw ServiceText.Of(source.Name, "read", Endpoint, error);
            }
            await Wait(attempt, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Reads a small object at once, with what tells it from what comes later.</summary>
    /// <returns>Null where there is none.</returns>
    /// <exception cref="StorageException">It may not be read, or the service cannot be asked.</exception>
    public async Task<LoadedObject?> Load(BucketName name, CancellationToken cancel)
    {
        // Of whole objects the library takes the ETag for an MD5, which not every service's is.
        GetObjectRequest request = new()
        {
            BucketName = name.Bucket,
            Key = name.Key,
            ByteRange = new ByteRange(0, SmallBytes - 1),
        };
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                using GetObjectResponse response = await Ask(name, "read", () => client.GetObjectAsync(request, cancel), cancel)
                    .ConfigureAwait(false);
                if (response.ContentLength >= SmallBytes)
                    throw new StorageException($"{name} cannot be read: it is too large for what it should be");
                byte[] bytes = new byte[response.ContentLength];
                if (await Fill(response.ResponseStream, bytes, cancel).ConfigureAwait(false) < bytes.Length)
                    throw new BrokenBodyException(0, new EndOfStreamException("the body broke off"));
                return new LoadedObject(bytes, response.ETag, response.LastModified);
            }
            catch (StorageException error) when (error.InnerException is AmazonS3Exception { ErrorCode: "NoSuchKey" })
            {
                return null;
            }
            catch (BrokenBodyException) when (attempt < retries)
            {
                await Wait(attempt, cancel).ConfigureAwait(false);
            }
            catch (BrokenBodyException broken)
            {
                throw ServiceText.Of(name, "read", Endpoint, broken.InnerException!);
            }
        }
    }

    /// <summary>Writes an object, whatever is there.</summary>
    /// <param name="name">The bucket and the key.</param>
    /// <param name="content">Seekable, as it may have to be sent again; it is read from its position on and stays open.</param>
    /// <param name="cancel">Stops.</param>
    /// <returns>Its ETag.</returns>
    /// <exception cref="StorageException">It cannot be written.</exception>
    public async Task<string> Put(BucketName name, Stream content, CancellationToken cancel) =>
        (await Put(name, content, _ => { }, cancel).ConfigureAwait(false))!;

    /// <summary>Writes an object where none is.</summary>
    /// <inheritdoc cref="Put(BucketName, Stream, CancellationToken)"/>
    /// <returns>Its ETag; null where one is there already. That may be this very one, where an attempt's answer was lost:
    /// compare.</returns>
    public Task<string?> PutNew(BucketName name, Stream content, CancellationToken cancel) =>
        Put(name, content, request => request.IfNoneMatch = "*", cancel);

    /// <summary>Writes an object in the place of a known one.</summary>
    /// <inheritdoc cref="Put(BucketName, Stream, CancellationToken)"/>
    /// <param name="name">The bucket and the key.</param>
    /// <param name="content">Seekable.</param>
    /// <param name="etag">That of the known one.</param>
    /// <param name="cancel">Stops.</param>
    /// <returns>Its ETag; null where another one is there, or none. That may be this very one, where an attempt's answer was
    /// lost.</returns>
    public Task<string?> PutOver(BucketName name, Stream content, string etag, CancellationToken cancel) =>
        Put(name, content, request => request.IfMatch = etag, cancel);

    /// <summary>Removes an object; none is as good.</summary>
    /// <exception cref="StorageException">It cannot be removed.</exception>
    public Task Delete(BucketName name, CancellationToken cancel)
    {
        DeleteObjectRequest request = new() { BucketName = name.Bucket, Key = name.Key };
        return Ask(name, "removed", () => client.DeleteObjectAsync(request, cancel), cancel);
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

    private async Task<string?> Put(BucketName name, Stream content, Action<PutObjectRequest> condition, CancellationToken cancel)
    {
        long start = content.Position;
        for (int attempt = 0; ; attempt++)
        {
            content.Position = start;
            PutObjectRequest request = new()
            {
                BucketName = name.Bucket,
                Key = name.Key,
                InputStream = content,
                AutoCloseStream = false,
                AutoResetStreamPosition = false,
                // The whole content's SHA-256 is signed, which every service checks; signed pieces not every one knows.
                UseChunkEncoding = false,
            };
            condition(request);
            try
            {
                return (await client.PutObjectAsync(request, cancel).ConfigureAwait(false)).ETag;
            }
            catch (AmazonS3Exception error)
                when (error.StatusCode == HttpStatusCode.PreconditionFailed
                    || request.IfMatch is not null && error is { StatusCode: HttpStatusCode.NotFound, ErrorCode: "NoSuchKey" }
                )
            {
                return null;
            }
            catch (AmazonS3Exception error) when (error.StatusCode == HttpStatusCode.Conflict && attempt < retries)
            {
                // Another writer's request is under way: whether it wins is told by the next attempt.
            }
            catch (Exception error) when (ServiceText.IsOf(error, cancel))
            {
                throw ServiceText.Of(name, "written", Endpoint, error);
            }
            await Wait(attempt, cancel).ConfigureAwait(false);
        }
    }

    private async Task<T> Ask<T>(BucketName name, string what, Func<Task<T>> ask, CancellationToken cancel)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (AmazonS3Exception error) when (error.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            throw ServiceText.Changed(name);
        }
        catch (Exception error) when (ServiceText.IsOf(error, cancel))
        {
            throw ServiceText.Of(name, what, Endpoint, error);
        }
    }

    // As much as comes; a failure tells how much had come.
    private async Task<int> Fill(Stream body, Memory<byte> into, CancellationToken cancel)
    {
        int done = 0;
        try
        {
            while (done < into.Length)
            {
                using CancellationTokenSource silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                silence.CancelAfter(patience);
                int read = await body.ReadAsync(into[done..], silence.Token).ConfigureAwait(false);
                if (read == 0)
                    break;
                done += read;
            }
            return done;
        }
        catch (Exception error) when (ServiceText.IsOf(error, cancel))
        {
            throw new BrokenBodyException(done, error);
        }
    }

    private static Task Wait(int attempt, CancellationToken cancel) => Task.Delay(FirstWait * (1 << Math.Min(attempt, 6)), cancel);

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

    private AmazonS3Config Config()
    {
        AmazonS3Config config = new()
        {
            HttpClientFactory = connections,
            MaxErrorRetry = retries,
            // Sums of newer services, in trailers that others take for content.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
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

    // The environment and the profiles; not a cloud's metadata service, whose address nothing here ever speaks to.
    private static AWSCredentials Credentials()
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID")))
            return new EnvironmentVariablesAWSCredentials();
        string profile = Environment.GetEnvironmentVariable("AWS_PROFILE") ?? "default";
        return new CredentialProfileStoreChain().TryGetAWSCredentials(profile, out AWSCredentials credentials)
            ? credentials
            : throw new StorageException(
                $"no credentials for s3:// addresses: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write the profile '{profile}', or give Anonymous"
            )
            {
                Options = [nameof(BucketOptions.Anonymous)],
            };
    }

    private static SocketsHttpHandler Plain() =>
        new()
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ActivityHeadersPropagator = null,
        };

    /// <summary>A body that broke off, with how much of it had come.</summary>
    private sealed class BrokenBodyException(int read, Exception inner) : IOException(inner.Message, inner)
    {
        public int Read { get; } = read;
    }

    /// <summary>Gives the library the caller's own way to a socket, and bounds the wait for an answer.</summary>
    private sealed class Connections(HttpMessageHandler handler, TimeSpan patience) : HttpClientFactory, IDisposable
    {
        private readonly HttpClient http = new(new Patience(handler, patience)) { Timeout = Timeout.InfiniteTimeSpan };

        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => http;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

        public void Dispose() => http.Dispose();
    }

    /// <summary>A server that accepts a request and never answers is one that cannot be reached.</summary>
    private sealed class Patience(HttpMessageHandler inner, TimeSpan patience) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
        {
            // What is sent takes its time: a byte a microsecond is slow, and still ends.
            TimeSpan sending = TimeSpan.FromMicroseconds(request.Content?.Headers.ContentLength ?? 0);
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(patience + sending);
            try
            {
                return await base.SendAsync(request, limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new HttpRequestException(
                    HttpRequestError.ConnectionError,
                    "timeout",
                    new IOException("timeout", new TimeoutException("timeout"))
                );
            }
        }
    }
}
