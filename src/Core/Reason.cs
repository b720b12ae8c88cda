// The short stable codes that tell why a row is not ok.

namespace DataFreeKD.Core;

/// <summary>Values of the <c>reason</c> column. Some have a name after a slash: <c>unsupported_format/heic</c>.</summary>
public static class Reason
{
    // Of a file on the way to its bytes.

    /// <summary>It cannot be read, and the system does not say more.</summary>
    public const string Unreadable = "unreadable";

    /// <summary>Nothing is there.</summary>
    public const string NotFound = "not_found";

    /// <summary>It may not be read.</summary>
    public const string Permission = "permission";

    /// <summary>A pipe, a socket or a device.</summary>
    public const string NotAFile = "not_a_file";

    /// <summary>More bytes than are allowed.</summary>
    public const string TooLarge = "too_large";

    /// <summary>No bytes.</summary>
    public const string Empty = "empty";

    /// <summary>A member of an archive whose name leads out of it.</summary>
    public const string UnsafePath = "unsafe_path";

    /// <summary>A link, where links are not followed.</summary>
    public const string Link = "link";

    /// <summary>The file ends too early.</summary>
    public const string Truncated = "truncated";

    /// <summary>A member of an archive that needs a password.</summary>
    public const string Encrypted = "encrypted";

    /// <summary>Members of an archive that share bytes.</summary>
    public const string Overlapping = "overlapping_members";

    /// <summary>An archive within a folder or an archive: those are opened where they are named.</summary>
    public const string Archive = "archive";

    /// <summary>An archive within an archive: it is opened once it was taken out.</summary>
    public const string NestedArchive = "nested_archive";

    /// <summary>A member of an archive whose content has not the checksum that the archive says.</summary>
    public const string BadChecksum = "bad_checksum";

    /// <summary>A member of a tar that was written with holes.</summary>
    public const string SparseMember = UnsupportedFormat + "/tar_sparse";

    /// <summary>A name that is not UTF-8, which cannot be opened.</summary>
    public const string NameNotUtf8 = "name_not_utf8";

    /// <summary>An address where a file's path should be: lists of addresses have a column <c>url</c>.</summary>
    public const string Address = "address";

    /// <summary>An image that is written into the list itself.</summary>
    public const string DataUri = "data_uri";

    // Of decoding.

    /// <summary>Text, or bytes of no known kind.</summary>
    public const string UnknownFormat = "unknown_format";

    /// <summary>A picture of a kind that is not decoded; its name follows a slash.</summary>
    public const string UnsupportedFormat = "unsupported_format";

    /// <summary>Something else; from a decoder its name follows a slash, of an answer from the web it stands alone.</summary>
    public const string NotAnImage = "not_an_image";

    /// <summary>More pixels than are allowed.</summary>
    public const string TooManyPixels = "too_many_pixels";

    /// <summary>A progressive JPEG of more scans than are allowed.</summary>
    public const string TooManyScans = "too_many_scans";

    /// <summary>It took longer to decode than is allowed.</summary>
    public const string TooSlow = "too_slow";

    /// <summary>Damaged within.</summary>
    public const string DecodeError = "decode_error";

    // Of the web, refused by policy: status "rejected".

    /// <summary>robots.txt keeps it out.</summary>
    public const string Robots = "robots";

    /// <summary>Whether robots.txt allows it could not be learnt.</summary>
    public const string RobotsUnreachable = "robots_unreachable";

    /// <summary>An address within a private network.</summary>
    public const string AddressRefused = "address_refused";

    /// <summary>A drawing of text, which is not rendered.</summary>
    public const string Svg = "svg";

    /// <summary>A page, a sitemap or a feed: read for what it names.</summary>
    public const string Page = "page";

    /// <summary>Its owner allows no use for AI.</summary>
    public const string NoAi = "noai";

    /// <summary>Its owner allows no indexing.</summary>
    public const string NoIndex = "noindex";

    /// <summary>Its owner reserves text and data mining.</summary>
    public const string TdmReserved = "tdm_reserved";

    /// <summary>A side shorter than is asked for.</summary>
    public const string TooSmall = "too_small";

    // Of the web, not to be had: status "failed".

    /// <summary>No address.</summary>
    public const string BadUrl = "bad_url";

    /// <summary>The name of the host leads nowhere.</summary>
    public const string DnsError = "dns_error";

    /// <summary>The host does not answer.</summary>
    public const string ConnectFailed = "connect_failed";

    /// <summary>No agreement on TLS.</summary>
    public const string TlsError = "tls_error";

    /// <summary>A certificate that nobody known has signed.</summary>
    public const string CertificateUntrusted = "certificate_untrusted";

    /// <summary>A certificate past its time.</summary>
    public const string CertificateExpired = "certificate_expired";

    /// <summary>A certificate of another host.</summary>
    public const string CertificateWrongName = "certificate_wrong_name";

    /// <summary>Not within the time allowed.</summary>
    public const string Timeout = "timeout";

    /// <summary>The host broke the connection.</summary>
    public const string Reset = "reset";

    /// <summary>Fewer bytes than were announced.</summary>
    public const string TruncatedBody = "truncated_body";

    /// <summary>Longer headers than are allowed.</summary>
    public const string HeaderTooLarge = "header_too_large";

    /// <summary>An answer that is no HTTP.</summary>
    public const string ProtocolError = "protocol_error";

    /// <summary>Compressed wrongly, or in an unknown way.</summary>
    public const string BadEncoding = "bad_encoding";

    /// <summary>A redirect without an address to go to.</summary>
    public const string BadRedirect = "bad_redirect";

    /// <summary>Redirects in a circle.</summary>
    public const string RedirectLoop = "redirect_loop";

    /// <summary>More redirects than are followed.</summary>
    public const string TooManyRedirects = "too_many_redirects";

    /// <summary>In a dry run only: it would be fetched.</summary>
    public const string WouldFetch = "fetch";

    // Of a table as a whole.

    /// <summary>Another row has the same bytes.</summary>
    public const string SameContent = "same_content";

    /// <summary>Another row looks the same.</summary>
    public const string NearDuplicate = "near_duplicate";

    /// <summary>A cascade dropped it.</summary>
    public const string Cascade = "cascade";

    /// <summary>A usable row without the scores that a selection wants.</summary>
    public const string Unscored = "unscored";

    /// <summary>The teacher's figures of it are not finite.</summary>
    public const string NotFinite = "not_finite";

    /// <summary>The shard that it is in could not be scored.</summary>
    public const string Shard = "shard";

    /// <summary>The file is no longer the one that was scored.</summary>
    public const string Changed = "changed";

    /// <summary>A member of a zip that is packed in a way that is not read, such as <c>unsupported_format/zip_method_12</c>.</summary>
    public static string ZipMethod(int method) => FormattableString.Invariant($"{UnsupportedFormat}/zip_method_{method}");

    /// <summary>The answer's HTTP status, such as <c>http_404</c>.</summary>
    public static string Http(int status) => FormattableString.Invariant($"http_{status}");
}
