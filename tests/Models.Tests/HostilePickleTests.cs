// Pickles that lie about sizes, nest without end, or repeat themselves.

using System.IO.Compression;
using System.Text;
using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Testing;

namespace DataFreeKD.Models.Tests;

public sealed class HostilePickleTests
{
    [Theory]
    [InlineData(0, 5, 1, 4, "larger than its storage")]
    [InlineData(0, 2, 100, 4, "beyond its storage")]
    [InlineData(3, 2, 1, 4, "beyond its storage")]
    [InlineData(0, -1, 1, 4, "negative")]
    [InlineData(0, 2, -1, 4, "negative")]
    [InlineData(0, 2, 1, int.MaxValue, "claims a storage")]
    [InlineData(0, int.MaxValue, 0, 4, "larger than its storage")]
    public void A_tensor_that_reaches_beyond_its_storage_is_refused(int offset, int size, int stride, int elements, string named)
    {
        string message = Refusal(
            [
                .. new byte[] { 0x80, 2, (byte)0x7d },
                .. Text("patch_embed.proj.weight"),
                .. Global("torch._utils", "_rebuild_tensor_v2"),
                (byte)'(',
                (byte)'(',
                .. Text("storage"),
                .. Global("torch", "FloatStorage"),
                .. Text("0"),
                .. Text("cpu"),
                .. Int(elements),
                (byte)'t',
                (byte)'Q',
                .. Int(offset),
                .. Int(size),
                0x85,
                .. Int(stride),
                0x85,
                0x89,
                (byte)'N',
                (byte)'t',
                (byte)'R',
                (byte)'s',
                (byte)'.',
            ],
            true
        );
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_million_nested_tuples_are_refused_without_a_deep_stack()
    {
        byte[] pickle = [0x80, 2, (byte)'N', .. Enumerable.Repeat((byte)0x85, 1_000_000), (byte)'.'];
        Assert.Contains("no state dict", Refusal(pickle, false), StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_copied_again_and_again_is_refused()
    {
        List<byte> pickle =
        [
            0x80,
            2,
            (byte)']',
            (byte)'(',
            .. Enumerable.Range(0, 5_000).SelectMany(_ => new byte[] { (byte)'K', 1, (byte)'N', 0x86 }),
            (byte)'e',
            0x85,
            (byte)'q',
            0,
            (byte)'0',
        ];
        for (int i = 0; i < 5_000; i++)
            pickle.AddRange([.. Global("collections", "OrderedDict"), (byte)'h', 0, (byte)'R', (byte)'0']);
        Assert.Contains("repeat", Refusal([.. pickle, (byte)'N', (byte)'.'], false), StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_that_holds_itself_is_refused()
    {
        Assert.Contains(
            "no state dict",
            Refusal([0x80, 2, (byte)']', (byte)'q', 0, (byte)'h', 0, (byte)'a', (byte)'.'], false),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_format_before_zip_is_refused_with_the_way_to_convert_it()
    {
        using TempFolder folder = new();
        File.WriteAllBytes(folder["old.pth"], [0x80, 2, 0x8a, 10, .. new byte[300]]);
        Assert.Contains(
            "torch.save(torch.load(",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder["old.pth"])).Message,
            StringComparison.Ordinal
        );
    }

    private static string Refusal(byte[] pickle, bool storage)
    {
        using TempFolder folder = new();
        using (ZipArchive zip = ZipFile.Open(folder["bad.pth"], ZipArchiveMode.Create))
        {
            using (Stream entry = zip.CreateEntry("a/data.pkl", CompressionLevel.NoCompression).Open())
                entry.Write(pickle);
            if (storage)
            {
                using Stream data = zip.CreateEntry("a/data/0", CompressionLevel.NoCompression).Open();
                data.Write(new byte[16]);
            }
        }
        return Assert.Throws<ModelException>(() => ModelStore.Load(folder["bad.pth"])).Message;
    }

    private static byte[] Global(string module, string name) => Encoding.ASCII.GetBytes($"c{module}\n{name}\n");

    private static byte[] Text(string text) => [(byte)'X', .. BitConverter.GetBytes(text.Length), .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Int(int value) => [(byte)'J', .. BitConverter.GetBytes(value)];

    [Fact]
    public void Thousands_of_objects_under_one_long_name_do_not_hold_it_each()
    {
        PickleDictionary many = new();
        for (int i = 0; i < 20_000; i++)
            many.Add($"{i}", new PickleDictionary());
        PickleDictionary root = many;
        for (int depth = 0; depth < 6; depth++)
        {
            PickleDictionary outer = new();
            outer.Add(new string('k', 4000), root);
            root = outer;
        }
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Empty(PickleTree.Dictionaries(root));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void Thousands_of_objects_under_one_long_name_do_not_hold_it_each_for_class_names_either()
    {
        PickleDictionary many = new();
        for (int i = 0; i < 19_000; i++)
            many.Add($"{i}", new PickleDictionary());
        PickleDictionary root = many;
        for (int depth = 0; depth < 3; depth++)
        {
            PickleDictionary outer = new();
            outer.Add(new string('k', 4000), root);
            root = outer;
        }
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Empty(StatedClassNames.Of("a.pth", root, PlainValues.WithoutTensors()));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void Texts_that_may_be_class_names_are_not_decoded_without_end()
    {
        byte[] text = new byte[1 << 20];
        text.AsSpan().Fill((byte)'a');
        PickleDictionary root = new();
        for (int i = 0; i < 200; i++)
            root.Add("classes", new PickleBytes(text, latin: false));
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Empty(StatedClassNames.Of("a.pth", root, PlainValues.WithoutTensors()));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void Arrays_on_one_large_text_are_not_copied_without_end()
    {
        PickleBytes text = new(new byte[1 << 20], latin: false);
        PickleDictionary root = new();
        for (int i = 0; i < 2_000; i++)
        {
            PickleArray array = new();
            array.Set([16], new PickleDtype("V65536"), byColumns: false, text, i);
            root.Add("classes", array);
        }
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Empty(StatedClassNames.Of("a.pth", root, PlainValues.WithoutTensors()));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 128 << 20);
    }

    [Fact]
    public void A_text_of_class_names_counts_by_its_names()
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("a,", 1 << 19)));
        PickleDictionary root = new();
        for (int i = 0; i < 8; i++)
            root.Add("classes", new PickleBytes(text, latin: false));

        Assert.Equal(2, StatedClassNames.Of("a.pth", root, PlainValues.WithoutTensors()).Count);
    }

    [Fact]
    public void Of_thousands_of_lists_of_tensors_a_few_are_compared()
    {
        PickleTensor tensor = new(new PickleStorage("0", TorchSharp.torch.ScalarType.Float32, 4), 0, [2, 2], [2, 1]);
        PickleTensor other = new(tensor.Storage, 0, [4], [1]);
        PickleDictionary root = new(),
            state = new();
        state.Add("weight", tensor);
        state.Add("bias", other);
        root.Add("model", state);
        for (int i = 0; i < 3_000; i++)
        {
            PickleList list = new();
            list.Add([tensor, other]);
            root.Add($"shadow{i}", list);
        }

        IReadOnlyList<PickleNode> found = PickleTree.Dictionaries(root);

        Assert.Equal(1 + 64, found.Count);
        Assert.All(found, node => Assert.Equal(["weight", "bias"], node.Tensors.Keys));
    }

    [Fact]
    public void A_view_of_a_texts_bytes_is_one_however_often_it_is_taken()
    {
        PickleBytes text = new("a\u00e9"u8.ToArray(), latin: false),
            view = text.AsLatin();

        Assert.Same(view, text.AsLatin());
        Assert.Same(view, view.AsLatin());
        Assert.Equal((3, 2), (text.Count, view.Count));
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(4 << 20, false)]
    public void A_small_tensor_on_a_large_entry_is_no_value(int bytes, bool read)
    {
        using TempFolder folder = new();
        byte[] pickle =
        [
            .. new byte[] { 0x80, 2 },
            .. Global("torch._utils", "_rebuild_tensor_v2"),
            (byte)'(',
            (byte)'(',
            .. Text("storage"),
            .. Global("torch", "FloatStorage"),
            .. Text("0"),
            .. Text("cpu"),
            .. Int(4),
            (byte)'t',
            (byte)'Q',
            .. Int(0),
            .. Int(2),
            0x85,
            .. Int(1),
            0x85,
            0x89,
            (byte)'N',
            (byte)'t',
            (byte)'R',
            (byte)'.',
        ];
        using (ZipArchive zip = ZipFile.Open(folder["a.pth"], ZipArchiveMode.Create))
        {
            foreach ((string name, byte[] content) in new[] { ("a/data.pkl", pickle), ("a/data/0", new byte[bytes]) })
            {
                using Stream entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(content);
            }
        }
        using TorchArchive archive = TorchArchive.Open(folder["a.pth"]);

        object? value = SmallTensor.Read(archive, Assert.IsType<PickleTensor>(archive.Pickle.Root));

        Assert.Equal(read, value is object[] { Length: 2 });
    }

    [Fact]
    public void A_global_of_a_long_name_is_refused()
    {
        Assert.Contains(
            "longer than 64 KiB",
            Refusal([0x80, 2, .. Global(new string('m', 100_000), "n"), (byte)'.'], false),
            StringComparison.Ordinal
        );
        Assert.Contains("cut off", Refusal([0x80, 2, (byte)'c', (byte)'m'], false), StringComparison.Ordinal);
    }
}
