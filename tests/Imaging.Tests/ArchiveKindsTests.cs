// Archives as people bring them: links, holes, one behind another, names in old encodings, packings that are not read.

using System.Buffers.Binary;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Imaging.Tests;

public sealed class ArchiveKindsTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_link_within_a_tar_is_the_member_that_it_leads_to()
    {
        using (TarWriter tar = new(File.Create(folder["a.tar"])))
        {
            Link(tar, TarEntryType.SymbolicLink, "early.jpg", "d/0.jpg");
            Add(tar, "./d/0.jpg", "zero");
            Link(tar, TarEntryType.HardLink, "hard.jpg", "./d/0.jpg");
            Link(tar, TarEntryType.SymbolicLink, "d/soft.jpg", "0.jpg");
            Link(tar, TarEntryType.SymbolicLink, "e/up.jpg", "../d/soft.jpg");
            Link(tar, TarEntryType.SymbolicLink, "out.jpg", "../../0.jpg");
            Link(tar, TarEntryType.SymbolicLink, "root.jpg", "/d/0.jpg");
            Link(tar, TarEntryType.HardLink, "none.jpg", "nowhere.jpg");
            Link(tar, TarEntryType.SymbolicLink, "round.jpg", "round2.jpg");
            Link(tar, TarEntryType.SymbolicLink, "round2.jpg", "round.jpg");
        }
        (string, string)[] expected =
        [
            ("early.jpg", "zero"),
            ("d/0.jpg", "zero"),
            ("hard.jpg", "zero"),
            ("d/soft.jpg", "zero"),
            ("e/up.jpg", "zero"),
            ("out.jpg", "link"),
            ("root.jpg", "link"),
            ("none.jpg", "link"),
            ("round.jpg", "link"),
            ("round2.jpg", "link"),
        ];
        Assert.Equal(expected, Rows("a.tar"));
        Assert.Equal(
            expected,
            ImageInputs
                .Read(expected.Select(pair => folder["a.tar"] + "::" + pair.Item1), null, TestContext.Current.CancellationToken)
                .Select(Seen)
        );
    }

    [Fact]
    public void Links_make_no_large_archive_of_a_small_one()
    {
        using (TarWriter tar = new(File.Create(folder["a.tar"])))
        {
            Add(tar, "0.jpg", new string('x', 100_000));
            for (int i = 1; i <= 60; i++)
                Link(tar, TarEntryType.HardLink, $"{i}.jpg", "0.jpg");
        }
        string?[] reasons = [.. All(folder["a.tar"]).Select(row => row.Reason)];
        Assert.Equal(61, reasons.Length);
        Assert.Null(reasons[5]);
        Assert.Equal("overlapping_members", reasons[^1]);
    }

    [Theory]
    [InlineData("a.tar", 0)]
    [InlineData("a.tar", 5120)]
    [InlineData("a.tar.gz", 0)]
    public void Tars_one_behind_the_other_lose_no_member(string name, int zeros)
    {
        byte[] both = [.. Tar("0.jpg"), .. new byte[zeros], .. Tar("1.jpg", "2.jpg")];
        File.WriteAllBytes(folder[name], name.EndsWith("gz", StringComparison.Ordinal) ? Gzip(both) : both);
        Assert.Equal(["0.jpg", "1.jpg", "2.jpg"], Rows(name).Select(row => row.Name));
        Assert.Equal("1.jpg", Seen(One(folder[name] + "::1.jpg")).Text);
    }

    [Theory]
    [InlineData(1, "0.jpg", "0.jpg")]
    [InlineData(0, "0.jpg", "1.jpg")]
    public void That_a_name_is_there_twice_is_said_once(int notes, params string[] names)
    {
        File.WriteAllBytes(folder["a.tar"], [.. Tar(names), .. Tar(names.Distinct().Count() == 1 ? names : ["2.jpg"])]);
        List<string> heard = [];
        void Hear(string note)
        {
            if (note.Contains(folder["a.tar"], StringComparison.Ordinal))
                heard.Add(note);
        }
        TableNotes.Noted += Hear;
        Assert.Equal(names.Length + (notes == 1 ? names.Length : 1), Rows("a.tar").Count());
        TableNotes.Noted -= Hear;
        Assert.Equal(notes, heard.Count);
    }

    [Fact]
    public void A_second_tar_that_claims_metadata_of_gigabytes_is_not_believed()
    {
        byte[] second = Tar("1.jpg");
        Encoding.ASCII.GetBytes("07777777777\0").CopyTo(second, 124);
        Retype(second, 0, (byte)'L');
        File.WriteAllBytes(folder["a.tar.gz"], Gzip([.. Tar("0.jpg"), .. second, .. new byte[4 << 20]]));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(Rows("a.tar.gz"), row => row.Name == "0.jpg");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Fact]
    public void A_hole_of_a_terabyte_behind_a_tar_is_not_looked_through()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "files have no holes there by default");
        using (FileStream file = File.Create(folder["a.tar"]))
        {
            file.Write(Tar("0.jpg"));
            try
            {
                file.SetLength(1L << 40);
            }
            catch (IOException)
            {
                Assert.Skip("the file system takes no such file");
            }
        }
        Assert.Contains(Rows("a.tar"), row => row.Name == "0.jpg");
    }

    [Fact]
    public void A_zip_that_claims_a_directory_of_its_whole_length_is_not_made_room_for()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "files have no holes there by default");
        const int Claimed = 200 << 20;
        byte[] end = [.. "PK\u0005\u0006"u8, .. new byte[18]];
        BitConverter.GetBytes(Claimed).CopyTo(end, 12);
        using (FileStream file = File.Create(folder["a.zip"]))
        {
            file.SetLength(Claimed);
            file.Position = Claimed;
            file.Write(end);
        }
        using FileStream zip = File.OpenRead(folder["a.zip"]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(ZipDirectory.Read(zip));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void What_lies_behind_a_tars_end_is_no_member()
    {
        File.WriteAllBytes(folder["a.tar"], [.. Tar("0.jpg"), .. Encoding.ASCII.GetBytes(new string('j', 2000))]);
        Assert.Equal([("0.jpg", "0.jpg")], Rows("a.tar"));
    }

    [Fact]
    public void Members_of_kinds_that_nobody_knows_are_files_and_a_continued_one_is_told()
    {
        byte[] tar = Tar("0.jpg", "1.jpg", "2.jpg");
        Retype(tar, 1, (byte)'Z');
        Retype(tar, 2, (byte)'M');
        File.WriteAllBytes(folder["a.tar"], tar);
        Assert.Equal([("0.jpg", "0.jpg"), ("1.jpg", "1.jpg"), ("2.jpg", "truncated")], Rows("a.tar"));
    }

    [Fact]
    public void Files_with_holes_are_refused_by_name_and_those_after_them_are_read()
    {
        using (TarWriter tar = new(File.Create(folder["pax.tar"])))
        {
            tar.WriteEntry(
                new PaxTarEntry(
                    TarEntryType.RegularFile,
                    "GNUSparseFile.1/0.jpg",
                    new Dictionary<string, string> { ["GNU.sparse.major"] = "1", ["GNU.sparse.name"] = "0.jpg" }
                )
                {
                    DataStream = new MemoryStream("map"u8.ToArray()),
                }
            );
            Add(tar, "1.jpg", "one");
        }
        Assert.Equal([("0.jpg", "unsupported_format/tar_sparse"), ("1.jpg", "one")], Rows("pax.tar"));

        // GNU's old format: type S, and a block more of holes before the content.
        byte[] old = Tar("0.jpg", "1.jpg");
        Retype(old, 0, (byte)'S', more: true);
        File.WriteAllBytes(folder["old.tar"], [.. old[..512], .. new byte[512], .. old[512..]]);
        Assert.Equal([("0.jpg", "unsupported_format/tar_sparse"), ("1.jpg", "1.jpg")], Rows("old.tar"));
    }

    [Fact]
    public void Names_in_a_tar_that_are_not_UTF8_stay_apart()
    {
        byte[] tar = Tar("caf1.jpg", "caf2.jpg");
        (tar[3], tar[3 + 1024]) = (0xe8, 0xe9);
        Retype(tar, 0, (byte)'0');
        Retype(tar, 1, (byte)'0');
        File.WriteAllBytes(folder["a.tar"], tar);
        Assert.Equal([("caf\u00e8.jpg", "caf1.jpg"), ("caf\u00e9.jpg", "caf2.jpg")], Rows("a.tar"));
        Assert.Equal("caf2.jpg", Seen(One(folder["a.tar"] + "::caf\u00e9.jpg")).Text);
    }

    [Theory]
    [InlineData("a.tar")]
    [InlineData("a.tar.gz")]
    [InlineData("a.zip")]
    public void An_archive_without_members_has_a_row(string name)
    {
        using (FileStream file = File.Create(folder[name]))
        {
            if (name == "a.zip")
                new ZipArchive(file, ZipArchiveMode.Create).Dispose();
            else
                file.Write(name == "a.tar" ? new byte[1024] : Gzip(new byte[1024]));
        }
        Assert.Equal([(folder[name], "empty")], All(folder[name]).Select(row => (row.Path, row.Reason!)));
    }

    [Theory]
    [InlineData("BZh91AY", "bzip2")]
    [InlineData("\u00fd7zXZ\0", "xz")]
    [InlineData("\u0028\u00b5\u002f\u00fd", "zstd")]
    [InlineData("\u0004\u0022\u004d\u0018", "lz4")]
    [InlineData("\u001f\u009d\u0090", "compress")]
    [InlineData("LZIP\u0001", "lzip")]
    [InlineData("7z\u00bc\u00af\u0027\u001c", "7z")]
    [InlineData("Rar!\u001a\u0007", "rar")]
    public void What_is_packed_in_another_way_is_named_whatever_it_is_called(string magic, string format)
    {
        foreach (string name in (string[])["a.tar", "a.tar.gz", "a.tgz", "a.zip", "a.jpg"])
        {
            File.WriteAllBytes(folder[name], [.. Encoding.Latin1.GetBytes(magic), .. new byte[1000]]);
            ImageInput row = Assert.Single(All(folder[name]));
            Assert.Equal("unsupported_format/" + format, row.Reason ?? ImageDecoder.Decode(row.Bytes!).Reason);
        }
    }

    [Fact]
    public void An_archive_within_an_archive_is_told()
    {
        using (TarWriter tar = new(File.Create(folder["a.tar"])))
        {
            Add(tar, "in.tar", Encoding.Latin1.GetString(Tar("x.jpg")));
            Add(tar, "in.tar.gz", Encoding.Latin1.GetString(Gzip(Tar("x.jpg"))));
            Add(tar, "in.zip", "PK\u0003\u0004" + new string('\0', 40));
            Add(tar, "0.jpg", "zero");
        }
        Assert.Equal(["nested_archive", "nested_archive", "nested_archive", "zero"], Rows("a.tar").Select(row => row.Text));
    }

    [Theory]
    [InlineData(12, 0, "unsupported_format/zip_method_12")]
    [InlineData(14, 0, "unsupported_format/zip_method_14")]
    [InlineData(93, 0, "unsupported_format/zip_method_93")]
    [InlineData(98, 0, "unsupported_format/zip_method_98")]
    [InlineData(99, 0, "encrypted")]
    [InlineData(8, 1, "encrypted")]
    public void A_zips_member_that_cannot_be_unpacked_says_why(int method, int flags, string reason)
    {
        File.WriteAllBytes(folder["a.zip"], Zip("0.jpg"u8, [], flags, method));
        Assert.Equal([("0.jpg", reason)], Rows("a.zip"));
    }

    [Fact]
    public void A_zips_member_that_is_damaged_is_told_by_its_checksum()
    {
        byte[] zip = Zip("0.jpg"u8, [], 0, 0);
        zip[30 + 5 + 2] ^= 1;
        File.WriteAllBytes(folder["a.zip"], zip);
        Assert.Equal([("0.jpg", "bad_checksum")], Rows("a.zip"));
    }

    [Fact]
    public void A_name_in_a_zip_is_read_by_its_flag_its_extra_field_as_UTF8_or_by_code_page_437()
    {
        byte[] japanese = [0x93, 0xfa, 0x96, 0x7b, .. ".jpg"u8];
        byte[] better = "\u65e5\u672c.jpg"u8.ToArray();
        byte[] extra = new byte[9 + better.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(extra, 0x7075);
        BinaryPrimitives.WriteUInt16LittleEndian(extra.AsSpan(2), (ushort)(5 + better.Length));
        extra[4] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(extra.AsSpan(5), System.IO.Hashing.Crc32.HashToUInt32(japanese));
        better.CopyTo(extra, 9);

        Assert.Equal("\u65e5\u672c.jpg", NameOf(better, [], 0x800));
        Assert.Equal("\u65e5\u672c.jpg", NameOf(better, [], 0));
        Assert.Equal("\u65e5\u672c.jpg", NameOf(japanese, extra, 0));
        extra[5] ^= 1;
        Assert.Equal("\u00f4\u00b7\u00fb{.jpg", NameOf(japanese, extra, 0));
        Assert.Equal("\u00fc\u00e4.jpg", NameOf([0x81, 0x84, .. ".jpg"u8], [], 0));

        string NameOf(byte[] name, byte[] field, int flags)
        {
            File.WriteAllBytes(folder["a.zip"], Zip(name, field, flags, 0));
            (string seen, string text) = Rows("a.zip").Single();
            Assert.Equal("content", text);
            Assert.Equal("content", Seen(One(folder["a.zip"] + "::" + seen)).Text);
            return seen;
        }
    }

    [Theory]
    [InlineData("#!/bin/sh\nexit\n")]
    [InlineData("MZ a program")]
    [InlineData("PK00")]
    public void A_zip_may_follow_a_program_or_a_mark_of_parts(string before)
    {
        File.WriteAllBytes(folder["a.zip"], [.. Encoding.ASCII.GetBytes(before), .. Zip("0.jpg"u8, [], 0, 0)]);
        Assert.Equal([("0.jpg", "content")], Rows("a.zip"));
    }

    [Fact]
    public void Of_two_zips_in_one_file_none_is_read_in_silence()
    {
        File.WriteAllBytes(folder["a.zip"], [.. Zip("0.jpg"u8, [], 0, 0), .. Zip("1.jpg"u8, [], 0, 0)]);
        Assert.Equal([(folder["a.zip"], "unreadable")], All(folder["a.zip"]).Select(row => (row.Path, row.Reason ?? "")));
    }

    [Fact]
    public void A_name_that_is_not_UTF8_is_told_as_that_and_not_as_missing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "names are Unicode elsewhere");
        Directory.CreateDirectory(folder["f"]);
        Shell("printf x > \"$(printf 'caf\\351.jpg')\" && mkdir \"$(printf 'd\\351')\"");
        ImageInput[] rows = [.. All(folder["f"])];
        // The runtime could not remove them either.
        Shell("rm -r ./*");
        Directory.CreateDirectory(folder["f"]);
        Assert.Equal(["name_not_utf8", "name_not_utf8"], rows.Select(row => row.Reason));
        Assert.Equal("name_not_utf8", One(rows[0].Path).Reason);
        Assert.Equal("not_found", One(folder["f/none.jpg"]).Reason);
    }

    [Theory]
    [InlineData("https://example.org/a.jpg", "address")]
    [InlineData("file://server/share/a.jpg", "address")]
    [InlineData("data:image/png;base64,iVBORw0KGgo=", "data_uri")]
    public void An_address_in_the_place_of_a_path_is_told(string path, string reason) => Assert.Equal(reason, One(path).Reason);

    private IEnumerable<(string Name, string Text)> Rows(string name) =>
        ImageInputs.Enumerate(folder[name], null, TestContext.Current.CancellationToken).Select(Seen);

    private void Shell(string script)
    {
        using Process shell = System.Diagnostics.Process.Start("sh", ["-c", "cd \"$0\" && " + script, folder["f"]]);
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }

    private static IEnumerable<ImageInput> All(string source) => ImageInputs.Enumerate(source, null, TestContext.Current.CancellationToken);

    private static ImageInput One(string path) => ImageInputs.Read([path], null, TestContext.Current.CancellationToken).Single();

    private static (string Name, string Text) Seen(ImageInput input) =>
        (input.Path[(input.Path.IndexOf("::", StringComparison.Ordinal) + 2)..], input.Reason ?? Encoding.Latin1.GetString(input.Bytes!));

    private static void Add(TarWriter tar, string name, string content) =>
        tar.WriteEntry(
            new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.Latin1.GetBytes(content)) }
        );

    private static void Link(TarWriter tar, TarEntryType type, string name, string target) =>
        tar.WriteEntry(new PaxTarEntry(type, name) { LinkName = target });

    // Members that hold their own names, in the oldest format: a header and a block each.
    private static byte[] Tar(params string[] names)
    {
        MemoryStream file = new();
        using (TarWriter tar = new(file, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (string name in names)
                tar.WriteEntry(
                    new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.Latin1.GetBytes(name)) }
                );
        }
        return file.ToArray();
    }

    private static void Retype(byte[] tar, int member, byte type, bool more = false)
    {
        Span<byte> header = tar.AsSpan(1024 * member, 512);
        header[156] = type;
        if (more)
            header[482] = 1;
        header.Slice(148, 8).Fill((byte)' ');
        int sum = 0;
        foreach (byte value in header)
            sum += value;
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0").CopyTo(header[148..]);
    }

    private static byte[] Gzip(byte[] bytes)
    {
        MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    // One stored member, whatever method and flags it claims.
    private static byte[] Zip(ReadOnlySpan<byte> name, byte[] extra, int flags, int method)
    {
        byte[] content = "content"u8.ToArray();
        MemoryStream file = new();
        Header(file, 0x04034b50, name);
        file.Write(extra);
        file.Write(content);
        long directory = file.Position;
        Header(file, 0x02014b50, name);
        file.Write(extra);
        long length = file.Position - directory;
        using BinaryWriter end = new(file);
        end.Write(0x06054b50);
        end.Write(0);
        end.Write((short)1);
        end.Write((short)1);
        end.Write((int)length);
        end.Write((int)directory);
        end.Write((short)0);
        return file.ToArray();

        void Header(Stream stream, int mark, ReadOnlySpan<byte> called)
        {
            bool central = mark == 0x02014b50;
            using BinaryWriter writer = new(stream, Encoding.Latin1, leaveOpen: true);
            writer.Write(mark);
            if (central)
                writer.Write((short)20);
            writer.Write((short)20);
            writer.Write((short)flags);
            writer.Write((short)method);
            writer.Write(0);
            writer.Write(System.IO.Hashing.Crc32.HashToUInt32(content));
            writer.Write(content.Length);
            writer.Write(content.Length);
            writer.Write((short)called.Length);
            writer.Write((short)extra.Length);
            if (central)
                writer.Write(new byte[14]);
            writer.Write(called);
        }
    }
}
