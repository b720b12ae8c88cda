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
        Assert.Contains("norm.weight", Assert.Throws<ModelException>(() => ModelStore.Load(folder["w.pth"], 3)).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32L << 20);
    }

    [Fact]
    public void A_text_that_holds_more_than_bytes_is_refused_as_damaged()
    {
        Dictionary<string, object?> state = PickleBuilder.State(model);
        state["norm.weight"] = new PickleBuilder.Built(
            new PickleBuilder.Call("numpy.core.multiarray._reconstruct", new PickleBuilder.Named("numpy.ndarray"), new object?[] { 0L }, new byte[] { 98 }),
            new object?[] { 1L, new object?[] { 24L }, Dtype("f4", '<'), false, new PickleBuilder.Call("_codecs.encode", new string('\u0416', 96), "latin1") }
        );
        PickleBuilder.Save(folder["w.pth"], state);
        Assert.Contains("damaged", Assert.Throws<ModelException>(() => ModelStore.Load(folder["w.pth"], 3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_long_text_named_by_many_arrays_is_not_copied_for_each()
    {
        const int Times = 2_000;
        byte[] text = [.. Enumerable.Repeat((byte)'a', 1 << 20)];
        List<byte> pickle = [0x80, 2, (byte)'X', .. BitConverter.GetBytes(text.Length), .. text, (byte)'q', 0, (byte)'0', (byte)']', (byte)'('];
        for (int i = 0; i < Times; i++)
            pickle.AddRange([.. "c_codecs\nencode\n"u8, (byte)'h', 0, (byte)'U', 6, .. "latin1"u8, 0x86, (byte)'R']);
        byte[] bytes = [.. pickle, (byte)'e', (byte)'.'];
        long before = GC.GetAllocatedBytesForCurrentThread();
        PickleReading reading = RestrictedPickle.Read(bytes, "many");
        Assert.Equal(Times, ((PickleList)reading.Root!).Items.Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8L << 20);
    }

    internal static object Array(byte[] bytes, string code, long[] shape, bool columns, char order = '<') =>
        new PickleBuilder.Built(
            new PickleBuilder.Call("numpy.core.multiarray._reconstruct", new PickleBuilder.Named("numpy.ndarray"), new object?[] { 0L }, new byte[] { 98 }),
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
                new PickleBuilder.Call(core + ".multiarray._reconstruct", new PickleBuilder.Named("numpy.ndarray"), new object?[] { 0L }, new byte[] { 98 }),
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
