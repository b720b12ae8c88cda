// Folders, globs and archives: order, refusals, damage.

using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using CsCheck;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Testing;

namespace DataFreeKD.Imaging.Tests;

public class InputTests
{
    public static TheoryData<string> Archives => ["a.tar", "a.tar.gz", "a.tgz", "a.zip"];

    [Fact]
    public void A_folder_is_walked_in_the_order_of_its_sorted_paths()
    {
        using TempFolder folder = new();
        foreach (string name in (string[])["b.jpg", "a/2.png", "a/1.PNG", "a.jpg", "a-b/x.gif", "noext", "skip.txt", "z/y/x.webp"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!);
            File.WriteAllText(folder[name], name);
        }
        string[] expected = ["a-b/x.gif", "a.jpg", "a/1.PNG", "a/2.png", "b.jpg", "noext", "z/y/x.webp"];
        Assert.Equal(expected, Paths(folder.Path).Select(path => Path.GetRelativePath(folder.Path, path)));
        string[] all = ["a-b/x.gif", "a.jpg", "a/1.PNG", "a/2.png", "b.jpg", "noext", "skip.txt", "z/y/x.webp"];
        Assert.Equal(all, Rows(folder.Path).Select(static input => Encoding.UTF8.GetString(input.Bytes!)));
    }

    [Theory]
    [InlineData("*.jpg", "a.jpg b.jpg")]
    [InlineData("?.jpg", "a.jpg b.jpg")]
    [InlineData("**/*.jpg", "a.jpg b.jpg s/c.jpg s/t/d.jpg")]
    [InlineData("s/*", "s/c.jpg")]
    [InlineData("s/**", "s/c.jpg s/t/d.jpg")]
    [InlineData("*/t/*.jpg", "s/t/d.jpg")]
    public void A_glob_matches_segments(string pattern, string expected)
    {
        using TempFolder folder = new();
        Directory.CreateDirectory(folder["s/t"]);
        foreach (string name in (string[])["a.jpg", "b.jpg", "s/c.jpg", "s/t/d.jpg", "n.txt"])
            File.WriteAllText(folder[name], "x");
        Assert.Equal(expected, string.Join(' ', Paths(folder[pattern]).Select(path => Path.GetRelativePath(folder.Path, path))));
    }

