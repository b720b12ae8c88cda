// Objects of an S3-compatible service: listed, read by ranges, written under conditions; and what its failures are told as.

using System.Text;
using DataFreeKD.Testing;

namespace DataFreeKD.Storage.Tests;

public sealed class BucketClientTests : IAsyncLifetime
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private FakeBucket bucket = null!;
    private BucketClient client = null!;

    public async ValueTask InitializeAsync()
    {
        bucket = await FakeBucket.Start();
        client = new BucketClient(Options);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await bucket.DisposeAsync();
    }

    private BucketOptions Options => new() { Endpoint = bucket.Endpoint, Anonymous = true };

    [Fact]
    public async Task A_listing_of_more_than_a_thousand_keys_comes_in_pages()
    {
        bucket.PageSize = 1000;
        for (int i = 0; i < 2500; i++)
            bucket.Objects[$"many/{i:D4}"] = [1, 2, 3];
        bucket.Objects["other"] = [];

        List<StoredObject> found = await List("s3://photos/many/");

        Assert.Equal(Enumerable.Range(0, 2500).Select(i => $"s3://photos/many/{i:D4}"), found.Select(one => one.Name.ToString()));
        Assert.All(found, one => Assert.Equal((3, FakeBucket.ETagOf([1, 2, 3])), (one.Length, one.ETag)));
        Assert.Equal(3, bucket.Requests.Count);
    }

    [Fact]
    public async Task A_flat_listing_enters_no_folder()
    {
        foreach (string key in (string[])["a/1", "a/2", "a/b/3", "a/b/4", "a/c/5", "a/z", "b"])
            bucket.Objects[key] = [];

        Assert.Equal(["a/1", "a/2", "a/z"], (await List("s3://photos/a/", flat: true)).Select(one => one.Name.Key));
    }

    [Fact]
    public async Task An_object_is_found_with_its_length_and_mark_and_none_is_null()
    {
        bucket.Objects["there"] = new byte[5000];

        StoredObject? there = await client.Find(new BucketName("photos", "there"), Cancel);

        Assert.Equal(new StoredObject(new BucketName("photos", "there"), 5000, FakeBucket.ETagOf(new byte[5000])), there);
        Assert.Null(await client.Find(new BucketName("photos", "not"), Cancel));
    }

    [Fact]
    public async Task A_range_is_one_request_of_just_its_bytes()
    {
        byte[] content = Noise(100_000);
        bucket.Objects["o"] = content;
        StoredObject it = await client.Head(new BucketName("photos", "o"), Cancel);
        byte[] into = new byte[1234];

        await client.Read(it, 70_000, into, Cancel);

        Assert.Equal(content[70_000..71_234], into);
        Assert.Equal(new BucketRequest("GET", "o", 70_000, 71_233), Assert.Single(bucket.Requests, request => request.Method == "GET"));
    }

    [Fact]
    public async Task A_changed_object_is_refused_by_name()
    {
        bucket.Objects["o"] = Noise(1000);
        StoredObject it = await client.Head(new BucketName("photos", "o"), Cancel);
        lock (bucket.Objects)
            bucket.Objects["o"] = new byte[1000];

        StorageException error = await Assert.ThrowsAsync<StorageException>(() => client.Read(it, 0, new byte[10], Cancel));

        Assert.Equal(StorageFault.Changed, error.Fault);
        Assert.Contains("s3://photos/o has changed since it was looked at", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_continued_where_it_ended()
    {
        byte[] content = Noise(3000);
        bucket.Objects["o"] = content;
        StoredObject it = await client.Head(new BucketName("photos", "o"), Cancel);
        int cuts = 0;
        bucket.Fault = request => request.Method == "GET" && cuts++ < 2 ? new BucketFault(CutAfter: 1000) : null;
        byte[] into = new byte[3000];

        await client.Read(it, 0, into, Cancel);

        Assert.Equal(content, into);
        // What had been sent may be lost with the connection.
        long[] begun = [.. bucket.Requests.Where(request => request.Method == "GET").Select(request => request.From)];
        Assert.Equal(3, begun.Length);
        Assert.All(begun, from => Assert.Equal(0, from % 1000));
        Assert.Equal(begun.Order(), begun);
    }

    [Fact]
    public async Task A_body_that_always_breaks_off_is_given_up()
    {
        bucket.Objects["o"] = Noise(3000);
        StoredObject it = await client.Head(new BucketName("photos", "o"), Cancel);
        bucket.Fault = request => request.Method == "GET" ? new BucketFault(CutAfter: 0) : null;

        StorageException error = await Assert.ThrowsAsync<StorageException>(() => client.Read(it, 0, new byte[3000], Cancel));

        Assert.Equal(StorageFault.Unreachable, error.Fault);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData(500, "InternalError")]
    [InlineData(503, "SlowDown")]
    public async Task Failures_of_the_service_are_tried_again(int status, string code)
    {
        bucket.Objects["o"] = Noise(300);
        int failures = 0;
        bucket.Fault = _ => failures++ % 3 < 2 ? new BucketFault(status, code) : null;
        byte[] into = new byte[300];

        StoredObject it = await client.Head(new BucketName("photos", "o"), Cancel);
        await client.Read(it, 0, into, Cancel);

        Assert.Equal(bucket.Objects["o"], into);
        Assert.Equal(6, failures);
    }

    [Fact]
    public async Task A_service_that_fails_for_good_is_told_in_one_line()
    {
        bucket.Fault = _ => new BucketFault(500);
        using BucketClient impatient = new(Options, retries: 1);

        StorageException error = await Assert.ThrowsAsync<StorageException>(() => List("s3://photos/", impatient));

        Assert.Equal(StorageFault.Failing, error.Fault);
        Assert.Contains("s3://photos/ cannot be listed: the service answers 500", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, bucket.Requests.Count);
    }

    [Fact]
    public async Task A_service_that_is_silent_is_tried_again_and_then_given_up()
    {
        bucket.Fault = _ => new BucketFault(Silent: true);
        using BucketClient impatient = new(Options, retries: 1, patience: TimeSpan.FromMilliseconds(200));

        StorageException error = await Assert.ThrowsAsync<StorageException>(() => impatient.Head(new BucketName("photos", "o"), Cancel));

        Assert.Equal(StorageFault.Unreachable, error.Fault);
        Assert.Contains("does not answer (timeout); check Endpoint", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, bucket.Requests.Count);
    }

    [Fact]
    public async Task A_cancelled_request_is_cancelled_and_not_a_failure()
    {
        using CancellationTokenSource stop = new();
        bucket.Fault = _ =>
        {
            stop.Cancel();
            return new BucketFault(Silent: true);
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Head(new BucketName("photos", "o"), stop.Token));
    }

    [Theory]
    [InlineData("s3://photos/no", StorageFault.Missing, "there is no such object or bucket; check the name, Endpoint and Region")]
    [InlineData("s3://nowhere/x", StorageFault.Missing, "there is no such object or bucket; check the name, Endpoint and Region")]
    [InlineData("s3://closed/x", StorageFault.Denied, "access denied; check the credentials and Region, or give Anonymous")]
    [InlineData("s3://elsewhere/x", StorageFault.Other, "the bucket is in the region eu-central-1; give Region eu-central-1")]
    internal async Task What_cannot_be_read_says_why(string name, StorageFault fault, string said)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => client.Head(BucketName.Parse(name), Cancel));

        Assert.Equal($"{name} cannot be read: {said}", error.Message);
        Assert.Equal(fault, error.Fault);
    }

    [Fact]
    public async Task An_endpoint_that_nobody_listens_at_is_told()
    {
        using BucketClient nobody = new(Options with { Endpoint = new Uri("http://127.0.0.1:1") }, retries: 0);

        StorageException error = await Assert.ThrowsAsync<StorageException>(() => nobody.Head(new BucketName("photos", "o"), Cancel));

        Assert.StartsWith("s3://photos/o cannot be read: http://127.0.0.1:1 does not answer (", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("; check Endpoint", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_writers_of_a_new_object_one_wins()
    {
        BucketName name = new("photos", "part");

        string?[] tags = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => client.PutNew(name, new MemoryStream(Encoding.ASCII.GetBytes($"writer {i}")), Cancel))
        );

        string won = Assert.Single(tags, tag => tag is not null)!;
        Assert.Equal(FakeBucket.ETagOf(bucket.Objects["part"]), won);
    }

    [Fact]
    public async Task A_conflict_with_a_writer_under_way_is_tried_again()
    {
        int conflicts = 0;
        bucket.Fault = request => conflicts++ < 2 ? new BucketFault(409, "ConditionalRequestConflict") : null;

        Assert.NotNull(await client.PutNew(new BucketName("photos", "o"), new MemoryStream([1, 2]), Cancel));

        Assert.Equal(3, conflicts);
        Assert.Equal([1, 2], bucket.Objects["o"]);
    }

    [Fact]
    public async Task An_object_is_replaced_only_where_it_is_the_known_one()
    {
        BucketName name = new("photos", "o");
        string first = await client.Put(name, new MemoryStream([1]), Cancel);

        string? second = await client.PutOver(name, new MemoryStream([2]), first, Cancel);

        Assert.NotNull(second);
        Assert.Null(await client.PutOver(name, new MemoryStream([3]), first, Cancel));
        Assert.Equal([2], bucket.Objects["o"]);
        Assert.Null(await client.PutOver(new BucketName("photos", "none"), new MemoryStream([3]), first, Cancel));
        Assert.Equal(await client.Put(name, new MemoryStream([4]), Cancel), FakeBucket.ETagOf([4]));
    }

    [Fact]
    public async Task A_content_is_sent_again_from_where_it_began()
    {
        int failures = 0;
        bucket.Fault = _ => failures++ < 2 ? new BucketFault(500) : null;
        using MemoryStream content = new([9, 9, 1, 2, 3]) { Position = 2 };

        await client.Put(new BucketName("photos", "o"), content, Cancel);

        Assert.Equal([1, 2, 3], bucket.Objects["o"]);
    }

    [Fact]
    public async Task Deleting_what_is_not_there_is_as_good()
    {
        bucket.Objects["o"] = [1];
        await client.Delete(new BucketName("photos", "o"), Cancel);
        await client.Delete(new BucketName("photos", "o"), Cancel);

        Assert.Empty(bucket.Objects);
    }

    [Fact]
    public async Task Signed_writes_go_through_and_no_secret_is_in_a_message()
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "sesame");
        try
        {
            using BucketClient signing = new(Options with { Anonymous = false });
            Assert.NotNull(await signing.PutNew(new BucketName("closed", "o"), new MemoryStream(Noise(200_000)), Cancel));
            StoredObject it = await signing.Head(new BucketName("closed", "o"), Cancel);
            byte[] into = new byte[200_000];
            await signing.Read(it, 0, into, Cancel);
            Assert.Equal(Noise(200_000), into);

            bucket.Forbidden.Add("o");
            StorageException error = await Assert.ThrowsAsync<StorageException>(() => signing.Read(it, 0, into, Cancel));
            Assert.DoesNotContain("AKIDEXAMPLE", error.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("sesame", error.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", null);
            Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", null);
        }
    }

    [Fact]
    public void The_environments_endpoint_is_taken_where_none_is_given()
    {
        Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9001");
        try
        {
            using BucketClient one = new(new BucketOptions { Anonymous = true });
            Assert.Equal(new Uri("http://127.0.0.1:9001"), one.Endpoint);
            Assert.Equal("http://127.0.0.1:9001/photos/a%20b", one.Sign(new BucketName("photos", "a b")).AbsoluteUri);
            Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_S3", "nonsense");
            Assert.Throws<StorageException>(() => new BucketClient(new BucketOptions { Anonymous = true }));
        }
        finally
        {
            Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL_S3", null);
        }
    }

    private async Task<List<StoredObject>> List(string start, BucketClient? by = null, bool flat = false)
    {
        List<StoredObject> found = [];
        await foreach (StoredObject one in (by ?? client).List(BucketName.Parse(start), Cancel, flat))
            found.Add(one);
        return found;
    }

    private static byte[] Noise(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
