// Servers must be who they say.

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace DataFreeKD.Crawler.Tests.Web;

[Collection("web")]
public sealed class CertificateTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    [Theory]
    [InlineData("good", true, "ok")]
    [InlineData("good", false, "failed/certificate_untrusted")]
    [InlineData("expired", true, "failed/certificate_expired")]
    [InlineData("expired", false, "failed/certificate_untrusted")]
    [InlineData("other", true, "failed/certificate_wrong_name")]
    [InlineData("alone", true, "failed/certificate_untrusted")]
    public async Task A_certificate_is_accepted_from_a_trusted_authority_alone(string host, bool trusted, string end)
    {
        using Authority authority = new();
        await using WebApplication server = await Start(authority);
        using WebWorld world = new();
        File.WriteAllText(world["ca.pem"], authority.Pem);
        if (trusted)
            world.Options = world.Options with { CaFile = world["ca.pem"] };

        await world.Crawl(Url(server, host, "/image"));

        Assert.Equal([end], world.Ends());
    }

    [Fact]
    public async Task A_redirect_from_https_to_http_is_followed()
    {
        await using FaultyWeb web = await FaultyWeb.Start();
        using Authority authority = new();
        await using WebApplication server = await Start(authority, web.Url("one", "/ok/1"));
        using WebWorld world = new();
        File.WriteAllText(world["ca.pem"], authority.Pem);
        world.Options = world.Options with { CaFile = world["ca.pem"] };

        await world.Crawl(Url(server, "good", "/moved"));

        Assert.Equal(["ok"], world.Ends());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("no certificate")]
    public async Task A_file_without_authorities_is_refused_before_anything_is_fetched(string? text)
    {
        using WebWorld world = new();
        if (text is not null)
            File.WriteAllText(world["ca.pem"], text);
        world.Options = world.Options with { CaFile = world["ca.pem"] };

        CrawlException error = await Assert.ThrowsAsync<CrawlException>(() => world.Crawl("https://good.test/"));

        Assert.Contains("ca.pem", error.Message, StringComparison.Ordinal);
    }

    private static string Url(WebApplication server, string host, string path) =>
        $"https://{host}.test:{new Uri(server.Urls.Single()).Port}{path}";

    private static async Task<WebApplication> Start(Authority authority, string elsewhere = "")
    {
        Dictionary<string, X509Certificate2> certificates = new()
        {
            ["good.test"] = authority.Issue("good.test", Now.AddDays(1)),
            ["expired.test"] = authority.Issue("expired.test", Now.AddHours(-1)),
            ["other.test"] = authority.Issue("someone-else.test", Now.AddDays(1)),
            ["alone.test"] = Authority.Alone("alone.test"),
        };
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
                listen.UseHttps(https => https.ServerCertificateSelector = (_, name) => certificates[name!])
            )
        );
        WebApplication app = builder.Build();
        app.Run(context =>
        {
            switch (context.Request.Path)
            {
                case "/image":
                    return context.Response.Body.WriteAsync(CrawlWorld.Bitmap(20, 16, 1)).AsTask();
                case "/moved":
                    context.Response.Redirect(elsewhere);
                    return Task.CompletedTask;
                default:
                    context.Response.StatusCode = 404;
                    return Task.CompletedTask;
            }
        });
        await app.StartAsync();
        return app;
    }

    private sealed class Authority : IDisposable
    {
        private readonly X509Certificate2 root;

        public Authority()
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            CertificateRequest request = new("CN=Test authority", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            root = request.CreateSelfSigned(Now.AddDays(-2), Now.AddDays(2));
        }

        public string Pem => root.ExportCertificatePem();

        public X509Certificate2 Issue(string name, DateTimeOffset until)
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using X509Certificate2 certificate = Request(name, key).Create(root, Now.AddDays(-1), until, RandomNumberGenerator.GetBytes(8));
            using X509Certificate2 both = certificate.CopyWithPrivateKey(key);
            return X509CertificateLoader.LoadPkcs12(both.Export(X509ContentType.Pkcs12), null);
        }

        public static X509Certificate2 Alone(string name)
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using X509Certificate2 certificate = Request(name, key).CreateSelfSigned(Now.AddDays(-1), Now.AddDays(1));
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        }

        public void Dispose() => root.Dispose();

        private static CertificateRequest Request(string name, ECDsa key)
        {
            SubjectAlternativeNameBuilder names = new();
            names.AddDnsName(name);
            CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(names.Build());
            return request;
        }
    }
}
