// Opens connections: the address is checked at the moment of connecting, and the checked address itself is connected to.

using System.Net;
using System.Net.Sockets;
using DataFreeKD.Crawler.Safety;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>The only way to a socket. A name that changes its address between check and connection (DNS rebinding) gains nothing, as there
/// is no second look-up.</summary>
internal sealed class ConnectGuard(AddressPolicy policy, Func<string, CancellationToken, Task<IPAddress[]>>? resolve, TimeSpan timeout)
{
    /// <summary>Addresses of one name that are tried.</summary>
    private const int MaxAddresses = 4;

    // The system's resolver blocks a thread a look-up: without a bound, thousands of names would starve everything else and themselves.
    private static readonly SemaphoreSlim Lookups = new(32);

    public async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        IPAddress[] found = await Addresses(context.DnsEndPoint.Host, cancel).ConfigureAwait(false);
        IPAddress[] allowed = [.. found.Where(address => policy.Refusal(address) is null).Take(MaxAddresses)];
        if (allowed.Length == 0)
            throw new FetchException(found.Length == 0 ? Reason.DnsError : Reason.AddressRefused);

        // One address that swallows packets must not use up the time of the others.
        TimeSpan share = timeout / allowed.Length;
        for (int i = 0; ; i++)
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(share);
            Socket socket = new(allowed[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(allowed[i], context.DnsEndPoint.Port), limit.Token).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                if (i + 1 < allowed.Length && !cancel.IsCancellationRequested)
                    continue;
                bool late = error is OperationCanceledException or SocketException { SocketErrorCode: SocketError.TimedOut };
                throw new FetchException(late ? Reason.Timeout : Reason.ConnectFailed, error);
            }
        }
    }

    private async Task<IPAddress[]> Addresses(string host, CancellationToken cancel)
    {
        if (IPAddress.TryParse(host, out IPAddress? literal))
            return [literal];
        try
        {
            if (resolve is not null)
                return await resolve(host, cancel).ConfigureAwait(false);
            await Lookups.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                return await Dns.GetHostAddressesAsync(host, cancel).ConfigureAwait(false);
            }
            finally
            {
                Lookups.Release();
            }
        }
        catch (Exception error) when (error is SocketException or ArgumentException or OperationCanceledException)
        {
            throw new FetchException(Reason.DnsError, error);
        }
    }
}
