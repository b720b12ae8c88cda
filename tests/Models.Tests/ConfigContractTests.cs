// Every field of a config is honoured, without effect, or refused by name; what is not known is named.

using System.Text.Json.Nodes;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class ConfigContractTests : IDisposable
{
    private const string Spec = "vit:img=32,patch=8,dim=24,depth=2,heads=3,classes=5";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("act_layer", "\"gelu_tanh\"", Activation.GeluTanh)]
    [InlineData("act_layer", "\"quick_gelu\"", Activation.QuickGelu)]
    [InlineData("act_layer", "\"relu\"", Activation.Relu)]
    [InlineData("act_layer", "\"silu\"", Activation.Silu)]
    [InlineData("act_layer", "null", Activation.Gelu)]
    public void Timms_activation_is_honoured(string field, string value, Activation activation)
    {
        using LoadedModel loaded = Timm($"{{\"model_args\": {{\"{field}\": {value}}}}}");
        Assert.Equal(activation, ((VitConfig)loaded.Model.Config).Activation);
    }

    [Theory]
    [InlineData("3")]
    [InlineData("3.0")]
    [InlineData("\"3\"")]
    public void Heads_are_a_whole_number_however_it_is_written(string heads)
    {
        using LoadedModel loaded = Timm($"{{\"model_args\": {{\"num_heads\": {heads}}}}}");
        Assert.Equal(3, ((VitConfig)loaded.Model.Config).Heads);
    }

    [Theory]
    [InlineData("{\"label2id\": {\"b\": 1, \"a\": 0, \"e\": 4, \"d\": 3, \"c\": 2}}")]
    [InlineData("{\"id2label\": [\"a\", \"b\", \"c\", \"d\", \"e\"]}")]
    public void Class_names_are_read_in_either_direction_and_as_a_list(string fields)
    {
        using LoadedModel loaded = HuggingFace(fields);
        Assert.Equal(["a", "b", "c", "d", "e"], loaded.ClassNames);
    }

    [Fact]
    public void A_processor_within_a_processor_is_read()
    {
        using (LoadedModel written = Processed("{}"))
            File.Move(Path.Combine(folder["m"], "preprocessor_config.json"), folder["inner.json"]);
        JsonNode inner = JsonNode.Parse(File.ReadAllText(folder["inner.json"]))!;
        inner["image_mean"] = new JsonArray(0.1, 0.2, 0.3);
        File.WriteAllText(
            Path.Combine(folder["m"], "preprocessor_config.json"),
            new JsonObject { ["image_processor"] = inner }.ToJsonString()
        );
        using LoadedModel loaded = ModelStore.Load(folder["m"]);
        Assert.Equal([0.1f, 0.2f, 0.3f], loaded.Preprocessing.Mean);
    }

    [Theory]
    [InlineData("gelu", Activation.Gelu)]
    [InlineData("gelu_new", Activation.GeluTanh)]
    [InlineData("gelu_pytorch_tanh", Activation.GeluTanh)]
    [InlineData("quick_gelu", Activation.QuickGelu)]
    [InlineData("relu", Activation.Relu)]
    [InlineData("silu", Activation.Silu)]
    public void Hugging_faces_activation_is_honoured(string name, Activation activation)
    {
        using LoadedModel loaded = HuggingFace($"{{\"hidden_act\": \"{name}\"}}");
        Assert.Equal(activation, ((VitConfig)loaded.Model.Config).Activation);
    }

    [Theory]
    [InlineData("{\"model_args\": {\"act_layer\": \"mish\"}}", "act_layer")]
    [InlineData("{\"model_args\": {\"depth\": 3}}", "depth")]
    [InlineData("{\"model_args\": {\"embed_dim\": 48}}", "embed_dim")]
    [InlineData("{\"model_args\": {\"patch_size\": 16}}", "patch_size")]
    [InlineData("{\"model_args\": {\"img_size\": 64}}", "img_size")]
    [InlineData("{\"model_args\": {\"img_size\": [16, 64]}}", "only square")]
    [InlineData("{\"pretrained_cfg\": {\"input_size\": [3, 16, 64]}}", "only square")]
    [InlineData("{\"model_args\": {\"num_heads\": 5}}", "do not divide")]
    [InlineData("{\"model_args\": {\"num_heads\": \"three\"}}", "num_heads")]
    [InlineData("{\"model_args\": {\"mlp_ratio\": 3}}", "mlp_ratio")]
    [InlineData("{\"model_args\": {\"qkv_bias\": false}}", "qkv_bias")]
    [InlineData("{\"model_args\": {\"mlp_layer\": \"SwiGLU\"}}", "mlp_layer")]
    [InlineData("{\"model_args\": {\"qk_norm\": true}}", "qk_norm")]
    [InlineData("{\"model_args\": {\"class_token\": false}}", "class_token")]
    [InlineData("{\"model_args\": {\"no_embed_class\": true}}", "no_embed_class")]
    [InlineData("{\"model_args\": {\"reg_tokens\": 4}}", "reg_tokens")]
    [InlineData("{\"model_args\": {\"init_values\": 1e-5}}", "init_values")]
    [InlineData("{\"model_args\": {\"fc_norm\": true}}", "fc_norm")]
    [InlineData("{\"model_args\": {\"pre_norm\": true}}", "pre_norm")]
    [InlineData("{\"model_args\": {\"global_pool\": \"map\"}}", "attn_pool.latent")]
    [InlineData("{\"model_args\": {\"global_pool\": \"max\"}, \"global_pool\": null}", "global_pool")]
    [InlineData("{\"model_args\": {\"block_fn\": \"ParallelScalingBlock\"}}", "block_fn")]
    [InlineData("{\"model_args\": {\"norm_layer\": \"batchnorm\"}}", "norm_layer")]
    [InlineData("{\"model_args\": {\"final_norm\": false}}", "final_norm")]
    [InlineData("{\"model_args\": {\"pos_embed\": \"none\"}}", "pos_embed")]
    [InlineData("{\"model_args\": {\"norm_layer\": \"rmsnorm\"}}", "norm_layer")]
    [InlineData("{\"model_args\": {\"in_chans\": 1}}", "in_chans")]
    [InlineData("{\"num_classes\": 7}", "num_classes")]
    [InlineData("{\"architecture\": \"vit_base_patch16_224\"}", "width 768")]
    [InlineData("{\"architecture\": \"vit_base_r50_s16_224\"}", "vision_transformer_hybrid")]
    [InlineData("{\"architecture\": \"vit_small_patch16_18x2_224\"}", "ParallelThingsBlock")]
    [InlineData("{\"layer_norm_eps\": 0}", "layer_norm_eps")]
    [InlineData("{\"hidden_size\": 25}", "hidden_size")]
    [InlineData("{\"pretrained_cfg\": {\"mean\": [0.5, 0.5, 0.5], \"std\": [0, 1, 1]}}", "deviation")]
    [InlineData("{\"pretrained_cfg\": {\"std\": [1e-45, 1, 1]}}", "deviation")]
    [InlineData("{\"pretrained_cfg\": {\"crop_pct\": 1e-9}}", "crop share")]
    [InlineData("{\"pretrained_cfg\": {\"interpolation\": \"nearest\"}}", "nearest")]
    [InlineData("{\"pretrained_cfg\": {\"crop_mode\": \"border\"}}", "crop_mode")]
    public void A_config_of_another_network_is_refused_by_name(string fields, string named)
    {
        string message = Assert.Throws<ModelException>(() => Timm(fields).Dispose()).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("{\"image_size\": 64}", "image_size")]
    [InlineData("{\"image_size\": [16, 64]}", "only square")]
    [InlineData("{\"num_hidden_layers\": 3}", "num_hidden_layers")]
    [InlineData("{\"intermediate_size\": 100}", "intermediate_size")]
    [InlineData("{\"hidden_act\": \"tanh\"}", "hidden_act")]
    [InlineData("{\"num_channels\": 4}", "num_channels")]
    [InlineData("{\"use_mean_pooling\": true}", "use_mean_pooling")]
    public void A_hugging_face_config_of_another_network_is_refused_by_name(string fields, string named) =>
        Assert.Contains(named, Assert.Throws<ModelException>(() => HuggingFace(fields).Dispose()).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{\"model_args\": {\"attention_temperature\": 2}}", "attention_temperature")]
    [InlineData("{\"rope_theta\": 100}", "rope_theta")]
    public void A_field_that_is_not_known_is_named(string fields, string named)
    {
        using LoadedModel loaded = Timm(fields);
        Assert.Contains(loaded.Notes, note => note.Contains(named, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(
        "{\"model_args\": {\"drop_path_rate\": 0.1, \"weight_init\": \"jax\", \"dynamic_img_size\": true}, \"pretrained_cfg\": {\"url\": \"x\", \"num_classes\": 5}}"
    )]
    [InlineData("{\"model_args\": {\"patch_size\": [8, 8], \"img_size\": [32, 32]}}")]
    public void Fields_of_training_say_nothing(string fields)
    {
        using LoadedModel loaded = Timm(fields);
        Assert.Empty(loaded.Notes);
    }

    [Theory]
    [InlineData("{\"image_mean\": [123.675, 116.28, 103.53], \"image_std\": [58.395, 57.12, 57.375], \"do_rescale\": false}", 0.485, 0.229)]
    [InlineData("{\"do_rescale\": false}", 0.5 / 255, 0.5 / 255)]
    [InlineData("{\"rescale_factor\": 0.00784313725490196}", 0.25, 0.25)]
    [InlineData("{\"do_normalize\": false}", 0.0, 1.0)]
    [InlineData("{}", 0.5, 0.5)]
    public void Rescaling_goes_into_mean_and_deviation(string fields, double mean, double std)
    {
        using LoadedModel loaded = Processed(fields);
        Assert.Equal(mean, loaded.Preprocessing.Mean[0], 6);
        Assert.Equal(std, loaded.Preprocessing.Std[0], 6);
    }

    [Theory]
    [InlineData("{\"resample\": 0}", "resampling")]
    [InlineData("{\"do_resize\": false, \"do_center_crop\": true, \"crop_size\": 32}", "do_resize")]
    [InlineData("{\"size\": {\"longest_edge\": 32}}", "longest_edge")]
    [InlineData("{\"size\": {\"height\": 32, \"width\": 64}}", "square")]
    [InlineData("{\"do_flip_channel_order\": true}", "do_flip_channel_order")]
    [InlineData("{\"do_pad\": true}", "do_pad")]
    [InlineData("{\"rescale_factor\": 0}", "rescale_factor")]
    [InlineData("{\"image_mean\": [123.675, 116.28, 103.53], \"image_std\": [58.395, 57.12, 57.375]}", "do_rescale")]
    public void A_processor_that_makes_other_pictures_is_refused_by_name(string fields, string named) =>
        Assert.Contains(named, Assert.Throws<ModelException>(() => Processed(fields).Dispose()).Message, StringComparison.Ordinal);

    [Fact]
    public void Training_arguments_tell_heads_activation_and_preprocessing_each_with_its_source()
    {
        using ImageModel model = ModelRegistry.Resolve(Spec).Create(1);
        PickleBuilder.Save(
            folder["best.pth.tar"],
            new Dictionary<string, object?>
            {
                ["arch"] = "vit_tiny_patch16_224",
                ["state_dict"] = PickleBuilder.State(model),
                ["args"] = new PickleBuilder.Instance(
                    "argparse.Namespace",
                    new()
                    {
                        ["heads"] = 6L,
                        ["mean"] = new object?[] { 0.4, 0.5, 0.6 },
                        ["std"] = new object?[] { 0.1, 0.2, 0.3 },
                        ["interpolation"] = "bilinear",
                        ["crop_pct"] = 0.8,
                        ["gp"] = "avg",
                        ["img_size"] = 32L,
                        ["model_kwargs"] = new Dictionary<string, object?> { ["act_layer"] = "quick_gelu" },
                    }
                ),
            }
        );
        using LoadedModel loaded = ModelStore.Load(folder["best.pth.tar"]);
        VitConfig config = (VitConfig)loaded.Model.Config;
        Assert.Equal((6, Activation.QuickGelu, Pooling.Average), (config.Heads, config.Activation, config.Pooling));
        Assert.Equal(
            new Preprocessing
            {
                ImageSize = 32,
                CropPct = 0.8,
                Interpolation = Interpolation.Bilinear,
                Mean = [0.4f, 0.5f, 0.6f],
                Std = [0.1f, 0.2f, 0.3f],
            },
            loaded.Preprocessing
        );
        Assert.Equal("args.heads of '" + folder["best.pth.tar"] + "'", loaded.Facts.Single(fact => fact.Field == "heads").Source);
        Assert.Contains(loaded.Notes, note => note.Contains("vit_tiny_patch16_224", StringComparison.Ordinal));
    }

    [Fact]
    public void A_mean_of_bytes_is_divided_and_that_is_said()
    {
        using ImageModel model = ModelRegistry.Resolve(Spec).Create(1);
        Dictionary<string, object?> options = new()
        {
            ["num_heads"] = 3L,
            ["mean"] = new List<object?> { 123.675, 116.28, 103.53 },
            ["std"] = new List<object?> { 58.395, 57.12, 57.375 },
        };
        PickleBuilder.Save(folder["w.pth"], new Dictionary<string, object?> { ["model"] = PickleBuilder.State(model), ["args"] = options });
        using LoadedModel loaded = ModelStore.Load(folder["w.pth"]);
        Assert.Equal(0.485f, loaded.Preprocessing.Mean[0], 5);
        Assert.Equal(0.225f, loaded.Preprocessing.Std[2], 5);
        Assert.Contains(loaded.Notes, note => note.Contains("divided by 255", StringComparison.Ordinal));
        options["std"] = new List<object?> { 0.2, 0.2, 0.2 };
        PickleBuilder.Save(
            folder["apart.pth"],
            new Dictionary<string, object?> { ["model"] = PickleBuilder.State(model), ["args"] = options }
        );
        Assert.Contains(
            "different units",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder["apart.pth"])).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(1280, 32, 14, 5120, 16, nameof(FactSource.Registry))] // vit_huge_patch14
    [InlineData(1280, 2, 16, 5120, 16, nameof(FactSource.Assumed))]
    [InlineData(128, 2, 16, 512, 2, nameof(FactSource.Assumed))]
    public void Heads_that_nobody_states_are_those_of_timms_shape_or_said_to_be_assumed(
        int width,
        int depth,
        int patch,
        int mlp,
        int heads,
        string by
    )
    {
        Checkpoints.ReadingReport report = new("w.pth");
        Dictionary<string, Tensor> tensors = [];
        using DisposeScope scope = NewDisposeScope();
        foreach (
            (string name, long[] shape) in new (string, long[])[]
            {
                ("cls_token", [1, 1, width]),
                ("pos_embed", [1, 5, width]),
                ("patch_embed.proj.weight", [width, 3, patch, patch]),
                ("norm.weight", [width]),
                ("blocks.0.mlp.fc1.weight", [mlp, width]),
                ("blocks.0.mlp.fc2.weight", [width, mlp]),
                ("blocks.0.attn.qkv.weight", [1, 1]),
            }
        )
            tensors[name] = empty(shape, device: meta);
        for (int block = 0; block < depth; block++)
            tensors[$"blocks.{block}.norm1.weight"] = empty([width], device: meta);
        VitConfig read = Checkpoints.VitReader.Read(
            new Checkpoints.NetworkSource(tensors, Checkpoints.NameStyle.Timm, Checkpoints.Statements.None, null, null, report)
        );
        Assert.Equal(heads, read.Heads);
        Assert.Equal(by, report.Facts.Single(fact => fact.Field == "heads").By.ToString());
    }

    private static Device meta => new(DeviceType.META);

    [Fact]
    public void A_bare_state_dict_says_all_that_was_assumed()
    {
        using ImageModel model = ModelRegistry.Resolve("vit:img=32,patch=8,dim=64,depth=2,heads=2,classes=5").Create(1);
        PickleBuilder.Save(folder["w.pth"], PickleBuilder.State(model));
        using LoadedModel loaded = ModelStore.Load(folder["w.pth"]);
        foreach (string field in new[] { "heads 1", "activation gelu", "pooling token", "LayerNorm epsilon", "mean", "std" })
            Assert.Contains(field, loaded.Assumptions!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("resnetblur50", "BlurPool2d")]
    [InlineData("resnetaa50", "AvgPool2d")]
    [InlineData("seresnet50", "channel attention")]
    [InlineData("resnet50", null)]
    [InlineData("tv_resnet50", null)]
    public void A_residual_network_by_another_name_is_refused(string name, string? named)
    {
        using ImageModel model = ModelRegistry.Resolve("resnet:depth=50,img=32,width=8,classes=3").Create(1);
        ModelStore.Save(folder["m"], model, Preprocessing.DefaultFor(32), []);
        Edit("m", $"{{\"architecture\": \"{name}\"}}");
        if (named is null)
            ModelStore.Load(folder["m"]).Dispose();
        else
            Assert.Contains(named, Assert.Throws<ModelException>(() => ModelStore.Load(folder["m"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dilated_residual_network_is_refused()
    {
        using ImageModel model = ModelRegistry.Resolve("resnet:depth=10,img=32,width=8,classes=3").Create(1);
        ModelStore.Save(folder["m"], model, Preprocessing.DefaultFor(32), []);
        Edit("m", "{\"model_args\": {\"output_stride\": 8}}");
        Assert.Contains(
            "output_stride",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder["m"])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Weights_that_are_not_finite_are_refused_by_the_tensors_name()
    {
        using ImageModel model = ModelRegistry.Resolve(Spec).Create(1);
        using (no_grad())
            model.StateDict()["blocks.1.mlp.fc1.bias"].select(0, 3).fill_(float.NegativeInfinity);
        ModelStore.Save(folder["m"], model, Preprocessing.DefaultFor(32), []);
        Assert.Contains(
            "'blocks.1.mlp.fc1.bias' is not finite",
            Assert.Throws<ModelException>(() => ModelStore.Load(folder["m"])).Message,
            StringComparison.Ordinal
        );
    }

    private LoadedModel Timm(string fields)
    {
        using ImageModel model = ModelRegistry.Resolve(Spec).Create(1);
        ModelStore.Save(folder["m"], model, Preprocessing.DefaultFor(32), []);
        // timm's own fields alone.
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder["m"], "config.json")))!.AsObject();
        foreach (
            string field in new[]
            {
                "hidden_size",
                "num_hidden_layers",
                "num_attention_heads",
                "intermediate_size",
                "hidden_act",
                "image_size",
                "patch_size",
                "num_channels",
                "qkv_bias",
            }
        )
            config.Remove(field);
        File.WriteAllText(Path.Combine(folder["m"], "config.json"), config.ToJsonString());
        File.Delete(Path.Combine(folder["m"], "preprocessor_config.json"));
        Edit("m", fields);
        if (fields.Contains("architecture", StringComparison.Ordinal))
            Edit("m", "{\"model_args\": {\"embed_dim\": null, \"depth\": null, \"patch_size\": null}}");
        return ModelStore.Load(folder["m"]);
    }

    private LoadedModel HuggingFace(string fields)
    {
        using ImageModel model = ModelRegistry.Resolve(Spec).Create(1);
        ModelStore.Save(folder["m"], model, Preprocessing.DefaultFor(32), [], TensorNaming.HuggingFace);
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder["m"], "config.json")))!.AsObject();
        foreach (string field in new[] { "model_args", "pretrained_cfg", "global_pool", "num_features" })
            config.Remove(field);
        File.WriteAllText(Path.Combine(folder["m"], "config.json"), config.ToJsonString());
        Edit("m", fields);
        return ModelStore.Load(folder["m"]);
    }

    private LoadedModel Processed(string fields)
    {
        using ImageModel model = ModelRegistry.Resolve(Spec).Create(1);
        ModelStore.Save(
            folder["m"],
            model,
            Preprocessing.DefaultFor(32) with
            {
                Mean = [0.5f, 0.5f, 0.5f],
                Std = [0.5f, 0.5f, 0.5f],
                Squash = true,
            },
            []
        );
        Edit("m", fields, "preprocessor_config.json");
        return ModelStore.Load(folder["m"]);
    }

    // Merges fields into a JSON file, objects into objects.
    private void Edit(string model, string fields, string name = "config.json")
    {
        string file = Path.Combine(folder[model], name);
        JsonObject config = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        Merge(config, JsonNode.Parse(fields)!.AsObject());
        File.WriteAllText(file, config.ToJsonString());

        static void Merge(JsonObject into, JsonObject from)
        {
            foreach ((string key, JsonNode? value) in from)
            {
                if (
                    value is JsonObject inner
                    && into[key] is JsonObject held
                    && !inner.ContainsKey("longest_edge")
                    && !inner.ContainsKey("height")
                )
                    Merge(held, inner);
                else
                    into[key] = value?.DeepClone();
            }
        }
    }
}
