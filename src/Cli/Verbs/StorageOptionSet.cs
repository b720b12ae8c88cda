// The options of all verbs that may read s3:// paths.

using System.CommandLine;
using DataFreeKD.Storage;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Names the service for the whole process: paths in tables name buckets and objects, and cannot name it.</summary>
internal static class StorageOptionSet
{
    // What the command line gave, for the stages of a pipeline that give nothing themselves.
    private static BucketOptions given = new();

    /// <summary>The service.</summary>
    public static Option<string?> Endpoint { get; } =
        new("--s3-endpoint")
        {
            Description = "The service that s3:// paths are asked of [default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, Amazon's]",
            HelpName = "URL",
        };

    /// <summary>Its region.</summary>
    public static Option<string?> Region { get; } =
        new("--s3-region") { Description = "Its region [default: AWS_REGION, the profile's, us-east-1]", HelpName = "NAME" };

    /// <summary>As whom it is asked.</summary>
    public static Option<bool> Anonymous { get; } =
        new("--s3-anonymous") { Description = "Ask for s3:// paths without credentials (or DFKD_S3_ANONYMOUS=1)" };

    /// <summary>All of them.</summary>
    public static Option[] All => [Endpoint, Region, Anonymous];

    /// <summary>What was given.</summary>
    /// <exception cref="UsageException">The endpoint is no address.</exception>
    public static BucketOptions In(ParseResult parsed) =>
        new()
        {
            Endpoint = parsed.GetValue(Endpoint) is { } text ? Address(text) : null,
            Region = parsed.GetValue(Region),
            Anonymous = parsed.GetValue(Anonymous),
        };

    /// <summary>Makes it the process's service.</summary>
    /// <param name="command">The verb; one without these options changes nothing.</param>
    /// <param name="parsed">Its arguments.</param>
    /// <param name="within">Whether it is a stage of something larger, whose own options hold where it has none.</param>
    public static void Apply(Command command, ParseResult parsed, bool within)
    {
        BucketOptions own = command.Options.Contains(Endpoint) ? In(parsed) : new BucketOptions();
        if (!within)
            given = own;
        SharedStorage.Options = new BucketOptions
        {
            Endpoint = own.Endpoint ?? given.Endpoint,
            Region = own.Region ?? given.Region,
            Anonymous = own.Anonymous || given.Anonymous,
        };
    }

    private static Uri Address(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? address)
            ? address
            : throw new UsageException($"--s3-endpoint {text}: expected an address like https://minio.example.org:9000");
}
