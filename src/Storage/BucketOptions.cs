// Where buckets are, and as whom they are asked.

namespace DataFreeKD.Storage;

/// <summary>The service that holds <c>s3://</c> addresses. Credentials are those of the environment (<c>AWS_ACCESS_KEY_ID</c>,
/// <c>AWS_SECRET_ACCESS_KEY</c>, <c>AWS_SESSION_TOKEN</c>) or of a profile (<c>AWS_PROFILE</c>, else <c>default</c>).</summary>
public sealed record BucketOptions
{
    /// <summary>Says in the environment what <see cref="Anonymous"/> says.</summary>
    internal const string AnonymousVariable = "DFKD_S3_ANONYMOUS";

    /// <summary>The service, <c>http://</c> or <c>https://</c>; buckets are the first part of the path there.</summary>
    /// <value>Null: that of <c>AWS_ENDPOINT_URL_S3</c> or <c>AWS_ENDPOINT_URL</c>, else Amazon's.</value>
    public Uri? Endpoint { get; init; }

    /// <summary>The region.</summary>
    /// <value>Null: that of the environment or the profile, else <c>us-east-1</c>.</value>
    public string? Region { get; init; }

    /// <summary>Ask without credentials.</summary>
    /// <value>False, unless the environment has <c>DFKD_S3_ANONYMOUS=1</c>.</value>
    public bool Anonymous { get; init; }

    /// <exception cref="StorageException">The endpoint is none.</exception>
    internal void Validate()
    {
        if (Endpoint is not null && (!Endpoint.IsAbsoluteUri || Endpoint.Scheme is not ("http" or "https")))
            throw new StorageException($"Endpoint {Endpoint}: give an address like https://minio.example.org:9000")
            {
                Options = [nameof(Endpoint)],
            };
    }

    /// <summary>What the environment says where nothing was given, as the tools of Amazon read it.</summary>
    /// <exception cref="StorageException">The environment's endpoint is none.</exception>
    internal BucketOptions WithEnvironment() =>
        this with
        {
            Endpoint = Endpoint ?? EnvironmentsEndpoint(),
            Anonymous = Anonymous || Environment.GetEnvironmentVariable(AnonymousVariable) is "1" or "true",
        };

    private static Uri? EnvironmentsEndpoint()
    {
        foreach (string name in (string[])["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
        {
            if (Environment.GetEnvironmentVariable(name) is not { Length: > 0 } text)
                continue;
            return Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
                ? address
                : throw new StorageException($"{name} {text}: give an address like https://minio.example.org:9000");
        }
        return null;
    }
}
