// Inputs on S3-compatible storage: the same as their files on this machine, by few requests, and never a mix of two contents.

using System.Formats.Tar;
using System.IO.Compression;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Storage;
using DataFreeKD.Testing;

namespace DataFreeKD.Imaging.Tests;

[CollectionDefinition(SharedBucket.Collection, DisableParallelization = true)]
public sealed class OneBucketCollection;

[Collection(SharedBucket.Collection)]
public sealed class BucketInputTests : IAsyncLifetime
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private readonly TempFolder folder = new();
    private SharedBucket bucket = null!;

    public async ValueTask InitializeAsync() => bucket = await SharedBucket.Start();

    public async ValueTask DisposeAsync()
    {
        folder.Dispose();
        await bucket.DisposeAsync();
    }

    [Theory]
    [InlineData("a.tar")]
    [InlineData("a.tar.gz")]
    [InlineData("a.zip")]
    public void An_archive_gives_what_its_copy_on_this_machine_gives(string name)
    {
        Write(name, 40, 3000);
        bucket.PutFolder(folder.Path, "shards/");

        Assert.Equal(Local(folder[name], ImageInputs.Enumerate(folder[name], null, Cancel)), Remote($"s3://photos/shards/{name}"));
        Assert.Equal(
            ImageInputs
                .Paths(folder[name], null, Cancel)
                .Select(path => path.Replace(folder.Path, "s3://photos/shards", StringComparison.Ordinal)),
            ImageInputs.Paths($"s3://photos/shards/{name}", null, Cancel)
        );
        string[] members =
        [
            .. Enumerable.Range(0, 40).Reverse().Select(i => $"s3://photos/shards/{name}::{i:D4}.jpg"),
            $"s3://photos/shards/{name}::none",
        ];
        ImageInput[] read = [.. ImageInputs.Read(members, null, Cancel)];
        Assert.Equal(members, read.Select(one => one.Path));
        Assert.All(read[..40].Index(), one => Assert.Equal(Member(39 - one.Index, 3000), one.Item.Bytes));
        Assert.Equal("not_found", read[40].Reason);
    }

    [Fact]
    public void A_prefix_gives_archives_and_images_in_the_order_of_keys()
    {
        Write("b.tar", 2, 100);
        Write("c.tgz", 2, 100);
        File.WriteAllText(folder["d.jpg"], "an image");
        File.WriteAllText(folder["notes.md"], "none");
        bucket.PutFolder(folder.Path, "pool/");
        bucket.Service.Objects["pool/a/deep.png"] = [1];
        bucket.Service.Objects["pool/folder/"] = [];
        bucket.Service.Objects["poolside.jpg"] = [1];

        string[] expected = ["a/deep.png", "b.tar::0000.jpg", "b.tar::0001.jpg", "c.tgz::0000.jpg", "c.tgz::0001.jpg", "d.jpg"];
        foreach (string source in (string[])["s3://photos/pool/", "s3://photos/pool"])
            Assert.Equal(
                expected.Select(name => $"s3://photos/pool/{name}"),
                ImageInputs.Enumerate(source, null, Cancel).Select(input => input.Path)
            );
        Assert.Equal(7, ImageInputs.Enumerate("s3://photos", null, Cancel).Count());
    }

    [Theory]
    [InlineData("*.tar", "a.tar b.tar")]
    [InlineData("?.tar", "a.tar b.tar")]
    [InlineData("**/*.tar", "a.tar b.tar s/c.tar s/t/d.tar")]
    [InlineData("s/*", "s/c.tar")]
    public void A_glob_matches_segments_of_keys(string pattern, string expected)
    {
        Write("x.tar", 1, 100);
        foreach (string key in (string[])["a.tar", "b.tar", "s/c.tar", "s/t/d.tar"])
            bucket.Service.Objects[$"p/{key}"] = File.ReadAllBytes(folder["x.tar"]);

        Assert.Equal(
            expected.Split(' ').Select(key => $"s3://photos/p/{key}::0000.jpg"),
            ImageInputs.Paths($"s3://photos/p/{pattern}", null, Cancel)
        );
    }

    [Fact]
    public void More_than_a_thousand_objects_come_in_pages()
    {
        for (int i = 0; i < 2100; i++)
            bucket.Service.Objects[$"loose/{i:D5}.png"] = [1, 2, 3];

        Assert.Equal(2100, ImageInputs.Paths("s3://photos/loose/", null, Cancel).Count());
        // The first page is asked for twice: whether there is anything is known at once.
        Assert.Equal(4, bucket.Service.Requests.Count);
    }

    [Fact]
    public void A_walk_of_a_tar_takes_a_request_for_some_MiB_and_no_more_bytes_than_it_has()
    {
        Write("a.tar", 1000, 20_000);
        bucket.PutFolder(folder.Path);
        long length = bucket.Service.Objects["a.tar"].Length;

        Assert.Equal(1000, ImageInputs.Enumerate("s3://photos/a.tar", null, Cancel).Count(input => input.Bytes is not null));

        Assert.InRange(bucket.Count("GET"), 1, 3 + (int)(length / ObjectStream.LargestWindow));
        Assert.Equal(1, bucket.Count("HEAD"));
        Assert.InRange(bucket.BytesAsked, length - 20 * 512, length);
    }

    [Fact]
    public void Members_asked_for_in_order_are_read_by_windows_and_one_before_by_a_request_of_its_own()
    {
        Write("a.tar", 400, 20_000);
        bucket.PutFolder(folder.Path);
        long length = bucket.Service.Objects["a.tar"].Length;

        string[] paths = [.. Enumerable.Range(0, 400).Select(i => $"s3://photos/a.tar::{i:D4}.jpg")];
        Assert.All(ImageInputs.Read(paths, null, Cancel).Index(), one => Assert.Equal(Member(one.Index, 20_000), one.Item.Bytes));
        Assert.InRange(bucket.Count("GET"), 1, 10);
        Assert.InRange(bucket.BytesAsked, 1, length + length / 10);

        bucket.Service.Requests.Clear();
        Assert.Equal(Member(7, 20_000), ImageInputs.Read([paths[7]], null, Cancel).Single().Bytes);
        BucketRequest again = Assert.Single(bucket.Service.Requests, request => request.Method == "GET" && request.From > 0);
        Assert.Equal(20_000, again.To - again.From + 1);
    }

    [Fact]
    public void One_member_among_large_ones_is_had_without_the_others()
    {
        Write("a.tar", 12, 2 << 20);
        bucket.PutFolder(folder.Path);

        Assert.Equal(Member(11, 2 << 20), ImageInputs.Read(["s3://photos/a.tar::0011.jpg"], null, Cancel).Single().Bytes);

        Assert.InRange(bucket.BytesAsked, 2 << 20, 6 << 20);
    }

    [Fact]
    public void A_walk_holds_a_window_and_not_the_archive()
    {
        Write("a.tar", 60, 1 << 20);
        bucket.PutFolder(folder.Path);
        long most = 0,
            before = GC.GetTotalMemory(forceFullCollection: true);

        foreach (ImageInput input in ImageInputs.Enumerate("s3://photos/a.tar", null, Cancel))
        {
            input.Release();
            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        // The service is in this process: what it sends is under way for a moment.
        Assert.InRange(most, 0, 24L << 20);
    }

    [Fact]
    public void An_archive_that_changes_in_mid_walk_is_refused_by_name()
    {
        Write("a.tar", 400, 20_000);
        bucket.PutFolder(folder.Path);

        StorageException error = Assert.Throws<StorageException>(() =>
        {
            foreach (ImageInput input in ImageInputs.Enumerate("s3://photos/a.tar", null, Cancel))
            {
                lock (bucket.Service.Objects)
                    bucket.Service.Objects["a.tar"] = [.. File.ReadAllBytes(folder["a.tar"])[..^1], 1];
            }
        });

        Assert.Equal(StorageFault.Changed, error.Fault);
        Assert.Contains("s3://photos/a.tar has changed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_replaced_archive_is_another_one_for_who_reads_next()
    {
        Write("a.tar", 3, 100);
        bucket.PutFolder(folder.Path);
        Assert.Equal(Member(1, 100), ImageInputs.Read(["s3://photos/a.tar::0001.jpg"], null, Cancel).Single().Bytes);

        Write("a.tar", 3, 200);
        bucket.PutFolder(folder.Path);
        Assert.Equal(Member(1, 200), ImageInputs.Read(["s3://photos/a.tar::0001.jpg"], null, Cancel).Single().Bytes);
    }

    [Fact]
    public void Damage_is_told_as_of_a_file()
    {
        Write("good.tar", 5, 3000);
        byte[] whole = File.ReadAllBytes(folder["good.tar"]);
        File.WriteAllBytes(folder["cut.tar"], whole[..8000]);
        File.WriteAllBytes(folder["empty.tar"], []);
        File.WriteAllBytes(folder["noise.tar"], Member(3, 20_000));
        bucket.PutFolder(folder.Path);

        foreach (string name in (string[])["cut.tar", "empty.tar", "noise.tar", "*.tar"])
            Assert.Equal(Local(folder[name], ImageInputs.Enumerate(folder[name], null, Cancel)), Remote($"s3://photos/{name}"));
        Assert.Equal("not_found", ImageInputs.Read(["s3://photos/none.tar::a.jpg"], null, Cancel).Single().Reason);
        bucket.Service.Forbidden.Add("good.tar");
        Assert.Equal("permission", ImageInputs.Read(["s3://photos/good.tar::0001.jpg"], null, Cancel).Single().Reason);
    }

    [Fact]
    public void Failures_that_pass_change_nothing()
    {
        Write("a.tar", 200, 20_000);
        bucket.PutFolder(folder.Path);
        int asked = 0;
        bucket.Service.Fault = request =>
            Interlocked.Increment(ref asked) % 3 == 0 ? new BucketFault(500)
            : asked % 5 == 0 ? new BucketFault(CutAfter: 10_000)
            : null;

        Assert.Equal(Local(folder["a.tar"], ImageInputs.Enumerate(folder["a.tar"], null, Cancel)), Remote("s3://photos/a.tar"));
    }

    [Theory]
    [InlineData("s3://photos/none.tar", "no object 's3://photos/none.tar'")]
    [InlineData("s3://photos/none/", "no image or archive under 's3://photos/none/'")]
    [InlineData("s3://photos/*.none", "no object matches 's3://photos/*.none'")]
    public void Nothing_there_is_an_error_that_names_it(string source, string said) =>
        Assert.Contains(
            said,
            Assert.Throws<FileNotFoundException>(() => ImageInputs.Enumerate(source, null, Cancel)).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("s3://closed/a.tar", "access denied")]
    [InlineData("s3://nowhere/a.tar", "no such bucket")]
    [InlineData("s3://elsewhere/a.tar", "in the region eu-central-1")]
    [InlineData("s3:///a.tar", "names no bucket")]
    [InlineData("s3://photos/table.csv", "download it")]
    public void A_source_that_cannot_be_read_is_told_in_one_line(string source, string said)
    {
        bucket.Service.Objects["table.csv"] = "path\n"u8.ToArray();

        StorageException error = Assert.Throws<StorageException>(() => ImageInputs.Enumerate(source, null, Cancel));

        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Names_that_leave_a_folder_links_and_bombs_are_refused_as_in_files()
    {
        using (TarWriter tar = new(File.Create(folder["a.tar"])))
        {
            Add(tar, "../out.jpg", Member(1, 100));
            Add(tar, "a.jpg", Member(2, 100));
            tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "l.jpg") { LinkName = "a.jpg" });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "m.jpg") { LinkName = "/etc/passwd" });
            Add(tar, "large.jpg", Member(3, 5000));
        }
        bucket.PutFolder(folder.Path);
        InputOptions small = new() { MaxBytes = 1000 };

        Assert.Equal(
            Local(folder["a.tar"], ImageInputs.Enumerate(folder["a.tar"], small, Cancel)),
            Local("s3://photos/a.tar", ImageInputs.Enumerate("s3://photos/a.tar", small, Cancel))
        );
        string[] members = ["../out.jpg", "a.jpg", "l.jpg", "m.jpg", "large.jpg"];
        Assert.Equal(
            ImageInputs
                .Read(members.Select(member => $"{folder["a.tar"]}::{member}"), small, Cancel)
                .Select(one => (one.Reason, one.Bytes?.Length)),
            ImageInputs
                .Read(members.Select(member => $"s3://photos/a.tar::{member}"), small, Cancel)
                .Select(one => (one.Reason, one.Bytes?.Length))
        );
    }

    [Fact]
    public void Captions_beside_images_become_columns()
    {
        using (TarWriter tar = new(File.Create(folder["a.tar"])))
        {
            Add(tar, "1.jpg", Member(1, 100));
            Add(tar, "1.txt", "a dog"u8.ToArray());
        }
        bucket.PutFolder(folder.Path);

        Assert.Equal("a dog", ImageInputs.Enumerate("s3://photos/", null, Cancel).Single().Beside["txt"]);
        Assert.Equal(["caption"], Sidecars.CarriedColumns(["s3://photos/"], new InputOptions(), Cancel));
    }

    [Fact]
    public void Places_say_where_each_input_is_and_of_which_content()
    {
        Write("a.tar", 3, 100);
        Write("b.tar", 3, 100);
        bucket.PutFolder(folder.Path);
        bucket.Service.Objects["c.jpg"] = [1];
        Dictionary<string, long> archives = [];

        ImageInput[] places = [.. ImageInputs.Places("s3://photos/", archives, null, Cancel)];

        Assert.Equal([("s3://photos/a.tar", 3L), ("s3://photos/b.tar", 3L)], archives.Select(one => (one.Key, one.Value)).Order());
        Assert.Equal(FakeBucket.ETagOf(bucket.Service.Objects["b.tar"]), places[4].Mark);
        Assert.Equal(FakeBucket.ETagOf([1]), places[6].Mark);
        for (int first = 0; first <= places.Length; first++)
            Assert.Equal(
                places[first..].Select(place => (place.Path, place.Mark)),
                ImageInputs.EnumerateFrom("s3://photos/", first, archives, null, Cancel).Select(input => (input.Path, input.Mark))
            );
        Assert.Equal(
            ["s3://photos/b.tar::0001.jpg", "s3://photos/c.jpg"],
            ImageInputs
                .Read(["s3://photos/b.tar::0001.jpg", "s3://photos/c.jpg"], null, Cancel)
                .Where(one => one.Reason is null)
                .Select(one => one.Path)
        );
        Assert.Equal(places[4].Mark, new ArchiveMarks(Cancel).Placed("s3://photos/b.tar::0001.jpg").Mark);
        Assert.NotEqual(ImageInputs.MarkOf("s3://photos/", Cancel), ImageInputs.MarkOf("s3://photos/*.tar", Cancel));
        Assert.StartsWith("etag ", ImageInputs.MarkOf("s3://photos/a.tar", Cancel), StringComparison.Ordinal);
    }

    private void Write(string name, int members, int length)
    {
        if (name.EndsWith(".zip", StringComparison.Ordinal))
        {
            using ZipArchive zip = new(File.Create(folder[name]), ZipArchiveMode.Create);
            for (int i = 0; i < members; i++)
            {
                using Stream entry = zip.CreateEntry($"{i:D4}.jpg").Open();
                entry.Write(Member(i, length));
            }
            return;
        }
        using Stream file = File.Create(folder[name]);
        using Stream packed = name.EndsWith('z') ? new GZipStream(file, CompressionLevel.Fastest) : file;
        using TarWriter tar = new(packed, TarEntryFormat.Ustar);
        for (int i = 0; i < members; i++)
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"{i:D4}.jpg") { DataStream = new MemoryStream(Member(i, length)) });
    }

    private static void Add(TarWriter tar, string name, byte[] content) =>
        tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });

    private static byte[] Member(int number, int length)
    {
        byte[] bytes = new byte[length];
        new Random(number).NextBytes(bytes);
        return bytes;
    }

    private List<(string, string?, string)> Remote(string source) => Local(source, ImageInputs.Enumerate(source, null, Cancel));

    // Paths from the last folder on.
    private static List<(string, string?, string)> Local(string source, IEnumerable<ImageInput> inputs) =>
        [
            .. inputs.Select(input =>
                (
                    input.Path[(source.LastIndexOf('/') + 1)..],
                    input.Reason,
                    input.Bytes is { } bytes ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes)) : ""
                )
            ),
        ];
}
