// Classifies uploaded images with a model that `dfkd export --onnx` wrote.
// Usage: ClassifyService MODEL.onnx [--urls http://127.0.0.1:8080] [--max-pixels N] [--max-bytes N] [--at-work N] [--waiting N]
//   curl --data-binary @photo.jpg http://127.0.0.1:8080/classify

using System.Threading.RateLimiting;
using DataFreeKD.ClassifyService;
using DataFreeKD.Imaging;
using Microsoft.AspNetCore.RateLimiting;

const string Decoding = "decoding";

if (args.Length == 0 || args[0].StartsWith('-'))
{
    Console.Error.WriteLine("error: usage: ClassifyService MODEL.onnx [--urls http://127.0.0.1:8080]");
    return 2;
}
Classifier classifier;
try
{
    classifier = Classifier.Load(args[0]);
}
catch (ClassifierException problem)
{
    Console.Error.WriteLine($"error: {problem.Message}");
    return 2;
}

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args[1..]);
UploadLimits most = UploadLimits.Of(builder.Configuration);
DecodeLimits limits = new() { MaxBytes = most.Bytes, MaxPixels = most.Pixels };
builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = most.Bytes);
builder.Services.AddSingleton(classifier);

// A file of a few bytes may claim millions of pixels, and a hundred clients may send one at once: few are at work, some wait, the rest is
// told to come again.
builder.Services.AddRateLimiter(gate =>
{
    gate.AddConcurrencyLimiter(Decoding, work =>
        (work.PermitLimit, work.QueueLimit, work.QueueProcessingOrder) = (most.AtWork, most.Waiting, QueueProcessingOrder.OldestFirst)
    );
    gate.RejectionStatusCode = StatusCodes.Status503ServiceUnavailable;
    gate.OnRejected = (refused, _) =>
    {
        refused.HttpContext.Response.Headers.RetryAfter = "1";
        return ValueTask.CompletedTask;
    };
});
WebApplication app = builder.Build();
app.UseRateLimiter();

app.MapGet("/health", (Classifier model) => Results.Ok(
        new
        {
            status = "ok",
            model.Architecture,
            model.Classes,
        }
    ));

app.MapPost("/classify", async (HttpRequest request, Classifier model, CancellationToken cancel) =>
    {
        using MemoryStream body = new();
        await request.Body.CopyToAsync(body, cancel);
        DecodeResult decoded = ImageDecoder.Decode(body.ToArray(), limits);
        return decoded.Image is { } image
            ? Results.Ok(new { top = model.Classify(image, 5) })
            : Results.BadRequest(new { reason = decoded.Reason });
    })
    .RequireRateLimiting(Decoding);

await app.RunAsync();
return 0;
