// Everything that a web server can do wrong, by kind, and the reason with which a crawler must end it.

using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using DataFreeKD.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace DataFreeKD.Crawler.Tests.Web;

/// <summary>Answers for <c>/kind/number</c>. Shared with bench/CrawlWeb.</summary>
internal static class Faults
{
    /// <summary>Kinds of addresses, and how each must end; "raw:" ones are answered by <see cref="Raw"/>. A kind that is no fault is an
    /// image.</summary>
    public static IReadOnlyList<(string Kind, string Expected)> Kinds { get; } =
    [
        ("ok", "ok"),
        ("404", "failed/http_404"),
        ("ok", "ok"),
        ("hang", "failed/timeout"),
        ("ok", "ok"),
        ("html", "rejected/not_an_image"),
        ("r-once", "ok"),
        ("bomb", "failed/too_large"),
        ("ok", "ok"),
        ("reset", "failed/reset"),
        ("svg", "rejected/svg"),
        ("ok", "ok"),
        ("raw:cut", "failed/truncated_body"),
        ("ok", "ok"),
        ("500", "failed/http_500"),
        ("noai", "rejected/noai"),
        ("ok", "ok"),
        ("slow", "failed/timeout"),
        ("private", "rejected/robots"),
        ("ok", "ok"),
        ("raw:bighead", "failed/header_too_large"),
        ("r-loop", "failed/redirect_loop"),
        ("heals", "ok"),
        ("huge", "failed/too_many_pixels"),
        ("r-many", "failed/too_many_redirects"),
        ("ok", "ok"),
        ("raw:garbage", "failed/protocol_error"),
        ("r-ftp", "failed/bad_redirect"),
        ("gzip", "ok"),
        ("badgzip", "failed/bad_encoding"),
        ("long", "failed/too_large"),
        ("ok", "ok"),
        ("void", "failed/empty"),
        ("noise", "failed/unknown_format"),
        ("busy", "ok"),
        ("small", "rejected/too_small"),
        ("r-inner", "rejected/address_refused"),
        ("endless", "failed/too_large"),
        ("raw:mute", "failed/reset"),
        ("raw:short", "failed/truncated"),
        ("bad-url", "failed/bad_url"),
        ("501", "failed/http_501"),
        ("hugepng", "failed/too_many_pixels"),
        ("noimageai", "rejected/noai"),
        ("noindex", "rejected/noindex"),
        ("tdm", "rejected/tdm_reserved"),
        ("410", "failed/http_410"),
    ];

    /// <summary>Unpacks to more than any crawler takes by default.</summary>
    private const int BombBytes = 65 << 20;

    private static readonly byte[] Bomb = Gzip(new byte[BombBytes]);

    // 60,000 x 60,000 pixels in a header with a right checksum.
    private static readonly byte[] HugePng = Convert.FromHexString(
        "89504e470d0a1a0a0000000d494844520000ea600000ea6008020000000fb0e2150000000c49444154789c6360a03d00000064000186643c35"
    );

    /// <summary>Answers robots.txt as the start of the host's name says.</summary>
    public static async Task Robots(HttpContext context, string host)
    {
        string kind = string.Concat(host.TakeWhile(char.IsAsciiLetter));
        HttpResponse response = context.Response;
        switch (kind)
        {
            case "moody":
                response.StatusCode = 503;
                break;
            case "bare":
                response.StatusCode = 404;
                break;
            case "torn":
                context.Abort();
                break;
            case "looping":
                response.Redirect("/robots.txt");
                break;
            case "garbled":
                await response.Body.WriteAsync(NoiseBitmap.Of(40, 40, 1));
                break;
            default:
                await response.WriteAsync(
                    kind switch
                    {
                        "closed" => "User-agent: *\nDisallow: /\n",
                        "named" => "User-agent: *\nAllow: /\n\nUser-agent: other\nUser-agent: datafreekd\nDisallow: /*k/\n",
                        // What stands behind the first 500 KiB does not count (RFC 9309, 2.5).
                        "vast" => $"User-agent: *\nDisallow: /private/\n#{new string('x', 600 << 10)}\nDisallow: /\n",
                        _ => "User-agent: *\nDisallow: /private/\n",
                    }
                );
                break;
        }
    }

