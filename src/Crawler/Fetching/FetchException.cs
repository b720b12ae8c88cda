// A failure of fetching that already knows its reason, and how every other failure gets one.

using System.Net.Sockets;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>Carries one of <see cref="Reason"/>'s codes through the HTTP handler.</summary>
internal sealed class FetchException(string reason, Exception? inner = null) : IOException(reason, inner)
{
    public string Reason { get; } = reason;

    /// <summary>The reason of a failed exchange.</summary>
    /// <param name="error">What the HTTP handler threw.</param>
    /// <param name="inBody">Whether the headers had arrived.</param>
    public static string ReasonOf(Exception error, bool inBody)
    {
        HttpRequestError? http = null;
        for (Exception? at = error; at is not null; at = at.InnerException)
        {
            switch (at)
            {
                case FetchException fetch:
                    return fetch.Reason;
                case SocketException
                {
                    SocketErrorCode: SocketError.ConnectionReset
                        or SocketError.ConnectionAborted
                        or SocketError.Shutdown
                        or SocketError.NetworkReset
                }:
                    return Core.Reason.Reset;
                case TimeoutException or OperationCanceledException:
                    return Core.Reason.Timeout;
                case HttpRequestException request:
                    http ??= request.HttpRequestError;
                    break;
                case HttpIOException io:
                    http = io.HttpRequestError;
                    break;
            }
        }
        return http switch
        {
            HttpRequestError.NameResolutionError => Core.Reason.DnsError,
            HttpRequestError.SecureConnectionError => Core.Reason.TlsError,
            HttpRequestError.ConnectionError => Core.Reason.ConnectFailed,
            HttpRequestError.ConfigurationLimitExceeded => Core.Reason.HeaderTooLarge,
            HttpRequestError.ResponseEnded => inBody ? Core.Reason.TruncatedBody : Core.Reason.Reset,
            _ => inBody && error is IOException ? Core.Reason.Reset : Core.Reason.ProtocolError,
        };
    }
}
