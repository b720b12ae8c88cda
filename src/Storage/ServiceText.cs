// What a service's refusals say to a user.

using System.Net;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.S3;

namespace DataFreeKD.Storage;

/// <summary>Puts failures of the S3 library into words. No credential and no signature is in them.</summary>
internal static class ServiceText
{
    private static readonly string[] Mended =
    [
        nameof(BucketOptions.Endpoint),
        nameof(BucketOptions.Region),
        nameof(BucketOptions.Anonymous),
    ];

    /// <summary>Whether an exception is the service's or the network's, and not a fault of this program.</summary>
    public static bool IsOf(Exception error, CancellationToken cancel) =>
        error is AmazonServiceException or AmazonClientException or HttpRequestException or IOException or TimeoutException
        || error is OperationCanceledException && !cancel.IsCancellationRequested;

    /// <summary>The exception of a library's user.</summary>
    /// <param name="name">The object, or what was listed.</param>
    /// <param name="what">What could not be done: <c>read</c>, <c>listed</c>.</param>
    /// <param name="endpoint">The service; null for Amazon's.</param>
    /// <param name="error">What happened.</param>
    public static StorageException Of(BucketName name, string what, Uri? endpoint, Exception error)
    {
        (StorageFault fault, string said) = Told(name, endpoint, error);
        return new StorageException($"{name} cannot be {what}: {said}", error)
        {
            Fault = fault,
            Said = said,
            Options = Mended,
        };
    }

    /// <summary>The exception for an object that is another one by now.</summary>
    public static StorageException Changed(BucketName name) =>
        new($"{name} has changed since it was looked at (its ETag is another one); begin again, or put back the object that was there")
        {
            Fault = StorageFault.Changed,
            Said = "it has changed since it was looked at",
        };

    private static (StorageFault Fault, string Said) Told(BucketName name, Uri? endpoint, Exception error) =>
        error switch
        {
            AmazonS3Exception service when IsOfRegion(service) && RegionOf(service) is { Length: > 0 } region => (
                StorageFault.Other,
                $"the bucket is in the region {region}; give Region {region}"
            ),
            AmazonS3Exception { StatusCode: HttpStatusCode.Forbidden } => (
                StorageFault.Denied,
                "access denied; check the credentials and Region, or give Anonymous"
            ),
            AmazonS3Exception { StatusCode: HttpStatusCode.NotFound, ErrorCode: "NoSuchKey" } => (
                StorageFault.Missing,
                "there is no such object; check its name"
            ),
            // A HEAD's answer has no body, so no code tells an object from a bucket.
            AmazonS3Exception { StatusCode: HttpStatusCode.NotFound } service => (
                StorageFault.Missing,
                name.Key.Length == 0 || service.ErrorCode == "NoSuchBucket"
                    ? "there is no such bucket; check its name, Endpoint and Region"
                    : "there is no such object or bucket; check the name, Endpoint and Region"
            ),
            AmazonServiceException { StatusCode: >= HttpStatusCode.InternalServerError } service => (
                StorageFault.Failing,
                $"the service answers {(int)service.StatusCode} {service.ErrorCode} again and again; try later, or check Endpoint"
            ),
            AmazonServiceException { StatusCode: > 0 } service => (
                StorageFault.Other,
                $"the service answers {(int)service.StatusCode} {service.ErrorCode}; check Endpoint and Region"
            ),
            _ => (
                StorageFault.Unreachable,
                $"{endpoint?.GetLeftPart(UriPartial.Authority) ?? "Amazon's service"} does not answer ({Innermost(error)}); check Endpoint"
            ),
        };

    private static bool IsOfRegion(AmazonS3Exception error) =>
        error.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect
        || error.ErrorCode is "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" or "PermanentRedirect";

    private static string? RegionOf(AmazonS3Exception error) =>
        error.InnerException is HttpErrorResponseException { Response: { } answer } ? answer.GetHeaderValue("x-amz-bucket-region") : null;

    private static string Innermost(Exception error)
    {
        while (error.InnerException is { } inner)
            error = inner;
        return error is OperationCanceledException or TimeoutException ? "timeout" : error.Message.TrimEnd('.').ReplaceLineEndings(" ");
    }
}
