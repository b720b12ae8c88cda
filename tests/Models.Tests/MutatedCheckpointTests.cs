// Checkpoints with bytes changed at random: read, or refused in one line; never another exception, never memory beyond the file's.

using System.IO.Compression;
using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Models.Tests;

public sealed class MutatedCheckpointTests : IDisposable
{
    // DFKD_MUTATIONS sets more for a long run.
    private static readonly int Pickles = int.TryParse(Environment.GetEnvironmentVariable("DFKD_MUTATIONS"), out int more) ? more : 3000,
        Files = Math.Max(150, Pickles / 100);

    private readonly TempFolder folder = new();
    private readonly ImageModel model = ModelRegistry.Resolve("vit:img=8,patch=4,dim=12,depth=1,heads=3,classes=3").Create(1);

    public void Dispose()
    {
        model.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Mutated_pickles_are_read_or_refused_within_a_bound_of_memory()
    {
        PickleBuilder.Save(folder["w.pth"], Structure());
        byte[] pickle;
        using (ZipArchive zip = ZipFile.OpenRead(folder["w.pth"]))
        using (MemoryStream bytes = new())
        {
            using Stream entry = zip.GetEntry("archive/data.pkl")!.Open();
            entry.CopyTo(bytes);
            pickle = bytes.ToArray();
        }
        Random random = new(11);
        int refused = 0,
            read = 0;
        for (int i = 0; i < Pickles; i++)
        {
            byte[] mutated = Mutate(pickle, random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                PickleReading reading = RestrictedPickle.Read(mutated, "mutated");
                IReadOnlyList<PickleNode> nodes = PickleTree.Dictionaries(reading.Root);
                _ = CheckpointStatements.Read("mutated", reading.Root, PlainValues.WithoutTensors());
                _ = StatedClassNames.Of("mutated", reading.Root, PlainValues.WithoutTensors());
                if (nodes.Count > 0)
                    NetworkFinder.Find("mutated", [.. nodes.Select(node => new TensorDictionary(node.Path, [.. node.Tensors.Keys]))], null);
                read++;
            }
            catch (ModelException)
            {
                refused++;
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64L << 20);
        }
        Assert.True(refused > 0 && read > 0, $"{refused} refused, {read} read");
    }

    [Theory]
    [InlineData("zip")]
    [InlineData("legacy")]
    [InlineData("safetensors")]
    [InlineData("json")]
    public void Mutated_files_are_read_or_refused(string kind)
    {
        string file = folder[kind == "safetensors" ? "w.safetensors" : "w.pth"],
            config = folder["w.json"];
        File.WriteAllText(
            config,
            """{"num_heads": 3, "pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "input_size": [3, 8, 8], "crop_pct": 0.9}, "model_args": {"img_size": 8, "act_layer": "gelu"}, "label_names": ["a", "b", "c"]}"""
        );
        if (kind == "legacy")
            PickleBuilder.SaveLegacy(file, Structure());
        else if (kind == "safetensors")
            using (FileStream stream = File.Create(file))
                SafeTensors.Write(stream, model.StateDict());
        else
            PickleBuilder.Save(file, Structure());
        string mutatedFile = kind == "json" ? config : file;
        byte[] bytes = File.ReadAllBytes(mutatedFile);
        Random random = new(5);
        int refused = 0;
        for (int i = 0; i < Files; i++)
        {
            File.WriteAllBytes(mutatedFile, Mutate(bytes, random));
            try
            {
                ModelStore.Load(file).Dispose();
            }
            catch (ModelException refusal)
            {
                Assert.DoesNotContain(refusal.Message, character => char.IsControl(character));
                refused++;
            }
        }
        Assert.InRange(refused, 1, Files);
    }

    [Fact]
    public void Shapes_that_repeat_are_refused_before_they_are_copied()
    {
        // One tuple of 100,000 sizes, named by 2,000 tensors.
        List<byte> pickle =
        [
            0x80,
            2,
            (byte)'(',
            .. Enumerable.Repeat((byte[])[(byte)'K', 1], 100_000).SelectMany(bytes => bytes),
            (byte)'t',
            (byte)'q',
            0,
            (byte)'0',
        ];
        pickle.AddRange([
            (byte)'(',
            .. Text("storage"),
            .. "ctorch\nFloatStorage\n"u8,
            .. Text("0"),
            .. Text("cpu"),
            (byte)'K',
            1,
            (byte)'t',
            (byte)'Q',
            (byte)'q',
            1,
            (byte)'0',
            (byte)'}',
            (byte)'(',
        ]);
        for (int i = 0; i < 2_000; i++)
            pickle.AddRange([
                .. Text($"w{i}"),
                .. "ctorch._utils\n_rebuild_tensor_v2\n"u8,
                (byte)'(',
                (byte)'h',
                1,
                (byte)'K',
                0,
                (byte)'h',
                0,
                (byte)'h',
                0,
                0x89,
                (byte)'N',
                (byte)'t',
                (byte)'R',
            ]);
        byte[] bytes = [.. pickle, (byte)'u', (byte)'.'];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(
            "100000 dimensions",
            Assert.Throws<ModelException>(() => RestrictedPickle.Read(bytes, "bomb")).Message,
            StringComparison.Ordinal
        );
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100L * bytes.Length);
    }

