// Classifies uploaded images with a model that `dfkd export --onnx` wrote.
// Usage: ClassifyService MODEL.onnx [--urls http://127.0.0.1:8080]
//   curl --data-binary @photo.jpg http://127.0.0.1:8080/classify

using DataFreeKD.ClassifyService;
using DataFreeKD.Imaging;

const int MostBytes = 32 << 20;

// A file of a few bytes may claim a picture of a hundred million pixels, and a hundred clients may send one at once: what is decoded at a time is bounded.
DecodeLimits limits = new() { MaxBytes = MostBytes, MaxPixels = 25_000_000 };
using SemaphoreSlim atWork = new(Environment.ProcessorCount);

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
builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = MostBytes);
builder.Services.AddSingleton(classifier);
WebApplication app = builder.Build();

app.MapGet("/health", (Classifier model) => Results.Ok(new { status = "ok", model.Architecture, model.Classes }));

app.MapPost("/classify", async (HttpRequest request, Classifier model, CancellationToken cancel) =>
{
    await atWork.WaitAsync(cancel);
    try
    {
        using MemoryStream body = new();
        await request.Body.CopyToAsync(body, cancel);
        DecodeResult decoded = ImageDecoder.Decode(body.ToArray(), limits);
        return decoded.Image is { } image ? Results.Ok(new { top = model.Classify(image, 5) }) : Results.BadRequest(new { reason = decoded.Reason });
    }
    finally
    {
        atWork.Release();
    }
});

await app.RunAsync();
return 0;
