// Weights that a script saved as arrays of NumPy: the same network, or refused by name; nothing is run.

using System.Globalization;
using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class NumpyWeightsTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly ImageModel model = ModelRegistry.Resolve("vit:img=32,patch=8,dim=24,depth=2,heads=3,classes=5").Create(3);

    public void Dispose()
    {
        model.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("protocol 2")]
    [InlineData("bytes")]
    [InlineData("NumPy 2")]
    [InlineData("buffer")]
    [InlineData("buffer by columns")]
    [InlineData("by columns")]
    [InlineData("the format before zip")]
    [InlineData("a pickle alone")]
    [InlineData("an accelerator's tensors")]
    [InlineData("beside options")]
    public void Arrays_are_the_same_network_as_tensors(string form)
    {
        object? root = model.StateDict().ToDictionary(pair => pair.Key, pair => (object?)Saved(pair.Value, form));
        if (form == "beside options")
            root = new Dictionary<string, object?> { ["model"] = root, ["epoch"] = 3L };
        if (form == "the format before zip")
            PickleBuilder.SaveLegacy(folder["w.pth"], root);
        else if (form == "a pickle alone")
            PickleBuilder.SavePickle(folder["w.pth"], root);
        else
            PickleBuilder.Save(folder["w.pth"], root);
        using LoadedModel loaded = ModelStore.Load(folder["w.pth"], 3);
        foreach ((string name, Tensor tensor) in model.StateDict())
            Assert.True(tensor.eq(loaded.Model.StateDict()[name]).all().item<bool>(), name);
    }

    [Theory]
    [InlineData("f8", ScalarType.Float64)]
    [InlineData("f2", ScalarType.Float16)]
    public void Arrays_of_other_floats_are_read_as_these_numbers(string code, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        PickleBuilder.Save(
            folder["w.pth"],
            model
                .StateDict()
                .ToDictionary(
                    pair => pair.Key,
                    pair => (object?)Array(pair.Value.to(type).bytes.ToArray(), code, pair.Value.shape, columns: false)
                )
        );
        using LoadedModel loaded = ModelStore.Load(folder["w.pth"], 3);
        foreach ((string name, Tensor tensor) in model.StateDict())
            Assert.True(tensor.to(type).to(ScalarType.Float32).eq(loaded.Model.StateDict()[name]).all().item<bool>(), name);
    }

    [Theory]
    [InlineData("f4", '>', 96, ">f4")]
    [InlineData("c8", '<', 192, "c8")]
    [InlineData("V4", '|', 96, "V4")]
    [InlineData("f4", '<', 92, "f4")]
    [InlineData("f4", '<', 100, "f4")]
    [InlineData("f999999999", '<', 96, "f999999999")]
    [InlineData("", '<', 96, "''")]
    public void An_array_that_no_tensor_can_be_is_refused_by_its_name_and_dtype(string code, char order, int bytes, string named)
    {
        Dictionary<string, object?> state = PickleBuilder.State(model);
        state["norm.weight"] = Array(new byte[bytes], code, [24], columns: false, order);
        PickleBuilder.Save(folder["w.pth"], state);
        string message = Assert.Throws<ModelException>(() => ModelStore.Load(folder["w.pth"], 3)).Message;
        Assert.Contains("norm.weight", message, StringComparison.Ordinal);
        Assert.Contains(named.Trim('\''), message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new long[] { long.MaxValue, long.MaxValue })]
    [InlineData(new long[] { -1, 24 })]
    [InlineData(new long[] { 1L << 31 })]
    [InlineData(new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 24 })]
    public void An_array_of_an_impossible_shape_is_refused_without_memory(long[] shape)
    {
        Dictionary<string, object?> state = PickleBuilder.State(model);
        state["norm.weight"] = Array(new byte[96], "f4", shape, columns: false);
        PickleBuilder.Save(folder["w.pth"], state);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(
            "norm.weight",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder["w.pth"], 3)).Message,
            StringComparison.Ordinal
        );
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32L << 20);
    }

    [Fact]
    public void A_text_that_holds_more_than_bytes_is_refused_as_damaged()
    {
        Dictionary<string, object?> state = PickleBuilder.State(model);
        state["norm.weight"] = new PickleBuilder.Built(
            new PickleBuilder.Call(
                "numpy.core.multiarray._reconstruct",
                new PickleBuilder.Named("numpy.ndarray"),
                new object?[] { 0L },
                new byte[] { 98 }
            ),
            new object?[]
            {
                1L,
                new object?[] { 24L },
                Dtype("f4", '<'),
                false,
                new PickleBuilder.Call("_codecs.encode", new string('\u0416', 96), "latin1"),
            }
        );
        PickleBuilder.Save(folder["w.pth"], state);
        Assert.Contains(
            "damaged",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder["w.pth"], 3)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void One_long_text_named_by_many_arrays_is_not_copied_for_each()
    {
        const int Times = 2_000;
        byte[] text = [.. Enumerable.Repeat((byte)'a', 1 << 20)];
        List<byte> pickle =
        [
            0x80,
            2,
            (byte)'X',
            .. BitConverter.GetBytes(text.Length),
            .. text,
            (byte)'q',
            0,
            (byte)'0',
            (byte)']',
            (byte)'(',
        ];
        for (int i = 0; i < Times; i++)
            pickle.AddRange([.. "c_codecs\nencode\n"u8, (byte)'h', 0, (byte)'U', 6, .. "latin1"u8, 0x86, (byte)'R']);
        byte[] bytes = [.. pickle, (byte)'e', (byte)'.'];
        long before = GC.GetAllocatedBytesForCurrentThread();
        PickleReading reading = RestrictedPickle.Read(bytes, "many");
        Assert.Equal(Times, ((PickleList)reading.Root!).Items.Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8L << 20);
    }

    // What numpy 1.24 itself writes, byte for byte.
    [Theory]
    [InlineData(
        "rows",
        "8002636e756d70792e636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7100636e756d70790a6e6461727261790a"
            + "71014b00857102635f636f646563730a656e636f64650a7103580100000062710458060000006c6174696e317105867106527107877108"
            + "527109284b014b024b0386710a636e756d70790a64747970650a710b58020000006634710c898887710d52710e284b0358010000003c71"
            + "0f4e4e4e4affffffff4affffffff4b0074711062896803581b000000000000000000c2803f00000040000040400000c280400000c2a040"
            + "71116805867112527113747114622e"
    )]
    [InlineData(
        "rows",
        "8005958d000000000000008c126e756d70792e636f72652e6e756d65726963948c0b5f66726f6d62756666657294939428961800000000"
            + "000000000000000000803f0000004000004040000080400000a040948c056e756d7079948c0564747970659493948c0266349489888794"
            + "5294284b038c013c944e4e4e4affffffff4affffffff4b007494624b024b0386948c014394749452942e"
    )]
    [InlineData(
        "columns",
        "8002636e756d70792e636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7100636e756d70790a6e6461727261790a"
            + "71014b00857102635f636f646563730a656e636f64650a7103580100000062710458060000006c6174696e317105867106527107877108"
            + "527109284b014b024b0386710a636e756d70790a64747970650a710b58020000006634710c898887710d52710e284b0358010000003c71"
            + "0f4e4e4e4affffffff4affffffff4b0074711062886803581b00000000000000000040400000c2803f0000c28040000000400000c2a040"
            + "71116805867112527113747114622e"
    )]
    [InlineData(
        "columns",
        "8005958d000000000000008c126e756d70792e636f72652e6e756d65726963948c0b5f66726f6d62756666657294939428961800000000"
            + "00000000000000000040400000803f00008040000000400000a040948c056e756d7079948c0564747970659493948c0266349489888794"
            + "5294284b038c013c944e4e4e4affffffff4affffffff4b007494624b024b0386948c014694749452942e"
    )]
    [InlineData(
        "scalar",
        "8002636e756d70792e636f72652e6d756c746961727261790a7363616c61720a7100636e756d70790a64747970650a7101580200000069"
            + "3871028988877103527104284b0358010000003c71054e4e4e4affffffff4affffffff4b0074710662635f636f646563730a656e636f64"
            + "650a71075810000000c3bcc3bfc3bfc3bfc3bfc3bfc3bfc3bf710858060000006c6174696e31710986710a52710b86710c52710d2e"
    )]
    [InlineData(
        "float",
        "8002636e756d70792e636f72652e6d756c746961727261790a7363616c61720a7100636e756d70790a64747970650a7101580200000066"
            + "3471028988877103527104284b0358010000003c71054e4e4e4affffffff4affffffff4b0074710662635f636f646563730a656e636f64"
            + "650a710758040000000000003f710858060000006c6174696e31710986710a52710b86710c52710d2e"
    )]
    [InlineData(
        "bool",
        "8002636e756d70792e636f72652e6d756c746961727261790a7363616c61720a7100636e756d70790a64747970650a7101580200000062"
            + "3171028988877103527104284b0358010000007c71054e4e4e4affffffff4affffffff4b0074710662635f636f646563730a656e636f64"
            + "650a7107580100000001710858060000006c6174696e31710986710a52710b86710c52710d2e"
    )]
    [InlineData(
        "text",
        "8002636e756d70792e636f72652e6d756c746961727261790a7363616c61720a7100636e756d70790a64747970650a7101580200000055"
            + "3371028988877103527104284b0358010000003c71054e4e4e4b0c4b044b0874710662635f636f646563730a656e636f64650a7107580c"
            + "000000620000006500000065000000710858060000006c6174696e31710986710a52710b86710c52710d2e"
    )]
    [InlineData(
        "number",
        "8002636e756d70792e636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7100636e756d70790a6e6461727261790a"
            + "71014b00857102635f636f646563730a656e636f64650a7103580100000062710458060000006c6174696e317105867106527107877108"
            + "527109284b0129636e756d70790a64747970650a710a58020000006938710b898887710c52710d284b0358010000003c710e4e4e4e4aff"
            + "ffffff4affffffff4b0074710f628968035808000000070000000000000071106805867111527112747113622e"
    )]
    [InlineData(
        "number",
        "80059578000000000000008c126e756d70792e636f72652e6e756d65726963948c0b5f66726f6d62756666657294939428960800000000"
            + "0000000700000000000000948c056e756d7079948c0564747970659493948c02693894898887945294284b038c013c944e4e4e4affffff"
            + "ff4affffffff4b00749462298c014394749452942e"
    )]
    [InlineData(
        "texts",
        "8002636e756d70792e636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7100636e756d70790a6e6461727261790a"
            + "71014b00857102635f636f646563730a656e636f64650a7103580100000062710458060000006c6174696e317105867106527107877108"
            + "527109284b014b0285710a636e756d70790a64747970650a710b58020000005533710c898887710d52710e284b0358010000003c710f4e"
            + "4e4e4b0c4b044b08747110628968035818000000610000006e000000740000006200000065000000650000007111680586711252711374"
            + "7114622e"
    )]
    [InlineData(
        "texts",
        "80059585000000000000008c126e756d70792e636f72652e6e756d65726963948c0b5f66726f6d62756666657294939428961800000000"
            + "000000610000006e00000074000000620000006500000065000000948c056e756d7079948c0564747970659493948c0255339489888794"
            + "5294284b038c013c944e4e4e4b0c4b044b087494624b0285948c014394749452942e"
    )]
    [InlineData(
        "objects",
        "8002636e756d70792e636f72652e6d756c746961727261790a5f7265636f6e7374727563740a7100636e756d70790a6e6461727261790a"
            + "71014b00857102635f636f646563730a656e636f64650a7103580100000062710458060000006c6174696e317105867106527107877108"
            + "527109284b014b0285710a636e756d70790a64747970650a710b58020000004f38710c898887710d52710e284b0358010000007c710f4e"
            + "4e4e4affffffff4affffffff4b3f74711062895d7111285803000000616e7471125803000000626565711365747114622e"
    )]
    public void What_numpy_itself_pickles_is_read(string kind, string hex)
    {
        using DisposeScope scope = NewDisposeScope();
        object? root = RestrictedPickle.Read(Convert.FromHexString(hex), "numpy").Root;
        object? plain = PlainValues.WithoutTensors().Value(root, 16);
        switch (kind)
        {
            case "rows" or "columns":
                PickleTensor read = ((PickleArray)root!).Tensor!;
                Assert.Equal([2, 3], read.Shape);
                float[] numbers = new float[6];
                Assert.True(read.Storage.Data!.TryCopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(numbers.AsSpan())));
                for (int row = 0; row < 2; row++)
                {
                    for (int column = 0; column < 3; column++)
                        Assert.Equal((3 * row) + column, numbers[(row * read.Strides[0]) + (column * read.Strides[1])]);
                }
                break;
            case "texts" or "objects":
                Assert.Equal(["ant", "bee"], (object[])plain!);
                break;
            default:
                Assert.Equal(
                    kind switch
                    {
                        "scalar" => -4L,
                        "float" => 0.5,
                        "bool" => true,
                        "text" => "bee",
                        _ => 7L,
                    },
                    plain
                );
                break;
        }
    }

    internal static object Array(byte[] bytes, string code, long[] shape, bool columns, char order = '<') =>
        new PickleBuilder.Built(
            new PickleBuilder.Call(
                "numpy.core.multiarray._reconstruct",
                new PickleBuilder.Named("numpy.ndarray"),
                new object?[] { 0L },
                new byte[] { 98 }
            ),
            new object?[]
            {
                1L,
                shape.Select(size => (object?)size).ToArray(),
                Dtype(code, order),
                columns,
                new PickleBuilder.Call("_codecs.encode", string.Concat(bytes.Select(value => (char)value)), "latin1"),
            }
        );

    internal static object Dtype(string code, char order) =>
        new PickleBuilder.Built(
            new PickleBuilder.Call("numpy.dtype", code, false, true),
            new object?[] { 3L, order.ToString(CultureInfo.InvariantCulture), null, null, null, -1L, -1L, 0L }
        );

    internal static object Scalar(string code, byte[] bytes) =>
        new PickleBuilder.Call(
            "numpy.core.multiarray.scalar",
            Dtype(code, '<'),
            new PickleBuilder.Call("_codecs.encode", string.Concat(bytes.Select(value => (char)value)), "latin1")
        );

    private static object Saved(Tensor tensor, string form)
    {
        using DisposeScope scope = NewDisposeScope();
        bool columns = form.EndsWith("by columns", StringComparison.Ordinal);
        Tensor plain = tensor.detach();
        if (columns)
            plain = plain.permute([.. Enumerable.Range(0, (int)plain.dim()).Reverse().Select(axis => (long)axis)]);
        byte[] bytes = plain.contiguous().bytes.ToArray();
        object?[] shape = [.. tensor.shape.Select(size => (object?)size)];
        object Reconstructed(string core, object content) =>
            new PickleBuilder.Built(
                new PickleBuilder.Call(
                    core + ".multiarray._reconstruct",
                    new PickleBuilder.Named("numpy.ndarray"),
                    new object?[] { 0L },
                    new byte[] { 98 }
                ),
                new object?[] { 1L, shape, Dtype("f4", '<'), columns, content }
            );
        object Buffer(string core) =>
            new PickleBuilder.Call(core + ".numeric._frombuffer", bytes, Dtype("f4", '<'), shape, columns ? "F" : "C");
        return form switch
        {
            "bytes" => Reconstructed("numpy.core", bytes),
            "NumPy 2" => Buffer("numpy._core"),
            "buffer" or "buffer by columns" => Buffer("numpy.core"),
            "an accelerator's tensors" => new PickleBuilder.Call(
                "torch._utils._rebuild_device_tensor_from_numpy",
                Array(bytes, "f4", tensor.shape, columns: false),
                new PickleBuilder.Named("torch.float32"),
                "xla:0",
                true
            ),
            _ => Array(bytes, "f4", tensor.shape, columns),
        };
    }
}