    [Theory]
    [InlineData(new byte[] { (byte)']' })]
    [InlineData(new byte[] { (byte)'}' })]
    [InlineData(new byte[] { (byte)')' })]
    [InlineData(new byte[] { (byte)'N', 0x94 })]
    [InlineData(new byte[] { (byte)'K', 7 })]
    public void A_pickle_of_millions_of_objects_is_refused_by_its_budget(byte[] repeated)
    {
        byte[] bytes = [0x80, 2, .. Enumerable.Repeat(repeated, 4_000_000 / repeated.Length).SelectMany(part => part), (byte)'.'];
        Assert.Contains(
            "more objects",
            Assert.Throws<ModelException>(() => RestrictedPickle.Read(bytes, "many")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Views_of_one_storage_that_describe_more_than_the_file_are_refused()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, object?> state = PickleBuilder.State(model);
        torch.Tensor large = torch.zeros(100_000);
        state["blocks.0.a"] = large;
        for (int i = 0; i < 200; i++)
            state[$"blocks.0.b{i}"] = new PickleBuilder.View(model.StateDict().Count, large, 0);
        PickleBuilder.Save(folder["w.pth"], state);
        Assert.Contains(
            "again and again",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder["w.pth"], 3)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_flipped_bit_is_told_by_the_archives_checksum()
    {
        PickleBuilder.Save(folder["w.pth"], Structure());
        byte[] bytes = File.ReadAllBytes(folder["w.pth"]);
        // The class token's numbers.
        byte[] storage = model.StateDict()["norm.weight"].bytes.ToArray();
        int at = bytes.AsSpan().IndexOf(storage);
        bytes[at + 6] ^= 1;
        File.WriteAllBytes(folder["w.pth"], bytes);
        Assert.Contains(
            "checksum",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder["w.pth"], 3)).Message,
            StringComparison.Ordinal
        );
    }

    private Dictionary<string, object?> Structure() =>
        new()
        {
            ["epoch"] = 3L,
            ["args"] = new PickleBuilder.Instance(
                "argparse.Namespace",
                new()
                {
                    ["num_heads"] = 3L,
                    ["mean"] = new object?[] { 0.5, 0.5, 0.5 },
                    ["out"] = new PickleBuilder.Call("pathlib.PosixPath", "a"),
                }
            ),
            ["state_dict"] = PickleBuilder.State(model, "module."),
        };

    private static byte[] Mutate(byte[] source, Random random)
    {
        byte[] bytes = [.. source];
        for (int change = random.Next(1, 6); change > 0; change--)
        {
            int at = random.Next(bytes.Length);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes = [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(1, 9))..], 0];
                    break;
                case 3:
                    bytes = [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]];
                    break;
                default:
                    int from = random.Next(bytes.Length),
                        length = Math.Min(random.Next(1, 40), bytes.Length - Math.Max(from, at));
                    bytes.AsSpan(from, length).ToArray().CopyTo(bytes, at);
                    break;
            }
        }
        return bytes;
    }

    private static byte[] Text(string text) =>
        [(byte)'X', .. BitConverter.GetBytes(text.Length), .. System.Text.Encoding.ASCII.GetBytes(text)];
}
