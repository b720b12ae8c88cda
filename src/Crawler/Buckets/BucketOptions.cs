// Where buckets are, and as whom they are asked.

namespace DataFreeKD.Crawler.Buckets;

/// <summary>Options of <c>s3://</c> sources.</summary>
public sealed record BucketOptions
{
    /// <summary>The service, <c>http://</c> or <c>https://</c>; buckets are the first part of the path there.</summary>
    /// <value>Null: Amazon's.</value>
    public Uri? Endpoint { get; init; }

    /// <summary>The region.</summary>
    /// <value>Null: that of the environment or the profile, else <c>us-east-1</c>.</value>
    public string? Region { get; init; }

    /// <summary>Ask without credentials.</summary>
    public bool Anonymous { get; init; }

    internal void Validate()
    {
        if (Endpoint is not null && (!Endpoint.IsAbsoluteUri || Endpoint.Scheme is not ("http" or "https")))
            throw new CrawlException($"Endpoint {Endpoint}: give an address like https://minio.example.org:9000")
            {
                Options = [nameof(Endpoint)],
            };
    }
}