    /// <summary>Answers <paramref name="path"/>.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path"><c>/kind/number</c>.</param>
    /// <param name="visit">1 for the first request of this address.</param>
    /// <param name="image">The image of a number.</param>
    /// <param name="elsewhere">Another host, as <c>http://host:port</c>.</param>
    public static async Task Answer(HttpContext context, string path, int visit, Func<int, byte[]> image, string elsewhere)
    {
        string[] parts = path.Split('/');
        if (parts[1] == ".well-known")
        {
            context.Response.StatusCode = 404;
            return;
        }
        (string kind, int seed) = (parts[1], int.Parse(parts[2], CultureInfo.InvariantCulture));
        HttpResponse response = context.Response;
        switch (kind)
        {
            case "hang":
                await Silence(context);
                break;
            case "slow":
                byte[] whole = image(seed);
                response.ContentLength = whole.Length;
                await response.Body.WriteAsync(whole.AsMemory(0, 60));
                await response.Body.FlushAsync();
                await Silence(context);
                break;
            case "reset":
                context.Abort();
                break;
            case "r-once":
                response.Redirect($"{elsewhere}/ok/{seed}");
                break;
            case "r-loop":
                response.Redirect($"/r-loop2/{seed}");
                break;
            case "r-loop2":
                response.Redirect($"/r-loop/{seed}");
                break;
            case "r-many":
                response.Redirect($"/r-many/{seed}/{parts.Length}{string.Concat(Enumerable.Repeat("/x", parts.Length - 2))}");
                break;
            case "r-ftp":
                response.Headers.Location = "ftp://files.test/a.jpg";
                response.StatusCode = 302;
                break;
            case "r-inner":
                response.Redirect("http://169.254.169.254/latest/meta-data/");
                break;
            case "404" or "410" or "500" or "501" or "403":
                response.StatusCode = int.Parse(kind, CultureInfo.InvariantCulture);
                await response.WriteAsync("no");
                break;
            case "heals" when visit == 1:
                response.StatusCode = 503;
                break;
            case "busy" when visit == 1:
                response.StatusCode = 429;
                response.Headers.RetryAfter = "1";
                break;
            case "bomb":
                response.Headers.ContentEncoding = "gzip";
                await response.Body.WriteAsync(Bomb);
                break;
            case "gzip":
                response.Headers.ContentEncoding = "gzip";
                await response.Body.WriteAsync(Gzip(image(seed)));
                break;
            case "badgzip":
                response.Headers.ContentEncoding = "gzip";
                await response.Body.WriteAsync(image(seed));
                break;
            case "long":
                response.ContentLength = 1L << 40;
                await response.Body.WriteAsync(image(seed));
                await Silence(context);
                break;
            case "endless":
                byte[] block = new byte[64 << 10];
                for (int sent = 0; sent < BombBytes && !context.RequestAborted.IsCancellationRequested; sent += block.Length)
                    await response.Body.WriteAsync(block);
                break;
            case "html":
                response.ContentType = "image/jpeg";
                await response.WriteAsync("<!DOCTYPE html><html><body>Sorry</body></html>");
                break;
            case "svg":
                response.ContentType = "image/png";
                await response.WriteAsync("<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>");
                break;
            case "huge":
                byte[] bitmap = NoiseBitmap.Of(20, 16, seed);
                BitConverter.TryWriteBytes(bitmap.AsSpan(18), 60_000);
                BitConverter.TryWriteBytes(bitmap.AsSpan(22), 60_000);
                await response.Body.WriteAsync(bitmap);
                break;
            case "hugepng":
                await response.Body.WriteAsync(HugePng);
                break;
            case "void":
                break;
            case "noise":
                await response.WriteAsync("\u0001 no image at all " + seed);
                break;
            case "small":
                await response.Body.WriteAsync(NoiseBitmap.Of(30, 4, seed));
                break;
            default:
                (string? header, string value) = kind switch
                {
                    "noai" => ("X-Robots-Tag", "noai"),
                    "noimageai" => ("X-Robots-Tag", "otherbot: noindex, datafreekd: noimageai"),
                    "noindex" => ("X-Robots-Tag", "max-snippet:0, noindex"),
                    "tdm" => ("tdm-reservation", "1"),
                    _ => (null, ""),
                };
                if (header is not null)
                    response.Headers[header] = value;
                byte[] body = image(seed);
                response.ContentType = "text/html";
                response.ContentLength = body.Length;
                await response.Body.WriteAsync(body);
                break;
        }
    }

    /// <summary>Answers that no proper server gives, in raw bytes.</summary>
    public static async Task Raw(ConnectionContext connection)
    {
        while (true)
        {
            string? path = await RequestPath(connection);
            if (path is null)
                return;
            byte[] image = NoiseBitmap.Of(20, 16, int.TryParse(path.Split('/')[^1], out int seed) ? seed : 0);
            (string head, byte[] body) = path.Split('/')[1] switch
            {
                "cut" => ($"HTTP/1.1 200 OK\r\nContent-Length: {image.Length}\r\n\r\n", image[..500]),
                "short" => ("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", image),
                "bighead" => ($"HTTP/1.1 200 OK\r\nX-Much: {new string('a', 64 << 10)}\r\nContent-Length: {image.Length}\r\n\r\n", image),
                "garbage" => ("SSH-2.0-OpenSSH_9.9\r\n\r\n", []),
                "mute" => ("", []),
                _ => ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Array.Empty<byte>()),
            };
            await connection.Transport.Output.WriteAsync(Encoding.Latin1.GetBytes(head));
            await connection.Transport.Output.WriteAsync(body);
            if (!head.Contains(" 404 ", StringComparison.Ordinal))
                return;
        }
    }

    // Until the other side has had enough.
    private static async Task Silence(HttpContext context)
    {
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        context.Abort();
    }

    private static async Task<string?> RequestPath(ConnectionContext connection)
    {
        while (true)
        {
            ReadResult read = await connection.Transport.Input.ReadAsync();
            string text = Encoding.Latin1.GetString(read.Buffer);
            if (text.Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                connection.Transport.Input.AdvanceTo(read.Buffer.End);
                return text.Split(' ')[1];
            }
            connection.Transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
                return null;
        }
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return packed.ToArray();
    }
}
