// Checkpoints: pickles alone, in both of torch.save's formats, safetensors, and the config beside weights.

using System.IO.Compression;
using DataFreeKD.Models;
using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Models.Tests;
using TorchSharp;

namespace DataFreeKD.Fuzz.Targets;

/// <summary>What the checkpoint targets begin with: a network of one small block, as different programs save it.</summary>
internal static class CheckpointCorpus
{
    private const string Spec = "vit:img=8,patch=4,dim=12,depth=1,heads=3,classes=3";

    public static readonly string[] PickleWords =
    [
        "ctorch\nFloatStorage\n",
        "ctorch._utils\n_rebuild_tensor_v2\n",
        "ccollections\nOrderedDict\n",
        "cos\nsystem\n",
        "cbuiltins\neval\n",
        "\x80\u0002",
        "\x8a\u0004\xff\xff\xff\x7f",
        "X\xff\xff\xff\x7f",
        "(",
        "t",
        "R",
        "}",
        "]",
        "u",
        "s",
        "b",
        "Q",
        "q\0",
        "h\0",
        "\x94",
        "\x93",
        "\x81",
        "0",
        "2",
        ".",
    ];

    public static byte[] Torch(bool legacy, string prefix = "")
    {
        using ImageModel model = Network();
        string file = Path.Combine(Path.GetTempPath(), $"fuzz-corpus-{Environment.ProcessId}.pth");
        Dictionary<string, object?> root = new()
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
            ["state_dict"] = PickleBuilder.State(model, prefix),
        };
        File.Delete(file);
        if (legacy)
            PickleBuilder.SaveLegacy(file, root);
        else
            PickleBuilder.Save(file, root);
        byte[] bytes = File.ReadAllBytes(file);
        File.Delete(file);
        return bytes;
    }

    public static byte[] Safe(string? prefix = null)
    {
        using ImageModel model = Network();
        using MemoryStream stream = new();
        SafeTensors.Write(
            stream,
            prefix is null ? model.StateDict() : model.StateDict().ToDictionary(pair => prefix + pair.Key, pair => pair.Value)
        );
        return stream.ToArray();
    }

    public static byte[] Pickle(byte[] zip)
    {
        using ZipArchive archive = new(new MemoryStream(zip));
        using Stream entry = archive.GetEntry("archive/data.pkl")!.Open();
        using MemoryStream bytes = new();
        entry.CopyTo(bytes);
        return bytes.ToArray();
    }

    public static void Load(string file, int? heads = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        ModelStore.Load(file, heads).Dispose();
    }

    private static ImageModel Network() => ModelRegistry.Resolve(Spec).Create(1);
}

/// <summary>The pickle alone, through all that looks at it before tensors are made.</summary>
internal sealed class PickleTarget : Target
{
    public override string Name => "pickle";

    public override string Extension => ".pkl";

    public override string Family => "checkpoints";

    public override bool OnDisk => false;

    protected override IReadOnlyList<string> Words => CheckpointCorpus.PickleWords;

    protected override IReadOnlyList<byte[]> Samples() =>
        [
            CheckpointCorpus.Pickle(CheckpointCorpus.Torch(legacy: false)),
            CheckpointCorpus.Pickle(CheckpointCorpus.Torch(legacy: false, "module.")),
        ];

    public override void Read(byte[] bytes, string file)
    {
        PickleReading reading = RestrictedPickle.Read(bytes, "mutated");
        IReadOnlyList<PickleNode> nodes = PickleTree.Dictionaries(reading.Root);
        PlainValues values = new(_ => null);
        _ = CheckpointStatements.Read("mutated", reading.Root, values);
        _ = StatedClassNames.Of("mutated", reading.Root, values);
        if (nodes.Count > 0)
            NetworkFinder.Find("mutated", [.. nodes.Select(node => new TensorDictionary(node.Path, [.. node.Tensors.Keys]))], null);
    }
}

/// <summary>A changed pickle in a zip archive whose checksums hold, so that it is read to the tensors.</summary>
internal sealed class TorchZipTarget : Target
{
    private readonly Lazy<byte[]> zip = new(() => CheckpointCorpus.Torch(legacy: false));

    public override string Name => "torch-zip";

    public override string Extension => ".pth";

    public override string Family => "checkpoints";

    protected override IReadOnlyList<string> Words => CheckpointCorpus.PickleWords;

    protected override IReadOnlyList<byte[]> Samples() => [CheckpointCorpus.Pickle(zip.Value)];

