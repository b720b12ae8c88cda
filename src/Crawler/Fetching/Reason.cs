// The short stable codes that tell why an address gave no image.

namespace DataFreeKD.Crawler.Fetching;

/// <summary>Values of the manifest's <c>reason</c> column that come from the web; those of decoding are in Imaging.</summary>
internal static class Reason
{
    // Refused by policy: status "rejected".
    public const string Robots = "robots";
    public const string RobotsUnreachable = "robots_unreachable";
    public const string AddressRefused = "address_refused";
    public const string NotAnImage = "not_an_image";
    public const string Svg = "svg";
    public const string Page = "page";
    public const string Archive = "archive";
    public const string TdmReserved = "tdm_reserved";

    // Could not be had: status "failed".
    public const string BadUrl = "bad_url";
    public const string DnsError = "dns_error";
    public const string ConnectFailed = "connect_failed";
    public const string TlsError = "tls_error";
    public const string CertificateUntrusted = "certificate_untrusted";
    public const string CertificateExpired = "certificate_expired";
    public const string CertificateWrongName = "certificate_wrong_name";
    public const string Timeout = "timeout";
    public const string Reset = "reset";
    public const string TruncatedBody = "truncated_body";
    public const string TooLarge = "too_large";
    public const string HeaderTooLarge = "header_too_large";
    public const string ProtocolError = "protocol_error";
    public const string BadEncoding = "bad_encoding";
    public const string Empty = "empty";
    public const string BadRedirect = "bad_redirect";
    public const string RedirectLoop = "redirect_loop";
    public const string TooManyRedirects = "too_many_redirects";

    /// <summary>In a dry run only.</summary>
    public const string WouldFetch = "fetch";

    public static string Http(int status) => $"http_{status}";
}
