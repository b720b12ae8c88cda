// What a checkpoint states beside its weights, in every form that trainers give it: options and class names.

using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class StatedBesideWeightsTests : IDisposable
{
    private static readonly string[] Names = ["ant", "bee", "cat", "dog", "eel"];

    private readonly TempFolder folder = new();
    private readonly ImageModel model = ModelRegistry.Resolve("vit:img=32,patch=8,dim=24,depth=2,heads=3,classes=5").Create(3);

    public void Dispose()
    {
        model.Dispose();
        folder.Dispose();
    }

    public static TheoryData<string> Forms =>
        [
            "Namespace",
            "SimpleNamespace",
            "dictionary",
            "pairs",
            "top",
            "JSON",
            "long JSON",
            "text of a dictionary",
            "text of a Namespace",
            "words",
            "words with equals",
            "line",
            "assignments",
            "flat",
            "OmegaConf",
            "yacs",
            "slots",
            "mmengine",
            "NumPy",
            "tensors",
            "texts",
        ];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Options_count_in_whatever_form_they_are_kept(string form)
    {
        using LoadedModel loaded = Load(Options(form));
        VitConfig config = (VitConfig)loaded.Model.Config;
        Assert.Equal((6, Activation.Relu), (config.Heads, config.Activation));
        Assert.Equal([0.25f, 0.5f, 0.75f], loaded.Preprocessing.Mean);
        Assert.Equal([0.5f, 0.5f, 0.5f], loaded.Preprocessing.Std);
        Assert.All(loaded.Facts.Where(fact => fact.Field is "heads" or "activation" or "mean" or "std"), fact =>
            Assert.Contains("w.pth", fact.Source, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("scalar")]
    [InlineData("array without dimensions")]
    [InlineData("array of one")]
    [InlineData("tensor without dimensions")]
    [InlineData("tensor of one")]
    [InlineData("text")]
    [InlineData("float")]
    [InlineData("tuple of one")]
    [InlineData("the same for each block")]
    public void Heads_are_one_number_whatever_holds_it(string kind)
    {
        using DisposeScope scope = NewDisposeScope();
        object? heads = kind switch
        {
            "scalar" => NumpyWeightsTests.Scalar("i8", BitConverter.GetBytes(6L)),
            "array without dimensions" => NumpyWeightsTests.Array(BitConverter.GetBytes(6L), "i8", [], columns: false),
            "array of one" => NumpyWeightsTests.Array(BitConverter.GetBytes(6), "i4", [1], columns: false),
            "tensor without dimensions" => tensor(6f),
            "tensor of one" => tensor([6f]),
            "text" => "6",
            "float" => 6.0,
            "tuple of one" => new object?[] { 6L },
            _ => new List<object?> { 6L, 6L },
        };
        using LoadedModel loaded = Load(new() { ["args"] = new Dictionary<string, object?> { ["num_heads"] = heads } });
        Assert.Equal(6, ((VitConfig)loaded.Model.Config).Heads);
        Assert.Contains("args.num_heads", loaded.Facts.Single(fact => fact.Field == "heads").Source, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_numbers_of_heads_are_refused_by_name_unless_the_user_gives_one()
    {
        Dictionary<string, object?> beside = new()
        {
            ["args"] = new Dictionary<string, object?> { ["num_heads"] = new object?[] { 3L, 6L, 12L } },
        };
        Assert.Contains("args.num_heads", Assert.Throws<ModelException>(() => Load(beside)).Message, StringComparison.Ordinal);
        using LoadedModel loaded = ModelStore.Load(folder["w.pth"], 3);
        Assert.Equal(3, ((VitConfig)loaded.Model.Config).Heads);
        Assert.Contains(loaded.Notes, note => note.Contains("[3, 6, 12]", StringComparison.Ordinal));
    }

    [Fact]
    public void Options_of_a_teacher_are_another_networks()
    {
        using LoadedModel loaded = Load(
            new()
            {
                ["args"] = new Dictionary<string, object?>
                {
                    ["num_heads"] = 6L,
                    ["teacher.num_heads"] = 3L,
                    ["teacher"] = new Dictionary<string, object?> { ["num_heads"] = 12L, ["class_names"] = Names.ToList<object?>() },
                },
            }
        );
        Assert.Equal(6, ((VitConfig)loaded.Model.Config).Heads);
        Assert.Empty(loaded.ClassNames);
    }

    [Theory]
    [InlineData("model: vit_tiny_patch16_224\nnum_heads: 6\n")]
    [InlineData("{'num_heads': }")]
    public void Options_in_a_text_that_cannot_be_read_are_named(string text)
    {
        PickleBuilder.Save(folder["w.pth"], new Dictionary<string, object?> { ["model"] = PickleBuilder.State(model), ["args"] = text });
        using LoadedModel loaded = ModelStore.Load(folder["w.pth"], 3);
        Assert.Contains(loaded.Notes, note =>
            note.StartsWith("args of", StringComparison.Ordinal) && note.Contains("cannot be read", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void An_option_that_is_a_network_of_several_stages_does_not_grow_with_its_references()
    {
        // Each of five levels names the next a hundred times.
        List<byte> level = [(byte)'}', (byte)'q', 0, (byte)'0'];
        for (byte depth = 1; depth <= 5; depth++)
        {
            level.AddRange([(byte)'}', (byte)'(']);
            for (int i = 0; i < 100; i++)
                level.AddRange([(byte)'U', 3, .. System.Text.Encoding.ASCII.GetBytes($"k{i:00}"), (byte)'h', (byte)(depth - 1)]);
            level.AddRange([(byte)'u', (byte)'q', depth, (byte)'0']);
        }
        level.AddRange([(byte)'h', 5]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        using LoadedModel loaded = Load(new() { ["args"] = new PickleBuilder.Raw([.. level]), ["num_heads"] = 6L });
        Assert.Equal(6, ((VitConfig)loaded.Model.Config).Heads);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 512L << 20);
    }

    public static TheoryData<string> Lists =>
        [
            "class_to_idx",
            "classes",
            "class_names of a tuple",
            "idx_to_class",
            "id2label",
            "names",
            "names by number",
            "label_names of NumPy",
            "objects of NumPy",
            "hyper_parameters",
            "args",
            "deep in options",
            "data module",
            "mmengine",
            "JSON",
            "comma",
            "NumPy numbers",
            "tensors",
            "synset and word",
            "OmegaConf",
        ];

    [Theory]
    [MemberData(nameof(Lists))]
    public void Class_names_are_read_wherever_trainers_keep_them(string kind)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, object?> toIndex = Names
            .Select((name, i) => (name, i))
            .Reverse()
            .ToDictionary(pair => pair.name, pair => (object?)(long)pair.i);
        Dictionary<string, object?> byNumber = Names
            .Select((name, i) => (name, i))
            .ToDictionary(pair => pair.i.ToString(System.Globalization.CultureInfo.InvariantCulture), pair => (object?)pair.name);
        List<object?> list = [.. Names];
        Dictionary<string, object?> beside = kind switch
        {
            "class_to_idx" => new() { ["class_to_idx"] = toIndex },
            "classes" => new() { ["classes"] = list },
            "class_names of a tuple" => new() { ["class_names"] = list.ToArray() },
            "idx_to_class" => new() { ["idx_to_class"] = Numbered() },
            "id2label" => new() { ["id2label"] = byNumber },
            "names" => new() { ["names"] = list },
            "names by number" => new() { ["names"] = Numbered() },
            "label_names of NumPy" => new()
            {
                ["label_names"] = NumpyWeightsTests.Array(
                    [.. Names.SelectMany(System.Text.Encoding.UTF32.GetBytes)],
                    "U3",
                    [5],
                    columns: false
                ),
            },
            "objects of NumPy" => new()
            {
                ["classes"] = new PickleBuilder.Built(
                    new PickleBuilder.Call(
                        "numpy.core.multiarray._reconstruct",
                        new PickleBuilder.Named("numpy.ndarray"),
                        new object?[] { 0L },
                        new byte[] { 98 }
                    ),
                    new object?[] { 1L, new object?[] { 5L }, NumpyWeightsTests.Dtype("O8", '|'), false, list }
                ),
            },
            "hyper_parameters" => new() { ["hyper_parameters"] = new Dictionary<string, object?> { ["class_to_idx"] = toIndex } },
            "args" => new() { ["args"] = new PickleBuilder.Instance("argparse.Namespace", new() { ["class_names"] = list }) },
            "deep in options" => new()
            {
                ["opt"] = new Dictionary<string, object?> { ["data"] = new Dictionary<string, object?> { ["names"] = list } },
            },
            "data module" => new() { ["datamodule"] = new Dictionary<string, object?> { ["class_to_idx"] = toIndex } },
            "mmengine" => new()
            {
                ["meta"] = new Dictionary<string, object?>
                {
                    ["dataset_meta"] = new Dictionary<string, object?> { ["CLASSES"] = list.ToArray() },
                },
            },
            "JSON" => new() { ["class_to_idx"] = """{"bee": 1, "ant": 0, "eel": 4, "dog": 3, "cat": 2}""" },
            "comma" => new() { ["args"] = new Dictionary<string, object?> { ["class_names"] = "ant, bee, cat, dog, eel" } },
            "NumPy numbers" => new()
            {
                ["class_to_idx"] = toIndex.ToDictionary(
                    pair => pair.Key,
                    pair => (object?)NumpyWeightsTests.Scalar("i8", BitConverter.GetBytes((long)pair.Value!))
                ),
            },
            "tensors" => new() { ["idx_to_class"] = Numbered(), ["best"] = tensor(0.9f) },
            "synset and word" => new()
            {
                ["class_index"] = 3L,
                ["idx_to_label"] = byNumber.ToDictionary(pair => pair.Key, pair => (object?)new List<object?> { "n0", pair.Value }),
            },
            _ => new() { ["cfg"] = Node(new() { ["data"] = Node(new() { ["class_names"] = ListNode([.. list.Select(Leaf)]) }) }) },
        };
        using LoadedModel loaded = Load(beside, heads: 3);
        Assert.Equal(Names, loaded.ClassNames);
        ModelFact told = loaded.Facts.Single(fact => fact.Field == "class names");
        Assert.Equal((FactSource.Arguments, "5"), (told.By, told.Value));
        Assert.Contains("w.pth", told.Source, StringComparison.Ordinal);

        // Keys that are numbers, as a pickle has them.
        static PickleBuilder.Raw Numbered()
        {
            List<byte> pairs = [(byte)'}', (byte)'('];
            for (byte i = 0; i < Names.Length; i++)
                pairs.AddRange([(byte)'K', i, (byte)'U', 3, .. System.Text.Encoding.ASCII.GetBytes(Names[i])]);
            return new([.. pairs, (byte)'u']);
        }
    }

    [Theory]
    [InlineData(4, "names 4 classes, the head has 5")]
    [InlineData(6, "names 6 classes, the head has 5")]
    public void Class_names_of_another_number_are_left_out_and_that_is_said(int count, string said)
    {
        using LoadedModel loaded = Load(
            new() { ["classes"] = Enumerable.Range(0, count).Select(i => (object?)$"c{i}").ToList() },
            heads: 3
        );
        Assert.Empty(loaded.ClassNames);
        Assert.Contains(loaded.Notes, note => note.Contains(said, StringComparison.Ordinal));
    }

    [Fact]
    public void Indices_with_a_gap_name_no_classes_and_that_is_said()
    {
        using LoadedModel loaded = Load(
            new()
            {
                ["class_to_idx"] = new Dictionary<string, object?>
                {
                    ["a"] = 0L,
                    ["b"] = 1L,
                    ["c"] = 2L,
                    ["d"] = 3L,
                    ["e"] = 5L,
                },
            },
            heads: 3
        );
        Assert.Empty(loaded.ClassNames);
        Assert.Contains(loaded.Notes, note => note.Contains("does not name each", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"label_names": ["ant", "bee", "dog", "cat", "eel"]}""", "cat", "'dog'")]
    [InlineData("""{"id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2", "3": "LABEL_3", "4": "LABEL_4"}}""", "dog", null)]
    [InlineData("""{"label_names": ["ant", "bee", "cat", "dog", "eel"]}""", "dog", null)]
    public void Names_of_the_config_count_before_the_checkpoints_and_a_difference_is_said(string config, string third, string? said)
    {
        File.WriteAllText(folder["w.json"], config);
        using LoadedModel loaded = Load(new() { ["classes"] = Names.ToList<object?>() }, heads: 3);
        Assert.Equal(third, loaded.ClassNames[3]);
        Assert.Equal(said is not null, loaded.Notes.Any(note => note.Contains("calls class 2 'cat'", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_texts_beside_safetensors_are_heeded()
    {
        using (FileStream stream = File.Create(folder["w.safetensors"]))
            SafeTensors.Write(
                stream,
                model.StateDict(),
                new Dictionary<string, string>
                {
                    ["format"] = "pt",
                    ["num_heads"] = "6",
                    ["config"] = """{"act_layer": "relu", "mean": [0.25, 0.5, 0.75]}""",
                    ["class_names"] = """["ant", "bee", "cat", "dog", "eel"]""",
                }
            );
        using LoadedModel loaded = ModelStore.Load(folder["w.safetensors"]);
        VitConfig config = (VitConfig)loaded.Model.Config;
        Assert.Equal((6, Activation.Relu), (config.Heads, config.Activation));
        Assert.Equal(0.25f, loaded.Preprocessing.Mean[0]);
        Assert.Equal(Names, loaded.ClassNames);
    }

    private Dictionary<string, object?> Options(string form)
    {
        Dictionary<string, object?> plain = new()
        {
            ["num_heads"] = 6L,
            ["act_layer"] = "relu",
            ["mean"] = new object?[] { 0.25, 0.5, 0.75 },
            ["std"] = new List<object?> { 0.5, 0.5, 0.5 },
        };
        const string Json = """{"num_heads": 6, "act_layer": "relu", "mean": [0.25, 0.5, 0.75], "std": [0.5, 0.5, 0.5]""";
        return form switch
        {
            "Namespace" => Under("args", new PickleBuilder.Instance("argparse.Namespace", plain)),
            "SimpleNamespace" => Under("config", new PickleBuilder.Instance("types.SimpleNamespace", plain)),
            "dictionary" => Under("hyper_parameters", plain),
            "pairs" => Under("args", plain.Select(pair => (object?)new object?[] { pair.Key, pair.Value }).ToList()),
            "top" => plain,
            "JSON" => Under("args", Json + "}"),
            "long JSON" => Under("config", Json + $$""", "comment": "{{new string('x', 3000)}}"}"""),
            "text of a dictionary" => Under(
                "args",
                "{'num_heads': 6, 'act_layer': 'relu', 'mean': (0.25, 0.5, 0.75), 'std': [0.5, .5, 5e-1], 'lr': None, 'amp': True, 'mode': <Mode.A: 'a'>, 'device': device(type='cuda')}"
            ),
            "text of a Namespace" => Under(
                "args",
                "Namespace(act_layer='relu', data=PosixPath('/data'), mean=[0.25, 0.5, 0.75], num_heads=6, std=(0.5, 0.5, 0.5))"
            ),
            "words" => Under(
                "argv",
                (
                    (string[])
                        [
                            "train.py",
                            "--num-heads",
                            "6",
                            "--act-layer",
                            "relu",
                            "--mean",
                            "0.25",
                            "0.5",
                            "0.75",
                            "--amp",
                            "--std",
                            "0.5",
                            "0.5",
                            "0.5",
                        ]
                ).ToList<object?>()
            ),
            "words with equals" => Under(
                "args",
                ((string[])["--num_heads=6", "--act_layer=relu", "--mean=0.25,0.5,0.75", "--std=[0.5,0.5,0.5]"]).ToList<object?>()
            ),
            "line" => Under("cmd", "python train.py --num-heads 6 --act-layer relu --mean 0.25 0.5 0.75 --std 0.5 0.5 0.5"),
            "assignments" => Under(
                "args",
                (
                    (string[])["model.num_heads=6", "model.act_layer=relu", "data.mean=[0.25,0.5,0.75]", "+data.std=(0.5,0.5,0.5)"]
                ).ToList<object?>()
            ),
            "flat" => Under(
                "config",
                new Dictionary<string, object?>
                {
                    ["model.num_heads"] = 6L,
                    ["model/act_layer"] = "relu",
                    ["data.mean"] = plain["mean"],
                    ["data.std"] = plain["std"],
                }
            ),
            "OmegaConf" => Under(
                "cfg",
                Node(
                    new()
                    {
                        ["model"] = Node(new() { ["num_heads"] = Leaf(6L), ["act_layer"] = Leaf("relu") }),
                        ["mean"] = ListNode([Leaf(0.25), Leaf(0.5), Leaf(0.75)]),
                        ["std"] = ListNode([Leaf(0.5), Leaf(0.5), Leaf(0.5)]),
                    }
                )
            ),
            "yacs" => Under(
                "config",
                Class(
                    "yacs.config.CfgNode",
                    new()
                    {
                        ["MODEL"] = Class("yacs.config.CfgNode", new() { ["NUM_HEADS"] = 6L, ["ACT_LAYER"] = "relu" }),
                        ["MEAN"] = plain["mean"],
                        ["STD"] = plain["std"],
                    }
                )
            ),
            "slots" => Under("args", new PickleBuilder.Built(new PickleBuilder.Call("my.Options"), new object?[] { null, plain })),
            "mmengine" => Under(
                "config",
                new PickleBuilder.Built(
                    new PickleBuilder.Call("mmengine.config.config.Config"),
                    new object?[] { Class("mmengine.config.config.ConfigDict", plain), "file.py", "text" }
                )
            ),
            "NumPy" => Under(
                "args",
                new Dictionary<string, object?>
                {
                    ["num_heads"] = NumpyWeightsTests.Scalar("i8", BitConverter.GetBytes(6L)),
                    ["act_layer"] = NumpyWeightsTests.Scalar("U4", System.Text.Encoding.UTF32.GetBytes("relu")),
                    ["mean"] = NumpyWeightsTests.Array([.. Floats(0.25f, 0.5f, 0.75f)], "f4", [3], columns: false),
                    ["std"] = NumpyWeightsTests.Array([.. Floats(0.5f, 0.5f, 0.5f)], "f4", [3], columns: false),
                }
            ),
            "tensors" => Under(
                "args",
                new Dictionary<string, object?>
                {
                    ["num_heads"] = tensor(6f),
                    ["act_layer"] = "relu",
                    ["mean"] = tensor([0.25f, 0.5f, 0.75f]),
                    ["std"] = tensor([0.5f, 0.5f, 0.5f]),
                }
            ),
            "texts" => Under(
                "args",
                new Dictionary<string, object?>
                {
                    ["num_heads"] = "6",
                    ["act_layer"] = "relu",
                    ["mean"] = "0.25 0.5 0.75",
                    ["std"] = "(0.5, 0.5, 0.5)",
                }
            ),
            _ => throw new ArgumentException(form),
        };

        static Dictionary<string, object?> Under(string key, object? value) => new() { [key] = value };

        static IEnumerable<byte> Floats(params float[] values) => values.SelectMany(BitConverter.GetBytes);
    }

    // A class derived from dict.
    private static PickleBuilder.WithItems Class(string name, Dictionary<string, object?> items) =>
        new(new PickleBuilder.Call(name), items);

    private static PickleBuilder.Instance Leaf(object? value) =>
        new(
            "omegaconf.nodes.AnyNode",
            new()
            {
                ["_metadata"] = null,
                ["_parent"] = null,
                ["_val"] = value,
            }
        );

    private static PickleBuilder.Instance Node(Dictionary<string, object?> content) =>
        new("omegaconf.dictconfig.DictConfig", new() { ["_metadata"] = null, ["_content"] = content });

    private static PickleBuilder.Instance ListNode(List<object?> content) =>
        new("omegaconf.listconfig.ListConfig", new() { ["_metadata"] = null, ["_content"] = content });

    private LoadedModel Load(Dictionary<string, object?> beside, int? heads = null)
    {
        PickleBuilder.Save(folder["w.pth"], new Dictionary<string, object?>(beside) { ["model"] = PickleBuilder.State(model) });
        return ModelStore.Load(folder["w.pth"], heads);
    }
}