    [Fact]
    public void Nothing_there_is_an_error_that_names_it()
    {
        using TempFolder folder = new();
        Assert.Contains("nowhere", Assert.Throws<FileNotFoundException>(() => Rows(folder["nowhere"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_are_told_and_not_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        using TempFolder folder = new();
        using TempFolder outside = new();
        File.WriteAllText(outside["secret.jpg"], "secret");
        File.CreateSymbolicLink(folder["file.jpg"], outside["secret.jpg"]);
        Directory.CreateSymbolicLink(folder["loop"], folder.Path);
        Assert.All(Rows(folder.Path), static input => Assert.Equal((null, "link"), (input.Bytes, input.Reason)));
        Assert.Equal(2, Rows(folder.Path).Count());
        Assert.Equal("link", Read([folder["file.jpg"]]).Single().Reason);
    }

    [Theory, MemberData(nameof(Archives))]
    public void An_archive_gives_its_images_in_its_order(string name)
    {
        using TempFolder folder = new();
        Write(folder[name], ("z.jpg", "1"), ("notes.txt", "no"), ("d/a.png", "22"), ("b", "333"));
        string[] paths = [folder[name] + "::z.jpg", folder[name] + "::d/a.png", folder[name] + "::b"];
        Assert.Equal(paths, Paths(folder[name]));
        Assert.Equal(["1", "no", "22", "333"], Rows(folder[name]).Select(Text));
    }

    [Theory, MemberData(nameof(Archives))]
    public void Members_that_leave_the_archive_are_unsafe(string name)
    {
        using TempFolder folder = new();
        Write(folder[name], ("../up.jpg", "x"), ("/root.jpg", "x"), ("a/../../b.jpg", "x"), ("c:\\d.jpg", "x"), ("ok.jpg", "x"));
        Assert.Equal(
            ["unsafe_path", "unsafe_path", "unsafe_path", "unsafe_path", "ok"],
            Rows(folder[name]).Select(static input => input.Reason ?? "ok")
        );
        Assert.Equal("unsafe_path", Read([folder[name] + "::../up.jpg"]).Single().Reason);
    }

    [Theory]
    [InlineData("a.tar")]
    [InlineData("a.tar.gz")]
    public void Links_in_a_tar_are_told_and_not_followed(string name)
    {
        using TempFolder folder = new();
        using (TarWriter tar = OpenTar(folder[name]))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "s.jpg") { LinkName = "/etc/passwd" });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.HardLink, "h.jpg") { LinkName = "../x" });
        }
        Assert.Equal(["link", "link"], Rows(folder[name]).Select(static input => input.Reason));
        Assert.Equal("link", Read([folder[name] + "::s.jpg"]).Single().Reason);
    }

    [Fact]
    public void A_link_in_a_zip_is_told_and_not_followed()
    {
        using TempFolder folder = new();
        using (ZipArchive zip = ZipFile.Open(folder["a.zip"], ZipArchiveMode.Create))
        {
            ZipArchiveEntry entry = zip.CreateEntry("s.jpg");
            entry.ExternalAttributes = unchecked((int)0xA1FF0000);
            using Stream stream = entry.Open();
            stream.Write("/etc/passwd"u8);
        }
        Assert.Equal("link", Rows(folder["a.zip"]).Single().Reason);
    }

    [Theory, MemberData(nameof(Archives))]
    public void A_cut_archive_gives_a_row_with_a_reason(string name)
    {
        using TempFolder folder = new();
        byte[] noise = new byte[40_000];
        new Random(1).NextBytes(noise);
        Write(folder[name], [.. Enumerable.Range(0, 4).Select(i => ($"{i}.jpg", Encoding.Latin1.GetString(noise)))]);
        byte[] whole = File.ReadAllBytes(folder[name]);
        foreach (double share in (double[])[0.3, 0.5, 0.7])
        {
            File.WriteAllBytes(folder[name], whole[..(int)(whole.Length * share)]);
            List<ImageInput> rows = [.. Rows(folder[name])];
            Assert.Contains(rows, static row => row.Reason == "truncated");
            Assert.All(rows, static row => Assert.Equal(row.Bytes is null, row.Reason is not null));
        }
    }

    [Theory, MemberData(nameof(Archives))]
    public void Text_and_nothing_under_an_archive_name_are_told(string name)
    {
        using TempFolder folder = new();
        File.WriteAllText(folder[name], new string('x', 3000));
        Assert.Equal((folder[name], "unreadable"), Rows(folder[name]).Select(static row => (row.Path, row.Reason)).Single());
        File.WriteAllText(folder[name], "");
        Assert.Equal("empty", Rows(folder[name]).Single().Reason);
    }

    [Theory, MemberData(nameof(Archives))]
    public void Members_over_the_limit_and_empty_ones_are_told(string name)
    {
        using TempFolder folder = new();
        Write(folder[name], ("big.jpg", new string('x', 2000)), ("none.jpg", ""), ("ok.jpg", "x"));
        string[] expected = ["too_large", "empty", "ok"];
        Assert.Equal(expected, Rows(folder[name], maxBytes: 1000).Select(static row => row.Reason ?? "ok"));
        Assert.Equal(expected, Read(Paths(folder[name]), maxBytes: 1000).Select(static row => row.Reason ?? "ok"));
    }

    [Fact]
    public void A_tar_that_claims_more_than_it_holds_allocates_little()
    {
        using TempFolder folder = new();
        Write(folder["a.tar"], ("a.jpg", "x"));
        byte[] tar = File.ReadAllBytes(folder["a.tar"]);
        int header = tar.AsSpan().IndexOf("a.jpg\0"u8);
        while (header % 512 != 0)
            header = header + 1 + tar.AsSpan(header + 1).IndexOf("a.jpg\0"u8);
        "00360000000\0"u8.CopyTo(tar.AsSpan(header + 124)); // 60 MiB
        tar.AsSpan(header + 148, 8).Fill((byte)' ');
        int sum = tar.AsSpan(header, 512).ToArray().Sum(static b => b);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(tar, header + 148);
        File.WriteAllBytes(folder["a.tar"], tar);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(Rows(folder["a.tar"]), static row => row.Reason is "truncated" or "unreadable");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Fact]
    public void A_zip_bomb_stops_at_the_limit()
    {
        using TempFolder folder = new();
        Write(folder["a.zip"], ("bomb.jpg", new string('\0', 20 << 20)));
        byte[] zip = File.ReadAllBytes(folder["a.zip"]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("too_large", Rows(folder["a.zip"], maxBytes: 1 << 20).Single().Reason);

        // The same with both headers saying ten bytes.
        int central = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BitConverter.TryWriteBytes(zip.AsSpan(central + 24), 10);
        BitConverter.TryWriteBytes(zip.AsSpan(22), 10);
        File.WriteAllBytes(folder["a.zip"], zip);
        ImageInput lying = Rows(folder["a.zip"], maxBytes: 1 << 20).Single();
        Assert.True(lying.Reason is not null || lying.Bytes!.Length <= 10, $"{lying.Bytes?.Length} bytes");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Theory, MemberData(nameof(Archives))]
    public void Reading_in_any_order_gives_each_member_its_content(string name)
    {
        using TempFolder folder = new();
        Write(folder[name], [.. Enumerable.Range(0, 12).Select(static i => ($"d/{i}.jpg", $"content {i}"))]);
        File.WriteAllText(folder["plain.jpg"], "content 99");
        Gen.Int[0, 13]
            .Array[0, 30]
            .Sample(
                order =>
                {
                    string[] paths = [.. order.Select(i => i == 13 ? folder["plain.jpg"] : $"{folder[name]}::d/{i}.jpg")];
                    string[] expected =
                    [
                        .. order.Select(static i =>
                            i switch
                            {
                                13 => "content 99",
                                12 => "not_found",
                                _ => $"content {i}",
                            }
                        ),
                    ];
                    Assert.Equal(expected, Read(paths).Select(static row => row.Reason ?? Text(row)));
                },
                iter: 60,
                threads: 1
            );
    }

    [Fact]
    public void Cancelling_stops_the_walk()
    {
        using TempFolder folder = new();
        Write(folder["a.tar"], ("a.jpg", "x"), ("b.jpg", "x"));
        using CancellationTokenSource source = new();
        using IEnumerator<ImageInput> rows = ImageInputs.Enumerate(folder["a.tar"], cancel: source.Token).GetEnumerator();
        Assert.True(rows.MoveNext());
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => rows.MoveNext());
    }

    private static IEnumerable<ImageInput> Rows(string source, long maxBytes = 64L << 20) =>
        ImageInputs.Enumerate(source, new InputOptions { MaxBytes = maxBytes }, TestContext.Current.CancellationToken);

    private static IEnumerable<string> Paths(string source) => ImageInputs.Paths(source, null, TestContext.Current.CancellationToken);

    private static IEnumerable<ImageInput> Read(IEnumerable<string> paths, long maxBytes = 64L << 20) =>
        ImageInputs.Read(paths, new InputOptions { MaxBytes = maxBytes }, TestContext.Current.CancellationToken);

    private static string Text(ImageInput input) => Encoding.Latin1.GetString(input.Bytes!);

    private static TarWriter OpenTar(string path)
    {
        Stream file = File.Create(path);
        return new TarWriter(path.EndsWith("gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file);
    }

    private static void Write(string path, params (string Name, string Content)[] members)
    {
        if (path.EndsWith(".zip", StringComparison.Ordinal))
        {
            using ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create);
            foreach ((string name, string content) in members)
            {
                using Stream stream = zip.CreateEntry(name).Open();
                stream.Write(Encoding.Latin1.GetBytes(content));
            }
            return;
        }
        using TarWriter tar = OpenTar(path);
        foreach ((string name, string content) in members)
        {
            tar.WriteEntry(
                new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.Latin1.GetBytes(content)) }
            );
        }
    }
}
