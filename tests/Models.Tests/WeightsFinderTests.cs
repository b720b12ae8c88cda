// The one network in a file, wherever a trainer put it and whatever stands beside it.

using DataFreeKD.Testing;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class WeightsFinderTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly ImageModel model = ModelRegistry.Resolve("vit:img=32,patch=8,dim=24,depth=2,heads=3,classes=5").Create(3),
        other = ModelRegistry.Resolve("vit:img=32,patch=8,dim=24,depth=2,heads=3,classes=5").Create(4);

    public void Dispose()
    {
        model.Dispose();
        other.Dispose();
        folder.Dispose();
    }

    public static TheoryData<string, string> Nests =>
        new()
        {
            { "", "" },
            { "", "module." },
            { "", "model." },
            { "", "module.model." },
            { "", "vit." },
            { "", "visual.trunk." },
            { "", "backbone." },
            { "", "_orig_mod." },
            { "", "_orig_mod.module." },
            { "model", "" },
            { "state_dict", "model." },
            { "state_dict", "net.encoder." },
            { "model_state_dict", "" },
            { "net", "" },
            { "module", "" },
            { "weights", "" },
            { "student", "module.backbone." },
            { "checkpoint.model.inner", "x." },
        };

    [Theory]
    [MemberData(nameof(Nests))]
    public void The_network_is_found_under_any_keys_and_prefix(string path, string prefix)
    {
        object? root = PickleBuilder.State(model, prefix);
        foreach (string key in path.Split('.', StringSplitOptions.RemoveEmptyEntries).Reverse())
            root = new Dictionary<string, object?>
            {
                ["epoch"] = 3L,
                [key] = root,
                ["optimizer"] = new Dictionary<string, object?> { ["state"] = PickleBuilder.State(other) },
            };

        using LoadedModel loaded = Load(root);
        Same(model, loaded);
    }

    [Theory]
    [InlineData("state_dict", "state_dict_ema")]
    [InlineData("model", "model_ema")]
    [InlineData("student", "teacher")]
    [InlineData("model", "ema.shadow")]
    [InlineData("net_student", "net_teacher")]
    public void Averaged_weights_come_first_then_a_teachers_and_that_is_said(string plain, string better)
    {
        object? best = PickleBuilder.State(model);
        foreach (string key in better.Split('.').Skip(1))
            best = new Dictionary<string, object?> { [key] = best };
        using LoadedModel loaded = Load(
            new Dictionary<string, object?> { [plain] = PickleBuilder.State(other), [better.Split('.')[0]] = best }
        );
        Same(model, loaded);
        Assert.Contains(loaded.Notes, note =>
            note.Contains(better, StringComparison.Ordinal) && note.Contains(plain, StringComparison.Ordinal)
        );
        using LoadedModel asked = ModelStore.Load(folder["w.pth"], 3, plain),
            also = ModelStore.Load($"{folder["w.pth"]}#{plain}", 3);
        Same(other, asked);
        Same(other, also);
        Assert.Contains(asked.Notes, note => note.EndsWith("as asked", StringComparison.Ordinal));
    }

    [Fact]
    public void Averages_kept_as_a_list_are_named_in_the_order_of_the_network()
    {
        object?[] shadow = [.. PickleBuilder.State(model).Values];
        using LoadedModel loaded = Load(
            new Dictionary<string, object?>
            {
                ["model"] = PickleBuilder.State(other),
                ["ema"] = new Dictionary<string, object?> { ["decay"] = 0.999, ["shadow_params"] = shadow },
            }
        );
        Same(model, loaded);
        Assert.Contains(loaded.Notes, note => note.Contains("ema.shadow_params", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("model.", "")]
    [InlineData("model.vit.", "vit")]
    public void Averages_whose_names_have_no_dots_are_the_network(string prefix, string within)
    {
        Dictionary<string, object?> state = PickleBuilder.State(model, prefix);
        foreach ((string name, Tensor tensor) in other.StateDict())
            state["model_ema." + within + name.Replace(".", "", StringComparison.Ordinal)] = tensor;
        state["model_ema.decay"] = tensor(0.9f);
        using LoadedModel loaded = Load(new Dictionary<string, object?> { ["state_dict"] = state });
        Same(other, loaded);
        Assert.Contains(loaded.Notes, note => note.Contains("'state_dict.model_ema', preferred to", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_prefixes_in_one_dictionary_the_teachers_is_taken_and_the_rest_counted()
    {
        Dictionary<string, object?> state = PickleBuilder.State(model, "teacher.backbone.");
        foreach ((string name, object? tensor) in PickleBuilder.State(other, "student.backbone."))
            state[name] = tensor;
        state["criterion.center"] = zeros(4);
        using LoadedModel loaded = Load(new Dictionary<string, object?> { ["model"] = state });
        Same(model, loaded);
        Assert.Contains(loaded.Notes, note => note.StartsWith($"{model.StateDict().Count + 1} tensors outside", StringComparison.Ordinal));
    }

    [Fact]
    public void Several_networks_with_nothing_to_choose_by_are_refused_with_their_names()
    {
        string message = Assert
            .Throws<ModelException>(() =>
                Load(new Dictionary<string, object?> { ["left"] = PickleBuilder.State(model), ["right"] = PickleBuilder.State(other) })
            )
            .Message;
        Assert.Contains("'left'", message, StringComparison.Ordinal);
        Assert.Contains("'right'", message, StringComparison.Ordinal);
        Assert.Contains("weightsKey", message, StringComparison.Ordinal);
        using LoadedModel right = ModelStore.Load(folder["w.pth"], 3, "right");
        Same(other, right);
        Assert.Contains(
            "'left'",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder["w.pth"], 3, "middle")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Blocks_in_chunks_and_wrappers_within_names_are_undone()
    {
        Dictionary<string, object?> state = PickleBuilder
            .State(model)
            .ToDictionary(
                pair =>
                    "teacher.backbone."
                    + System.Text.RegularExpressions.Regex.Replace(pair.Key, @"^blocks\.(\d+)\.", "blocks.$1.$1._fsdp_wrapped_module."),
                pair => pair.Value
            );
        using LoadedModel loaded = Load(state);
        Same(model, loaded);
    }

    public static TheoryData<string> Bystanders =>
        [
            "numpy scalar",
            "dtype",
            "device",
            "path",
            "namespace",
            "node",
            "default dictionary",
            "set",
            "enum",
            "partial",
            "long number",
            "bytes",
            "hostile call",
            "metadata",
        ];

    [Theory]
    [MemberData(nameof(Bystanders))]
    public void Objects_beside_the_weights_are_left_alone(string kind)
    {
        object? beside = kind switch
        {
            "numpy scalar" => new PickleBuilder.Call(
                "numpy.core.multiarray.scalar",
                new PickleBuilder.Call("numpy.dtype", "f8", false, true),
                new PickleBuilder.Call("_codecs.encode", "abcdefgh", "latin1")
            ),
            "dtype" => new PickleBuilder.Named("torch.float16"),
            "device" => new PickleBuilder.Call("torch.device", "cuda", 0L),
            "path" => new PickleBuilder.Call("pathlib.PosixPath", "/", "tmp", "x"),
            "namespace" => new PickleBuilder.Instance(
                "argparse.Namespace",
                new() { ["lr"] = 0.1, ["output_dir"] = new PickleBuilder.Call("pathlib.PosixPath", "out") }
            ),
            "node" => new PickleBuilder.Instance("yacs.config.CfgNode", new() { ["_immutable"] = false }),
            "default dictionary" => new PickleBuilder.Call("collections.defaultdict", new PickleBuilder.Named("builtins.list")),
            "set" => new PickleBuilder.Raw([0x8f, (byte)'(', (byte)'K', 1, (byte)'K', 2, 0x90]),
            "enum" => new PickleBuilder.Call("torchvision.transforms.functional.InterpolationMode", "bicubic"),
            "partial" => new PickleBuilder.Call("functools.partial", new PickleBuilder.Named("torch.nn.modules.normalization.LayerNorm")),
            "long number" => new PickleBuilder.Raw([0x8a, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            "bytes" => new byte[] { 1, 2, 3 },
            "hostile call" => new PickleBuilder.Call("os.system", "touch /tmp/never"),
            _ => new PickleBuilder.Instance("collections.OrderedDict", new() { ["_metadata"] = new Dictionary<string, object?>() }),
        };
        using LoadedModel loaded = Load(
            new Dictionary<string, object?>
            {
                ["first"] = beside,
                ["model"] = PickleBuilder.State(model),
                ["last"] = beside,
            }
        );
        Same(model, loaded);
        if (kind == "hostile call")
            Assert.Contains(loaded.Notes, note => note.Contains("'os.system'", StringComparison.Ordinal));
    }

    [Fact]
    public void A_tensor_that_is_an_objects_work_is_refused_by_its_global()
    {
        Dictionary<string, object?> state = PickleBuilder.State(model);
        state["norm.weight"] = new PickleBuilder.Call(
            "torch._utils._rebuild_sparse_tensor",
            new PickleBuilder.Named("torch.sparse_coo"),
            new object?[] { 0L },
            "b"
        );
        string message = Assert.Throws<ModelException>(() => Load(state)).Message;
        Assert.Contains("'norm.weight'", message, StringComparison.Ordinal);
        Assert.Contains("torch._utils._rebuild_sparse_tensor", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("head.1.", true)]
    [InlineData("head.0.", true)]
    [InlineData("classifier.", false)]
    public void A_head_alone_in_a_sequence_is_the_head_and_that_is_said_to_be_assumed(string name, bool read)
    {
        Dictionary<string, object?> state = model
            .StateDict()
            .ToDictionary(pair => pair.Key.Replace("head.", name, StringComparison.Ordinal), pair => (object?)pair.Value);
        if (!read)
        {
            Assert.Contains(name + "weight", Assert.Throws<ModelException>(() => Load(state)).Message, StringComparison.Ordinal);
            return;
        }
        using LoadedModel loaded = Load(state);
        Same(model, loaded);
        Assert.Contains("head '" + name.TrimEnd('.') + "' alone", loaded.Assumptions!, StringComparison.Ordinal);
        state[name.Replace("head.", "head.3", StringComparison.Ordinal) + "weight"] = ones(5, 5);
        Assert.Throws<ModelException>(() => LoadAnother(state));
    }

    [Fact]
    public void Layers_that_share_their_weights_are_read_as_two()
    {
        Dictionary<string, object?> state = PickleBuilder.State(model);
        string[] names = [.. state.Keys];
        Tensor first = model.StateDict()["blocks.0.mlp.fc1.weight"];
        state["blocks.1.mlp.fc1.weight"] = new PickleBuilder.View(Array.IndexOf(names, "blocks.0.mlp.fc1.weight"), first, 0);
        using LoadedModel loaded = Load(state);
        Assert.True(loaded.Model.StateDict()["blocks.1.mlp.fc1.weight"].eq(first).all().item<bool>());
    }

    [Fact]
    public void A_storage_of_two_sizes_is_refused()
    {
        Dictionary<string, object?> state = PickleBuilder.State(model);
        string[] stored = [.. state.Keys.Where(name => name != "blocks.0.norm1.bias")];
        Tensor bias = model.StateDict()["blocks.0.norm1.bias"];
        state["blocks.0.norm1.bias"] = new PickleBuilder.View(
            Array.IndexOf(stored, "blocks.0.mlp.fc1.weight"),
            bias,
            0,
            Claimed: bias.numel()
        );
        Assert.Contains("has two sizes", Assert.Throws<ModelException>(() => Load(state)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantised_weights_are_refused_as_such()
    {
        Dictionary<string, object?> state = PickleBuilder.State(model);
        state["blocks.0.attn.qkv.zero_point"] = zeros(1);
        Assert.Contains("quantised", Assert.Throws<ModelException>(() => Load(state)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_format_before_zip_is_read()
    {
        PickleBuilder.SaveLegacy(
            folder["old.pth"],
            new Dictionary<string, object?> { ["state_dict"] = PickleBuilder.State(model, "module.") }
        );
        using LoadedModel loaded = ModelStore.Load(folder["old.pth"], 3);
        Same(model, loaded);
        byte[] bytes = File.ReadAllBytes(folder["old.pth"]);
        File.WriteAllBytes(folder["cut.pth"], bytes[..^40]);
        Assert.Contains(
            "more than the file holds",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder["cut.pth"], 3)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("safetensors")]
    [InlineData("bin")]
    public void Shards_are_joined_by_their_index(string kind)
    {
        string stem = kind == "bin" ? "pytorch_model" : "model";
        string[] names = [.. model.StateDict().Keys];
        Dictionary<string, string> map = [];
        for (int shard = 0; shard < 3; shard++)
        {
            Dictionary<string, Tensor> part = names
                .Where((_, index) => index % 3 == shard)
                .ToDictionary(name => name, name => model.StateDict()[name]);
            string file = $"{stem}-0000{shard + 1}-of-00003.{kind}";
            foreach (string name in part.Keys)
                map[name] = file;
            if (kind == "bin")
                PickleBuilder.Save(folder[file], part.ToDictionary(pair => pair.Key, pair => (object?)pair.Value));
            else
                using (FileStream stream = File.Create(folder[file]))
                    SafeTensorsWrite(stream, part);
        }
        string index = folder[$"{stem}.{kind}.index.json"];
        File.WriteAllText(index, System.Text.Json.JsonSerializer.Serialize(new { metadata = new { total_size = 1 }, weight_map = map }));
        using (LoadedModel loaded = ModelStore.Load(folder.Path, 3))
            Same(model, loaded);
        Assert.Equal(4, ModelStore.FilesOf(folder.Path).Count);

        File.Delete(folder[$"{stem}-00002-of-00003.{kind}"]);
        Assert.Contains("00002", Assert.Throws<ModelException>(() => ModelStore.Load(folder.Path, 3)).Message, StringComparison.Ordinal);
        File.WriteAllText(index, "{\"weight_map\":{\"norm.weight\":\"../elsewhere.safetensors\"}}");
        Assert.Contains(
            "elsewhere",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder.Path, 3)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_link_to_the_weights_is_read_as_the_weights()
    {
        Directory.CreateDirectory(folder["snapshot"]);
        ModelStore.Save(folder["blobs"], model, Preprocessing.DefaultFor(32), []);
        File.CreateSymbolicLink(Path.Combine(folder["snapshot"], "model.safetensors"), "../blobs/model.safetensors");
        File.CreateSymbolicLink(Path.Combine(folder["snapshot"], "config.json"), "../blobs/config.json");
        using LoadedModel loaded = ModelStore.Load(folder["snapshot"]);
        Same(model, loaded);
    }

    [Fact]
    public void Links_that_a_copy_left_as_their_text_are_read_as_what_they_lead_to()
    {
        Directory.CreateDirectory(folder["snapshots/rev"]);
        ModelStore.Save(folder["blobs"], model, Preprocessing.DefaultFor(32), []);
        foreach (string name in new[] { "model.safetensors", "config.json" })
            File.WriteAllText(folder["snapshots/rev/" + name], "../../blobs/" + name);
        using LoadedModel loaded = ModelStore.Load(folder["snapshots/rev"]);
        Same(model, loaded);
        Assert.Equal(folder["blobs/model.safetensors"], loaded.WeightsPath);
        Assert.Equal([folder["blobs/model.safetensors"]], ModelStore.FilesOf(folder["snapshots/rev"]));
        Assert.Contains(loaded.Notes, note => note.Contains("text of a link", StringComparison.Ordinal));
        File.Delete(folder["blobs/model.safetensors"]);
        Assert.Contains(
            "text of a link",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder["snapshots/rev"])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_file_under_the_other_formats_name_is_read_by_its_bytes()
    {
        ModelStore.Save(folder["m"], model, Preprocessing.DefaultFor(32), []);
        File.Copy(folder["m/model.safetensors"], folder["safe.pth"]);
        PickleBuilder.Save(folder["torch.safetensors"], PickleBuilder.State(model, ""));
        using LoadedModel safe = ModelStore.Load(folder["safe.pth"], 3),
            torch = ModelStore.Load(folder["torch.safetensors"], 3);
        Same(model, safe);
        Same(model, torch);
    }

    [Fact]
    public void A_directory_with_one_file_of_weights_under_any_name_is_a_model_with_its_config()
    {
        ModelStore.Save(folder["m"], model, Preprocessing.DefaultFor(32), []);
        File.Move(folder["m/model.safetensors"], folder["m/best_ema.safetensors"]);
        using (LoadedModel loaded = ModelStore.Load(folder["m"]))
        {
            Same(model, loaded);
            Assert.Null(loaded.Assumptions);
        }
        File.Copy(folder["m/best_ema.safetensors"], folder["m/last.safetensors"]);
        Assert.Contains(
            "'best_ema.safetensors', 'last.safetensors'",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder["m"])).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(new byte[] { 0x1f, 0x8b, 8, 0 }, "gzip")]
    [InlineData(new byte[] { 0x89, (byte)'H', (byte)'D', (byte)'F', 13, 10 }, "HDF5")]
    [InlineData(new byte[] { (byte)'{', (byte)'"', (byte)'a' }, "JSON")]
    [InlineData(new byte[] { (byte)'<', (byte)'h', (byte)'t' }, "web page")]
    [InlineData(new byte[] { }, "empty")]
    public void What_is_no_weights_is_told_by_its_first_bytes(byte[] bytes, string named)
    {
        File.WriteAllBytes(folder["x.pth"], bytes);
        Assert.Contains(named, Assert.Throws<ModelException>(() => ModelStore.Load(folder["x.pth"], 3)).Message, StringComparison.Ordinal);
    }

    private static void SafeTensorsWrite(Stream stream, Dictionary<string, Tensor> tensors) =>
        Checkpoints.SafeTensors.Write(stream, tensors);

    private LoadedModel Load(object? root)
    {
        PickleBuilder.Save(folder["w.pth"], root);
        return ModelStore.Load(folder["w.pth"], 3);
    }

    private LoadedModel LoadAnother(object? root)
    {
        PickleBuilder.Save(folder["more.pth"], root);
        return ModelStore.Load(folder["more.pth"], 3);
    }

    private static void Same(ImageModel expected, LoadedModel loaded)
    {
        foreach ((string name, Tensor tensor) in expected.StateDict())
            Assert.True(tensor.eq(loaded.Model.StateDict()[name]).all().item<bool>(), name);
    }
}