    protected override byte[] Wrapped(int sample, byte[] bytes)
    {
        using MemoryStream stream = new();
        stream.Write(zip.Value);
        using (ZipArchive archive = new(stream, ZipArchiveMode.Update, leaveOpen: true))
        {
            archive.GetEntry("archive/data.pkl")!.Delete();
            using Stream entry = archive.CreateEntry("archive/data.pkl", CompressionLevel.NoCompression).Open();
            entry.Write(bytes);
        }
        return stream.ToArray();
    }

    public override void Read(byte[] bytes, string file) => CheckpointCorpus.Load(file);
}

/// <summary>Files of torch.save, changed anywhere.</summary>
internal sealed class TorchFileTarget(string name, bool legacy) : Target
{
    public override string Name => name;

    public override string Extension => ".pth";

    public override string Family => "checkpoints";

    protected override IReadOnlyList<string> Words =>
        legacy
            ? CheckpointCorpus.PickleWords
            :
            [
                "PK\u0003\u0004",
                "PK\u0001\u0002",
                "PK\u0005\u0006",
                "PK\u0006\u0006",
                "PK\u0006\u0007",
                "archive/data/0",
                "\xff\xff\xff\xff",
            ];

    protected override IReadOnlyList<byte[]> Samples() => [CheckpointCorpus.Torch(legacy), CheckpointCorpus.Torch(legacy, "module.")];

    public override void Read(byte[] bytes, string file) => CheckpointCorpus.Load(file);
}

/// <summary>safetensors: the header's JSON changed, its length put right half of the time.</summary>
internal sealed class SafeTensorsTarget : Target
{
    public override string Name => "safetensors";

    public override string Extension => ".safetensors";

    public override string Family => "checkpoints";

    protected override IReadOnlyList<string> Words =>
        [
            "\"dtype\":\"F32\"",
            "\"BF16\"",
            "\"F8_E4M3\"",
            "\"shape\":[",
            "\"data_offsets\":[0,",
            "[1,99999999,99999999]",
            "-1",
            "9223372036854775807",
            "1e400",
            "__metadata__",
            "{",
            "}",
            "[",
            "]",
            "\\u0000",
            "null",
        ];

    protected override IReadOnlyList<byte[]> Samples() => [CheckpointCorpus.Safe(), CheckpointCorpus.Safe("model.")];

    protected override byte[] Wrapped(int sample, byte[] bytes)
    {
        int end = bytes.AsSpan().LastIndexOf("]}}"u8) + 3;
        if (end <= 10 || bytes.Length % 2 == 0)
            return bytes;
        BitConverter.TryWriteBytes(bytes = [.. bytes], (long)end - 8);
        return bytes;
    }

    public override void Read(byte[] bytes, string file) => CheckpointCorpus.Load(file, heads: 3);
}

/// <summary>The config beside good weights.</summary>
internal sealed class ConfigTarget : Target
{
    public override string Name => "config";

    public override string Extension => ".json";

    public override string Family => "checkpoints";

    protected override IReadOnlyList<string> Words =>
        [
            "\"num_heads\":",
            "\"architecture\":\"vit_tiny_patch16_224\"",
            "\"hidden_act\":\"gelu\"",
            "\"image_size\":[8,8]",
            "\"crop_pct\":",
            "null",
            "1e999",
            "-1",
            "99999999999",
            "[]",
            "{}",
            "true",
            "\"\"",
            "\u0000",
            "\\ud800",
        ];

    protected override IReadOnlyList<byte[]> Samples() =>
        [
            [
                .. """{"num_heads": 3, "pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "input_size": [3, 8, 8], "crop_pct": 0.9}, "model_args": {"img_size": 8, "act_layer": "gelu"}, "label_names": ["a", "b", "c"]}"""u8,
            ],
            [
                .. """{"model_type": "vit", "num_attention_heads": 3, "hidden_size": 12, "image_size": 8, "patch_size": 4, "id2label": {"0": "a", "1": "b", "2": "c"}, "layer_norm_eps": 1e-12}"""u8,
            ],
        ];

    public override void Read(byte[] bytes, string file)
    {
        string folder = Path.GetDirectoryName(file)!,
            directory = Path.Combine(folder, "model");
        if (!Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory);
            File.WriteAllBytes(Path.Combine(directory, "model.safetensors"), CheckpointCorpus.Safe());
        }
        File.Copy(file, Path.Combine(directory, "config.json"), overwrite: true);
        CheckpointCorpus.Load(directory);
    }
}
