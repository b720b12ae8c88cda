// What lies at a path decides what happens to it: nothing hangs, nothing is dropped, and the reason says what was there.

using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Testing;

namespace DataFreeKD.Imaging.Tests;

public sealed class OpenFileTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_pipe_a_socket_and_a_device_are_no_files_and_nothing_waits_for_them()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there are no such files on Windows");
        Pipe("f.jpg");
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder["s.jpg"]));
        File.WriteAllText(folder["a.jpg"], "x");

        Assert.Equal(["a.jpg ok", "f.jpg not_a_file", "s.jpg not_a_file"], Rows(folder.Path).Select(Said));
        Assert.Equal("not_a_file", Rows(folder["f.jpg"]).Single().Reason);
        Assert.Equal("not_a_file", Rows("/dev/zero").Single().Reason);
        Assert.Equal(
            ["not_a_file", "not_a_file"],
            ImageInputs.Read([folder["f.jpg"], folder.Path], cancel: TestContext.Current.CancellationToken).Select(row => row.Reason)
        );
        Assert.Equal(["a.jpg"], ImageInputs.Paths(folder.Path, cancel: TestContext.Current.CancellationToken).Select(Path.GetFileName));
    }

    [Fact]
    public void A_pipe_under_an_archives_name_is_no_archive()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there are no pipes in folders on Windows");
        Pipe("f.tar");
        Pipe("g.zip");
        Assert.Equal(["f.tar not_a_file", "g.zip not_a_file"], Rows(folder["*"]).Select(Said));
        Assert.Equal(
            "not_a_file",
            ImageInputs.Read([folder["f.tar"] + "::a.jpg"], cancel: TestContext.Current.CancellationToken).Single().Reason
        );
    }

    [Fact]
    public void What_is_not_there_and_what_is_forbidden_are_told_apart()
    {
        Assert.Equal("not_found", ImageInputs.Read([folder["gone.jpg"]], cancel: TestContext.Current.CancellationToken).Single().Reason);
        Assert.Equal(
            "not_found",
            ImageInputs.Read([folder["gone.tar"] + "::a.jpg"], cancel: TestContext.Current.CancellationToken).Single().Reason
        );
        if (OperatingSystem.IsWindows() || Environment.UserName == "root")
            return;
        File.WriteAllText(folder["a.jpg"], "x");
        File.SetUnixFileMode(folder["a.jpg"], UnixFileMode.None);
        Assert.Equal("permission", Rows(folder["a.jpg"]).Single().Reason);
    }

    [Fact]
    public void Links_that_are_followed_lead_to_files_and_folders_but_never_in_circles()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        Directory.CreateDirectory(folder["blobs/deep"]);
        Directory.CreateDirectory(folder["snap"]);
        File.WriteAllText(folder["blobs/one"], "1");
        File.WriteAllText(folder["blobs/deep/two.jpg"], "22");
        File.CreateSymbolicLink(folder["snap/1.png"], "../blobs/one");
        File.CreateSymbolicLink(folder["snap/2.png"], "../blobs/nothing");
        Directory.CreateSymbolicLink(folder["snap/all"], "../blobs");
        Directory.CreateSymbolicLink(folder["blobs/deep/circle"], "..");

        Assert.Equal(["1.png link", "2.png link", "all link"], Rows(folder["snap"]).Select(Said));
        Assert.Equal(
            ["1.png ok", "2.png not_found", "circle link", "two.jpg ok", "one ok"],
            Rows(folder["snap"], follow: true).Select(Said)
        );
        // The length is the file's and not the link's.
        Assert.Equal("22", Encoding.UTF8.GetString(Rows(folder["snap/all/deep/two.jpg"]).Single().Bytes!));
        Assert.Equal("1", Encoding.UTF8.GetString(Rows(folder["snap/1.png"]).Single().Bytes!));
    }

    [Fact]
    public void An_archive_is_told_by_its_bytes()
    {
        WriteTar("plain.bin", gzip: false);
        WriteTar("gzipped.tar", gzip: true);
        WriteTar("plain.tgz", gzip: false);
        using (ZipArchive zip = ZipFile.Open(folder["zip.jpg"], ZipArchiveMode.Create))
            zip.CreateEntry("a.jpg").Open().Dispose();

        foreach (string name in (string[])["plain.bin", "gzipped.tar", "plain.tgz", "zip.jpg"])
        {
            string member = folder[name] + "::a.jpg";
            Assert.Equal([member], Rows(folder[name]).Select(row => row.Path));
            Assert.NotEqual("not_found", ImageInputs.Read([member], cancel: TestContext.Current.CancellationToken).Single().Reason);
            Assert.True(ImageInputs.IsMember(member));
        }
        Assert.Equal(["gzipped.tar archive", "plain.bin archive", "plain.tgz archive", "zip.jpg archive"], Rows(folder.Path).Select(Said));
    }

    [Fact]
    public void An_encrypted_member_says_so_and_the_others_are_read()
    {
        using (ZipArchive zip = ZipFile.Open(folder["a.zip"], ZipArchiveMode.Create))
        {
            foreach (string name in (string[])["secret.jpg", "open.jpg"])
            {
                using Stream stream = zip.CreateEntry(name).Open();
                stream.Write("x"u8);
            }
        }
        byte[] bytes = File.ReadAllBytes(folder["a.zip"]);
        bytes[6] |= 1;
        bytes[bytes.AsSpan().IndexOf("PK\u0001\u0002"u8) + 8] |= 1;
        File.WriteAllBytes(folder["a.zip"], bytes);

        Assert.Equal(["secret.jpg encrypted", "open.jpg ok"], Rows(folder["a.zip"]).Select(Said));
    }

    [Fact]
    public void An_archive_whose_members_lie_in_the_same_bytes_is_refused()
    {
        using (ZipArchive zip = ZipFile.Open(folder["a.zip"], ZipArchiveMode.Create))
        {
            using Stream stream = zip.CreateEntry("a0.jpg", CompressionLevel.NoCompression).Open();
            stream.Write(new byte[1000]);
        }
        byte[] bytes = File.ReadAllBytes(folder["a.zip"]);
        int directory = bytes.AsSpan().IndexOf("PK\u0001\u0002"u8),
            end = bytes.AsSpan().IndexOf("PK\u0005\u0006"u8);
        byte[] entry = bytes[directory..end],
            tail = bytes[end..];
        BitConverter.TryWriteBytes(tail.AsSpan(8), (ushort)2);
        BitConverter.TryWriteBytes(tail.AsSpan(10), (ushort)2);
        BitConverter.TryWriteBytes(tail.AsSpan(12), entry.Length * 2);
        File.WriteAllBytes(folder["a.zip"], [.. bytes[..end], .. entry, .. tail]);

        Assert.Equal((folder["a.zip"], "overlapping_members"), Rows(folder["a.zip"]).Select(row => (row.Path, row.Reason)).Single());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Members_that_tell_of_an_image_lie_beside_it(bool gzip)
    {
        using (Stream file = File.Create(folder["wd.tar"]))
        using (Stream packed = gzip ? new GZipStream(file, CompressionLevel.Fastest) : file)
        using (TarWriter tar = new(packed))
        {
            foreach (
                (string name, string text) in (ReadOnlySpan<(string, string)>)
                    [
                        ("d/0.cls", "7"),
                        ("d/0.jpg", "x"),
                        ("d/0.json", "{}"),
                        ("d/1.jpg", "y"),
                        ("README.txt", "hello"),
                        ("b.seg.png", "s"),
                        ("b.png", "z"),
                        ("b.txt", "a dog"),
                    ]
            )
            {
                tar.WriteEntry(
                    new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) }
                );
            }
        }
        Assert.Equal(
            ["0.jpg cls=7 json={}", "1.jpg", "README.txt", "b.seg.png txt=a dog", "b.png txt=a dog"],
            Rows(folder["wd.tar"])
                .Select(row =>
                    string.Join(
                        ' ',
                        row.Beside.OrderBy(pair => pair.Key)
                            .Select(pair => $"{pair.Key}={pair.Value}")
                            .Prepend(Path.GetFileName(row.Path.Split("::")[1]))
                    )
                )
        );
    }

    [Fact]
    public void A_name_that_a_server_or_a_downloader_made_keeps_no_image_from_being_one()
    {
        File.WriteAllBytes(folder["photo.jpg@w=1"], TestImages.File("jpeg", TestImages.Photo(20, 20)));
        File.WriteAllBytes(folder["b.jpg.1"], TestImages.File("png", TestImages.Photo(20, 20)));
        File.WriteAllText(folder["notes.txt"], "no image");
        Assert.Equal(
            ["b.jpg.1", "photo.jpg@w=1"],
            ImageInputs.Paths(folder.Path, cancel: TestContext.Current.CancellationToken).Select(Path.GetFileName)
        );
        Assert.Equal(3, Rows(folder.Path).Count());
    }

    private static string Said(ImageInput input) => $"{Path.GetFileName(input.Path)} {input.Reason ?? "ok"}".Split("::")[^1];

    private static IEnumerable<ImageInput> Rows(string source, bool follow = false) =>
        ImageInputs.Enumerate(source, new InputOptions { FollowLinks = follow }, TestContext.Current.CancellationToken);

    private void Pipe(string name)
    {
        using Process made = Process.Start("mkfifo", [folder[name]]);
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
    }

    [Theory]
    [InlineData('x', false)]
    [InlineData('g', false)]
    [InlineData('L', false)]
    [InlineData('K', false)]
    [InlineData('x', true)]
    public void A_header_that_claims_much_metadata_is_not_believed(char type, bool gzip)
    {
        byte[] header = new byte[1024];
        "name"u8.CopyTo(header);
        "0000644\0"u8.CopyTo(header.AsSpan(100));
        "0000000\0"u8.CopyTo(header.AsSpan(108));
        "0000000\0"u8.CopyTo(header.AsSpan(116));
        // 1 GB.
        "07777777777\0"u8.CopyTo(header.AsSpan(124));
        "00000000000\0"u8.CopyTo(header.AsSpan(136));
        "        "u8.CopyTo(header.AsSpan(148));
        header[156] = (byte)type;
        (type is 'L' or 'K' ? "ustar  \0"u8 : "ustar\000"u8).CopyTo(header.AsSpan(257));
        Encoding.ASCII.GetBytes($"{Convert.ToString(header.Sum(one => one), 8).PadLeft(6, '0')}\0 ").CopyTo(header, 148);
        using (Stream file = File.Create(folder["a.tar"]))
        using (Stream packed = gzip ? new GZipStream(file, CompressionMode.Compress) : file)
            packed.Write(header);
        long before = GC.GetAllocatedBytesForCurrentThread();

        ImageInput found = Assert.Single(Rows(folder["a.tar"]));

        Assert.Equal(Reason.Unreadable, found.Reason);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    private void WriteTar(string name, bool gzip)
    {
        using Stream file = File.Create(folder[name]);
        using Stream packed = gzip ? new GZipStream(file, CompressionLevel.Fastest) : file;
        using TarWriter tar = new(packed);
        tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "a.jpg") { DataStream = new MemoryStream("x"u8.ToArray()) });
    }
}
