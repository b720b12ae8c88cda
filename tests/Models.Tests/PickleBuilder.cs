// Checkpoints as torch.save writes them, and as people's scripts fill them.

using System.IO.Compression;
using System.Text;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

/// <summary>Writes pickles of protocol 2 with tensors, in the zip format or the one before it.</summary>
internal sealed class PickleBuilder
{
    private readonly List<byte> pickle = [0x80, 2];
    private readonly List<byte[]> storages = [];

    /// <summary>Something that is pickled by raw opcodes.</summary>
    public sealed record Raw(byte[] Opcodes);

    /// <summary>An object of a class with attributes, made without arguments.</summary>
    public sealed record Instance(string Global, Dictionary<string, object?> Attributes);

    /// <summary>The call of a global.</summary>
    public sealed record Call(string Global, params object?[] Arguments);

    /// <summary>An object, and the state that is set on it.</summary>
    public sealed record Built(object? Object, object? State);

    /// <summary>An object of a class derived from dict, and its items.</summary>
    public sealed record WithItems(object? Object, Dictionary<string, object?> Items);

    /// <summary>A global alone.</summary>
    public sealed record Named(string Global);

    /// <summary>Two names of one storage: the tensor is written once.</summary>
    /// <param name="Storage">Which one, in the order of the tensors.</param>
    /// <param name="Like">Has the shape.</param>
    /// <param name="Offset">Where it begins.</param>
    /// <param name="Claimed">The storage's elements; null for as many as it has.</param>
    public sealed record View(int Storage, Tensor Like, long Offset, long? Claimed = null);

    /// <summary>The zip format.</summary>
    public static void Save(string path, object? root) => new PickleBuilder().WriteZip(path, root);

    /// <summary>The format before it.</summary>
    public static void SaveLegacy(string path, object? root) => new PickleBuilder().WriteLegacy(path, root);

    /// <summary>A pickle alone, as pickle.dump leaves it.</summary>
    public static void SavePickle(string path, object? root) => File.WriteAllBytes(path, [0x80, 2, .. Alone(root)[2..]]);

    /// <summary>A state dict of a model, names prefixed.</summary>
    public static Dictionary<string, object?> State(ImageModel model, string prefix = "") =>
        model.StateDict().ToDictionary(pair => prefix + pair.Key, pair => (object?)pair.Value);

    private void WriteZip(string path, object? root)
    {
        Add(root);
        pickle.Add((byte)'.');
        using ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create);
        Put("archive/data.pkl", [.. pickle]);
        for (int i = 0; i < storages.Count; i++)
            Put($"archive/data/{i}", storages[i]);
        Put("archive/version", "3\n"u8.ToArray());

        void Put(string name, byte[] bytes)
        {
            using Stream entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
            entry.Write(bytes);
        }
    }

    private void WriteLegacy(string path, object? root)
    {
        Add(root);
        pickle.Add((byte)'.');
        using FileStream file = File.Create(path);
        file.Write([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.']);
        file.Write(Alone(1001L));
        file.Write(Alone(new Dictionary<string, object?> { ["protocol_version"] = 1001L, ["little_endian"] = true }));
        file.Write([.. pickle]);
        file.Write(
            Alone(
                Enumerable
                    .Range(0, storages.Count)
                    .Select(i => (object?)i.ToString(System.Globalization.CultureInfo.InvariantCulture))
                    .ToList()
            )
        );
        foreach (byte[] storage in storages)
        {
            file.Write(BitConverter.GetBytes(storage.LongLength / 4));
            file.Write(storage);
        }
    }

    private static byte[] Alone(object? value)
    {
        PickleBuilder builder = new();
        builder.Add(value);
        return [.. builder.pickle, (byte)'.'];
    }

    private void Add(object? value)
    {
        switch (value)
        {
            case null:
                pickle.Add((byte)'N');
                break;
            case bool flag:
                pickle.Add(flag ? (byte)0x88 : (byte)0x89);
                break;
            case int number:
                Add((long)number);
                break;
            case long number:
                pickle.AddRange([0x8a, 8, .. BitConverter.GetBytes(number)]);
                break;
            case double number:
                pickle.AddRange([(byte)'G', .. BitConverter.GetBytes(number).Reverse()]);
                break;
            case string text:
                Text(text);
                break;
            case byte[] bytes:
                pickle.AddRange([(byte)'B', .. BitConverter.GetBytes(bytes.Length), .. bytes]);
                break;
            case Raw raw:
                pickle.AddRange(raw.Opcodes);
                break;
            case Named named:
                Global(named.Global);
                break;
            case Call call:
                Global(call.Global);
                Tuple(call.Arguments);
                pickle.Add((byte)'R');
                break;
            case Instance instance:
                Global(instance.Global);
                pickle.AddRange([(byte)')', 0x81]);
                Add(instance.Attributes);
                pickle.Add((byte)'b');
                break;
            case Built built:
                Add(built.Object);
                Add(built.State);
                pickle.Add((byte)'b');
                break;
            case WithItems held:
                Add(held.Object);
                Items(held.Items);
                break;
            case View view:
                Put(view.Storage, view.Like, view.Offset, view.Claimed);
                break;
            case Tensor tensor:
                using (Tensor plain = tensor.detach().to(ScalarType.Float32).contiguous())
                    storages.Add(plain.bytes.ToArray());
                Put(storages.Count - 1, tensor, 0);
                break;
            case object?[] tuple:
                Tuple(tuple);
                break;
            case IDictionary<string, object?> dictionary:
                pickle.Add((byte)'}');
                Items(dictionary);
                break;
            case IEnumerable<object?> list:
                pickle.AddRange([(byte)']', (byte)'(']);
                foreach (object? item in list)
                    Add(item);
                pickle.Add((byte)'e');
                break;
            default:
                throw new ArgumentException(value.GetType().Name);
        }
    }

    private void Items(IDictionary<string, object?> items)
    {
        pickle.Add((byte)'(');
        foreach ((string key, object? item) in items)
        {
            Text(key);
            Add(item);
        }
        pickle.Add((byte)'u');
    }

    private void Put(int storage, Tensor like, long offset, long? claimed = null)
    {
        Global("torch._utils._rebuild_tensor_v2");
        pickle.Add((byte)'(');
        pickle.Add((byte)'(');
        Text("storage");
        Global("torch.FloatStorage");
        Text(storage.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Text("cpu");
        Add(claimed ?? (storages[storage].LongLength / 4));
        pickle.AddRange([(byte)'t', (byte)'Q']);
        Add(offset);
        Tuple([.. like.shape.Select(size => (object?)size)]);
        long[] strides = new long[like.shape.Length];
        for (int i = strides.Length - 1, step = 1; i >= 0; step *= (int)like.shape[i--])
            strides[i] = step;
        Tuple([.. strides.Select(size => (object?)size)]);
        pickle.Add(0x89);
        Add(new Call("collections.OrderedDict"));
        pickle.AddRange([(byte)'t', (byte)'R']);
    }

    private void Tuple(object?[] items)
    {
        pickle.Add((byte)'(');
        foreach (object? item in items)
            Add(item);
        pickle.Add((byte)'t');
    }

    private void Global(string name) =>
        pickle.AddRange(Encoding.UTF8.GetBytes($"c{name[..name.LastIndexOf('.')]}\n{name[(name.LastIndexOf('.') + 1)..]}\n"));

    private void Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        pickle.AddRange([(byte)'X', .. BitConverter.GetBytes(bytes.Length), .. bytes]);
    }
}
