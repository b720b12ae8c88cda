// What a server off the loopback has: a certificate of a private authority, and accounts whose users sign in by .creds files.

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using NATS.NKeys;

namespace DataFreeKD.Fleet.Tests;

/// <summary>A certificate of 127.0.0.1 by an authority made for one test.</summary>
internal static class ServerIdentity
{
    /// <summary>Writes <c>ca.pem</c>, <c>server.pem</c> and <c>server-key.pem</c>.</summary>
    public static void WriteCertificates(string folder)
    {
        using ECDsa authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256),
            serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset from = DateTimeOffset.UtcNow.AddDays(-1),
            to = from.AddDays(30);
        CertificateRequest authority = new("CN=test authority", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authority.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(authority.PublicKey, false));
        using X509Certificate2 root = authority.CreateSelfSigned(from, to);
        CertificateRequest server = new("CN=127.0.0.1", serverKey, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        server.CertificateExtensions.Add(names.Build());
        server.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        using X509Certificate2 certificate = server.Create(root, from, to, [1, 2, 3, 4]);
        File.WriteAllText(Path.Combine(folder, "ca.pem"), root.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "server.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "server-key.pem"), serverKey.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Writes <c>accounts.conf</c> for a server with an operator, and <c>worker.creds</c> and <c>stranger.creds</c>: a user of its
    /// account, and one of an account that it does not know.</summary>
    public static void WriteAccounts(string folder)
    {
        using KeyPair theOperator = KeyPair.CreatePair(PrefixByte.Operator),
            system = KeyPair.CreatePair(PrefixByte.Account),
            account = KeyPair.CreatePair(PrefixByte.Account),
            unknown = KeyPair.CreatePair(PrefixByte.Account);
        string text = $$"""
            operator: {{Signed(theOperator, theOperator, "operator", new JsonObject { ["system_account"] = system.GetPublicKey() })}}
            system_account: {{system.GetPublicKey()}}
            resolver: MEMORY
            resolver_preload: {
              {{system.GetPublicKey()}}: {{Signed(theOperator, system, "account", new JsonObject { ["limits"] = Limits(0) })}}
              {{account.GetPublicKey()}}: {{Signed(theOperator, account, "account", new JsonObject { ["limits"] = Limits(-1) })}}
            }
            """;
        File.WriteAllText(Path.Combine(folder, "accounts.conf"), text);
        WriteUser(Path.Combine(folder, "worker.creds"), account);
        WriteUser(Path.Combine(folder, "stranger.creds"), unknown);
    }

    private static void WriteUser(string path, KeyPair account)
    {
        using KeyPair user = KeyPair.CreatePair(PrefixByte.User);
        string token = Signed(
            account,
            user,
            "user",
            new JsonObject
            {
                ["subs"] = -1,
                ["data"] = -1,
                ["payload"] = -1,
                ["pub"] = new JsonObject(),
                ["sub"] = new JsonObject(),
            }
        );
        File.WriteAllText(
            path,
            $"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{user.GetSeed()}\n------END USER NKEY SEED------\n"
        );
    }

    private static JsonObject Limits(long storage) =>
        new()
        {
            ["subs"] = -1,
            ["data"] = -1,
            ["payload"] = -1,
            ["imports"] = -1,
            ["exports"] = -1,
            ["wildcards"] = true,
            ["conn"] = -1,
            ["leaf"] = -1,
            ["mem_storage"] = storage,
            ["disk_storage"] = storage,
            ["streams"] = storage,
            ["consumer"] = storage,
        };

    // A JSON Web Token of NATS: signed by Ed25519 keys that are written in base 32.
    private static string Signed(KeyPair issuer, KeyPair subject, string type, JsonObject claims)
    {
        claims["type"] = type;
        claims["version"] = 2;
        JsonObject body = new()
        {
            ["jti"] = subject.GetPublicKey(),
            ["iat"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
            ["iss"] = issuer.GetPublicKey(),
            ["name"] = type,
            ["sub"] = subject.GetPublicKey(),
            ["nats"] = claims,
        };
        string signed = $"{Base64("""{"typ":"JWT","alg":"ed25519-nkey"}""")}.{Base64(body.ToJsonString())}";
        byte[] signature = new byte[64];
        issuer.Sign(Encoding.ASCII.GetBytes(signed), signature);
        return $"{signed}.{System.Buffers.Text.Base64Url.EncodeToString(signature)}";
    }

    private static string Base64(string text) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
