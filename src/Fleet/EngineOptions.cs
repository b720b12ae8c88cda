// Where the engine is, and what may be said to it.

using System.Net;
using NATS.Client.Core;

namespace DataFreeKD.Fleet;

/// <summary>A NATS server with JetStream, and how to sign in there.</summary>
internal sealed record EngineOptions
{
    /// <summary>The environment variable of <see cref="Login"/>: an argument would stand in the list of processes.</summary>
    public const string LoginVariable = "DFKD_ENGINE_LOGIN";

    private const string Plain = "nats",
        Tls = "tls";

    /// <summary><c>nats://host:4222</c> or <c>tls://host:4222</c>; the servers of a cluster with commas between.</summary>
    public required string Address { get; init; }

    /// <summary>A NATS credentials file (<c>.creds</c>); null for none.</summary>
    public string? Credentials { get; init; }

    /// <summary><c>user:password</c>, or a token; null for none. It is printed nowhere.</summary>
    public string? Login { get; init; }

    /// <summary>Refuses addresses that cannot be meant, and those that all the network could read along or write to.</summary>
    /// <exception cref="EngineException">Says which.</exception>
    public void Validate()
    {
        foreach (string address in Address.Split(','))
        {
            if (
                !Uri.TryCreate(address.Trim(), UriKind.Absolute, out Uri? uri)
                || uri.Scheme is not (Plain or Tls)
                || uri.Host.Length == 0
                || uri.PathAndQuery is not ("" or "/")
            )
                throw Bad("give nats://HOST:4222, or tls://HOST:4222");
            if (uri.UserInfo.Length > 0)
                throw Bad(
                    $"an address with a user name stands in the list of processes; give user:password, or a token, in {LoginVariable}"
                );
            if (uri.Scheme == Plain && !IsLoopback(uri.Host) && Credentials is null && string.IsNullOrEmpty(Login))
                throw Bad(
                    $"on the network anyone could queue work there; give tls://, Credentials FILE, or user:password in {LoginVariable}"
                );
        }
        if (Credentials is { } file && !File.Exists(file))
            throw new EngineException($"Credentials {file}: there is no such file") { Options = [nameof(Credentials)] };
        if (Credentials is not null && !string.IsNullOrEmpty(Login))
            throw new EngineException($"Credentials and {LoginVariable} are both given; leave one of them out")
            {
                Options = [nameof(Credentials)],
            };
    }

    private EngineException Bad(string why) => new($"Address {Shown}: {why}") { Options = [nameof(Address), nameof(Credentials)] };

    /// <summary>The address alone: a login is printed nowhere.</summary>
    public override string ToString() => Shown;

    /// <summary>The address as it may be printed.</summary>
    internal string Shown =>
        string.Join(
            ',',
            Address
                .Split(',')
                .Select(address =>
                    address.LastIndexOf('@') is >= 0 and var at
                        ? $"{address[..(address.IndexOf("//", StringComparison.Ordinal) is >= 0 and var start ? start + 2 : 0)]}{address[(at + 1)..]}"
                        : address
                )
        );

    internal NatsOpts ToClient(string role) =>
        NatsOpts.Default with
        {
            Url = Address,
            Name = role,
            AuthOpts = Authentication,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            // A server that starts anew is found within a second or two.
            ReconnectWaitMin = TimeSpan.FromMilliseconds(200),
            ReconnectWaitMax = TimeSpan.FromSeconds(2),
            // A login that is changed while a run is at work ends nothing.
            IgnoreAuthErrorAbort = true,
        };

    private NatsAuthOpts Authentication =>
        Credentials is { } file ? new NatsAuthOpts { CredsFile = file }
        : string.IsNullOrEmpty(Login) ? NatsAuthOpts.Default
        : Login.IndexOf(':', StringComparison.Ordinal) is >= 0 and var at
            ? new NatsAuthOpts { Username = Login[..at], Password = Login[(at + 1)..] }
        : new NatsAuthOpts { Token = Login };

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address);
}
