// Which servers are who they say: the system's authorities, and those that the user trusts besides.

using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DataFreeKD.Crawler.Fetching;

/// <summary>Judges certificates, and says what is wrong with one.</summary>
internal sealed class Certificates
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly X509Certificate2Collection own = [];

    /// <param name="caFile">A PEM file of further authorities; null for none.</param>
    /// <exception cref="CrawlException">The file cannot be read, or holds no certificate.</exception>
    public Certificates(string? caFile)
    {
        if (caFile is null)
            return;
        try
        {
            own.ImportFromPemFile(caFile);
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new CrawlException($"CaFile {caFile}: {error.Message.TrimEnd('.')}; give a PEM file of certificates")
            {
                Options = [nameof(WebOptions.CaFile)],
            };
        }
        if (own.Count == 0)
            throw new CrawlException($"CaFile {caFile}: holds no certificate; give a PEM file of certificates")
            {
                Options = [nameof(WebOptions.CaFile)],
            };
    }

    /// <summary>How TLS connections are made.</summary>
    public SslClientAuthenticationOptions Options() =>
        new()
        {
            CertificateChainPolicy = Policy(),
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                Refusal(certificate as X509Certificate2, chain, errors) is { } reason ? throw new FetchException(reason) : true,
        };

    private string? Refusal(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
            return null;
        if (certificate is null || chain is null)
            return Reason.TlsError;
        X509ChainStatusFlags status = errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors)
            ? Status(certificate, chain)
            : X509ChainStatusFlags.NoError;
        if ((status & ~X509ChainStatusFlags.NotTimeValid) != 0)
            return Reason.CertificateUntrusted;
        if (status != 0)
            return Reason.CertificateExpired;
        return errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? Reason.CertificateWrongName : null;
    }

    private X509ChainStatusFlags Status(X509Certificate2 certificate, X509Chain chain)
    {
        X509ChainStatusFlags system = All(chain);
        if (own.Count == 0)
            return system;
        using X509Chain besides = new() { ChainPolicy = Policy() };
        besides.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        besides.ChainPolicy.CustomTrustStore.AddRange(own);
        besides.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
        besides.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        besides.Build(certificate);
        X509ChainStatusFlags trusted = All(besides);
        // Of two judgements the kinder: an authority of either kind is enough.
        return (trusted & ~X509ChainStatusFlags.NotTimeValid) == 0 ? trusted : system;
    }

    private static X509ChainStatusFlags All(X509Chain chain) =>
        chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);

    // A certificate may name addresses to fetch its issuer and its revocations from: a server could have us ask anyone for anything.
    private static X509ChainPolicy Policy() => new() { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck };
}
