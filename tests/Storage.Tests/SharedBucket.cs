// The fake service as the one that a process asks for s3:// paths.

using DataFreeKD.Storage;

namespace DataFreeKD.Testing;

/// <summary>Starts it, and names it to the process until it is disposed of. Tests with one belong to the collection
/// <see cref="Collection"/>, as there is one such service a process.</summary>
internal sealed class SharedBucket : IAsyncDisposable
{
    /// <summary>The collection of tests that have one.</summary>
    public const string Collection = "one bucket a process";

    private SharedBucket(FakeBucket service) => Service = service;

    /// <summary>The service.</summary>
    public FakeBucket Service { get; }

    /// <summary>Bytes of objects that were asked for.</summary>
    public long BytesAsked =>
        Service.Requests.Where(request => request is { Method: "GET", To: not null }).Sum(request => request.To!.Value - request.From + 1);

    /// <summary>Requests of a method.</summary>
    public int Count(string method) => Service.Requests.Count(request => request.Method == method);

    public static async Task<SharedBucket> Start()
    {
        FakeBucket service = await FakeBucket.Start();
        service.PageSize = 1000;
        SharedStorage.Options = new BucketOptions { Endpoint = service.Endpoint, Anonymous = true };
        return new SharedBucket(service);
    }

    /// <summary>Puts every file of a folder under its name.</summary>
    public void PutFolder(string folder, string prefix = "")
    {
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            Service.Objects[prefix + Path.GetRelativePath(folder, file).Replace('\\', '/')] = File.ReadAllBytes(file);
    }

    public async ValueTask DisposeAsync()
    {
        SharedStorage.Options = new BucketOptions();
        await Service.DisposeAsync();
    }
}
