// Hugging Face's and torchvision's names: the same weights under their names are the same network.

using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class OtherLibrariesTests : IDisposable
{
    private static readonly VitConfig Small = new()
    {
        ImageSize = 32,
        PatchSize = 8,
        Width = 24,
        Depth = 2,
        Heads = 3,
        MlpHidden = 96,
    };

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("vision_model.", "clip_vision_model", true)]
    [InlineData("clip.vision_model.", "clip", false)]
    public void Clips_tower_is_read_with_quick_gelu_unless_its_config_says_otherwise(string prefix, string type, bool projection)
    {
        VitConfig shape = Small with
        {
            Classes = projection ? 6 : 0,
            PreNorm = true,
            Activation = Activation.QuickGelu,
            LayerNormEpsilon = 1e-5,
        };
        Check(
            shape,
            state => Tower(state, prefix),
            $$"""{"model_type": "{{type}}", "hidden_size": 24, "num_attention_heads": 3, "num_hidden_layers": 2, "intermediate_size": 96, "image_size": 32, "patch_size": 8}"""
        );
    }

    [Fact]
    public void A_pair_of_towers_has_the_vision_towers_config()
    {
        VitConfig shape = Small with { Classes = 6, PreNorm = true, Activation = Activation.Gelu, LayerNormEpsilon = 1e-5 };
        Check(
            shape,
            state => Tower(state, "vision_model."),
            """{"model_type": "clip", "projection_dim": 6, "text_config": {"hidden_size": 99, "hidden_act": "relu"}, "vision_config": {"hidden_size": 24, "num_attention_heads": 3, "hidden_act": "gelu", "image_size": 32}}"""
        );
    }

    [Fact]
    public void Clips_classifier_reads_the_mean_of_the_patches_before_the_final_norm()
    {
        VitConfig shape = Small with
        {
            Classes = 5,
            PreNorm = true,
            Activation = Activation.QuickGelu,
            LayerNormEpsilon = 1e-5,
            Pooling = Pooling.Average,
            FinalNorm = false,
        };
        Check(
            shape,
            state =>
                new(Tower(state.Where(pair => !pair.Key.StartsWith("head.", StringComparison.Ordinal)).ToDictionary(), "vision_model."))
                {
                    ["classifier.weight"] = state["head.weight"],
                    ["classifier.bias"] = state["head.bias"],
                    ["vision_model.post_layernorm.weight"] = full([24], 7f),
                    ["vision_model.post_layernorm.bias"] = full([24], 8f),
                },
            """{"model_type": "clip", "architectures": ["CLIPForImageClassification"], "vision_config": {"hidden_size": 24, "num_attention_heads": 3, "image_size": 32, "patch_size": 8}}"""
        );
    }

    [Fact]
    public void I_jepa_has_no_class_token_and_its_classifier_beside_the_backbone()
    {
        VitConfig shape = Small with { Classes = 5, ClassToken = false, Pooling = Pooling.Average };
        Check(
            shape,
            state =>
            {
                Dictionary<string, Tensor> named = [];
                foreach ((string name, Tensor tensor) in state)
                {
                    string[] parts = name.Split('.');
                    if (parts[0] == "head")
                        named["classifier." + parts[1]] = tensor;
                    else if (name.Contains(".qkv.", StringComparison.Ordinal))
                    {
                        for (int i = 0; i < 3; i++)
                            named[$"ijepa.encoder.layer.{parts[1]}.attention.attention.{new[] { "query", "key", "value" }[i]}.{parts[4]}"] =
                                tensor.chunk(3, 0)[i];
                    }
                    else
                        named[
                            "ijepa."
                                + Replace(
                                    name,
                                    ("pos_embed", "embeddings.position_embeddings"),
                                    ("patch_embed.proj", "embeddings.patch_embeddings.projection"),
                                    ("norm1", "layernorm_before"),
                                    ("norm2", "layernorm_after"),
                                    ("attn.proj", "attention.output.dense"),
                                    ("mlp.fc1", "intermediate.dense"),
                                    ("mlp.fc2", "output.dense"),
                                    ("blocks.", "encoder.layer."),
                                    name.StartsWith("norm.", StringComparison.Ordinal) ? ("norm.", "layernorm.") : ("", "")
                                )
                        ] = tensor;
                }
                return named;
            },
            """{"model_type": "ijepa", "num_attention_heads": 3, "image_size": 32, "layer_norm_eps": 1e-6}"""
        );
    }

    [Fact]
    public void Siglips_tower_pools_by_its_own_query()
    {
        VitConfig shape = Small with { Classes = 0, ClassToken = false, Pooling = Pooling.Map, Activation = Activation.GeluTanh };
        Check(
            shape,
            state => Tower(state, "vision_model."),
            """{"model_type": "siglip_vision_model", "num_attention_heads": 3, "image_size": 32}"""
        );
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 4)]
    public void Dinov2_is_read_with_a_head_over_class_token_and_mean(bool swiGlu, int registers)
    {
        VitConfig shape = Small with
        {
            Classes = 5,
            LayerScale = true,
            SwiGlu = swiGlu,
            RegisterTokens = registers,
            NoEmbedClass = registers > 0,
            Pooling = Pooling.TokenAndAverage,
        };
        Check(
            shape,
            state => Dinov2(state, registers),
            $$"""{"model_type": "dinov2", "num_attention_heads": 3, "image_size": 32, "use_swiglu_ffn": {{(swiGlu ? "true" : "false")}}, "layer_norm_eps": 1e-6}"""
        );
    }

    [Fact]
    public void Torchvisions_names_are_read()
    {
        VitConfig shape = Small with { Classes = 5 };
        Check(shape, TorchVision, """{"num_heads": 3, "patch_size": 8}""");
    }

    [Fact]
    public void Open_clips_own_names_are_read_beside_a_text_tower_and_the_activation_is_said_to_be_assumed()
    {
        using DisposeScope scope = NewDisposeScope();
        VitConfig shape = Small with { Classes = 6, PreNorm = true, LayerNormEpsilon = 1e-5 };
        using ImageModel model = shape.Create(2);
        FormulaWeights.Fill(model);
        model.eval();
        using (no_grad())
            model.StateDict()["head.bias"].zero_();
        Dictionary<string, object?> named = new()
        {
            ["text_projection"] = zeros(6, 6),
            ["transformer.resblocks.0.ln_1.weight"] = ones(6),
            ["logit_scale"] = ones(1),
            ["positional_embedding"] = zeros(7, 6),
        };
        foreach ((string name, Tensor tensor) in model.StateDict())
        {
            if (name == "head.bias")
                continue;
            Tensor own = name switch
            {
                "cls_token" => tensor.view(-1),
                "pos_embed" => tensor.squeeze(0),
                "head.weight" => tensor.t().contiguous(),
                _ => tensor,
            };
            named[
                "visual."
                    + Replace(
                        name,
                        ("cls_token", "class_embedding"),
                        ("pos_embed", "positional_embedding"),
                        ("head.weight", "proj"),
                        ("norm_pre.", "ln_pre."),
                        ("patch_embed.proj.", "conv1."),
                        ("attn.qkv.", "attn.in_proj_"),
                        ("attn.proj.", "attn.out_proj."),
                        ("fc1", "c_fc"),
                        ("fc2", "c_proj"),
                        ("norm1", "ln_1"),
                        ("norm2", "ln_2"),
                        ("blocks.", "transformer.resblocks."),
                        name.StartsWith("norm.", StringComparison.Ordinal) ? ("norm.", "ln_post.") : ("", "")
                    )
            ] = own;
        }
        PickleBuilder.Save(folder["clip.pt"], new Dictionary<string, object?> { ["state_dict"] = named });
        using LoadedModel loaded = ModelStore.Load(folder["clip.pt"], 3);
        Assert.Equal(shape, loaded.Model.Config);
        Assert.Contains("activation gelu", loaded.Assumptions!, StringComparison.Ordinal);
        Assert.True(
            (loaded.Model.forward(FormulaWeights.Picture(32)) - model.forward(FormulaWeights.Picture(32))).abs().max().item<float>() < 1e-6
        );
    }

    [Fact]
    public void A_deit_of_one_head_reads_its_class_token_and_keeps_the_distillation_token_in_attention()
    {
        using DisposeScope scope = NewDisposeScope();
        VitConfig shape = Small with { Classes = 5, Distilled = true };
        using ImageModel model = shape.Create(2);
        FormulaWeights.Fill(model);
        ModelStore.Save(folder["two"], model, Preprocessing.DefaultFor(32), [], TensorNaming.HuggingFace);
        Dictionary<string, Tensor> named = Checkpoints.SafeTensors.Read(Path.Combine(folder["two"], "model.safetensors"));
        Dictionary<string, Tensor> one = named
            .Where(pair => !pair.Key.StartsWith("distillation_", StringComparison.Ordinal))
            .ToDictionary(pair => pair.Key.Replace("cls_classifier", "classifier", StringComparison.Ordinal), pair => pair.Value);
        Write("one", one, """{"model_type": "deit", "num_attention_heads": 3, "layer_norm_eps": 1e-6}""");
        using LoadedModel loaded = ModelStore.Load(folder["one"]);
        model.eval();
        Tensor expected = model.Run(FormulaWeights.Picture(32), ModelCapture.None).LogitsCls!;
        Assert.True((loaded.Model.forward(FormulaWeights.Picture(32)) - expected).abs().max().item<float>() < 1e-6);
    }

    private void Check(VitConfig shape, Func<IReadOnlyDictionary<string, Tensor>, Dictionary<string, Tensor>> rename, string config)
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionTransformer model = (VisionTransformer)shape.Create(2);
        FormulaWeights.Fill(model);
        model.eval();
        if (shape.PreNorm && shape.Classes > 0 && shape.FinalNorm)
        {
            // The projection has no bias.
            using IDisposable off = no_grad();
            model.StateDict()["head.bias"].zero_();
        }
        Write("m", rename(model.StateDict()), config);
        using LoadedModel loaded = ModelStore.Load(folder["m"]);
        Assert.Equal(shape with { LayerScaleInit = 0 }, (VitConfig)loaded.Model.Config with { LayerScaleInit = 0 });
        Assert.DoesNotContain(loaded.Facts, fact =>
            fact.By == FactSource.Assumed && fact.Field is ("heads" or "activation" or "pooling" or "LayerNorm epsilon")
        );
        Assert.True(
            (loaded.Model.forward(FormulaWeights.Picture(32)) - model.forward(FormulaWeights.Picture(32))).abs().max().item<float>() < 1e-6
        );
    }

    private void Write(string name, Dictionary<string, Tensor> tensors, string config)
    {
        Directory.CreateDirectory(folder[name]);
        using (FileStream stream = File.Create(Path.Combine(folder[name], "model.safetensors")))
            Checkpoints.SafeTensors.Write(stream, tensors);
        File.WriteAllText(Path.Combine(folder[name], "config.json"), config);
    }

    private static Dictionary<string, Tensor> Tower(IReadOnlyDictionary<string, Tensor> state, string prefix)
    {
        Dictionary<string, Tensor> named = [];
        foreach ((string name, Tensor tensor) in state)
        {
            string[] parts = name.Split('.');
            if (name == "cls_token")
                named[prefix + "embeddings.class_embedding"] = tensor.view(-1);
            else if (name == "pos_embed")
                named[prefix + "embeddings.position_embedding.weight"] = tensor.squeeze(0);
            else if (name == "head.weight")
                named[prefix.Replace("vision_model.", "", StringComparison.Ordinal) + "visual_projection.weight"] = tensor;
            else if (name == "head.bias")
                continue;
            else if (name == "attn_pool.latent")
                named[prefix + "head.probe"] = tensor;
            else if (name is "attn_pool.q.weight" or "attn_pool.q.bias")
                named[$"{prefix}head.attention.in_proj_{parts[2]}"] = cat([tensor, state["attn_pool.kv." + parts[2]]], 0);
            else if (name.StartsWith("attn_pool.kv", StringComparison.Ordinal))
                continue;
            else if (name.Contains(".qkv.", StringComparison.Ordinal))
            {
                for (int i = 0; i < 3; i++)
                    named[$"{prefix}encoder.layers.{parts[1]}.self_attn.{"qkv"[i]}_proj.{parts[4]}"] = tensor.chunk(3, 0)[i];
            }
            else
                named[
                    prefix
                        + Replace(
                            name,
                            ("patch_embed.proj", "embeddings.patch_embedding"),
                            ("norm_pre.", "pre_layrnorm."),
                            ("attn_pool.proj", "head.attention.out_proj"),
                            ("attn_pool.norm", "head.layernorm"),
                            ("attn_pool.mlp", "head.mlp"),
                            ("blocks.", "encoder.layers."),
                            (".norm1.", ".layer_norm1."),
                            (".norm2.", ".layer_norm2."),
                            ("attn.proj", "self_attn.out_proj"),
                            name.StartsWith("norm.", StringComparison.Ordinal) ? ("norm.", "post_layernorm.") : ("", "")
                        )
                ] = tensor;
        }
        return named;
    }

    private static Dictionary<string, Tensor> Dinov2(IReadOnlyDictionary<string, Tensor> state, int registers)
    {
        Dictionary<string, Tensor> named = new() { ["dinov2.embeddings.mask_token"] = zeros(1, 24) };
        foreach ((string name, Tensor tensor) in state)
        {
            string[] parts = name.Split('.');
            // Its position embedding has an entry for the class token, none for registers.
            if (name == "pos_embed" && registers > 0)
                named["dinov2.embeddings.position_embeddings"] = cat([zeros(1, 1, 24), tensor], 1);
            else if (name.Contains(".qkv.", StringComparison.Ordinal))
            {
                for (int i = 0; i < 3; i++)
                    named[$"dinov2.encoder.layer.{parts[1]}.attention.attention.{new[] { "query", "key", "value" }[i]}.{parts[4]}"] =
                        tensor.chunk(3, 0)[i];
            }
            else if (parts[0] == "head")
                named["classifier." + parts[1]] = tensor;
            else
            {
                string[] swiglu =
                    state["blocks.0.mlp.fc1.weight"].shape[0] == 2 * state["blocks.0.mlp.fc2.weight"].shape[1]
                        ? ["weights_in", "weights_out"]
                        : ["fc1", "fc2"];
                named[
                    "dinov2."
                        + Replace(
                            name,
                            ("cls_token", "embeddings.cls_token"),
                            ("pos_embed", "embeddings.position_embeddings"),
                            ("reg_token", "embeddings.register_tokens"),
                            ("patch_embed.proj", "embeddings.patch_embeddings.projection"),
                            ("attn.proj", "attention.output.dense"),
                            ("ls1.gamma", "layer_scale1.lambda1"),
                            ("ls2.gamma", "layer_scale2.lambda1"),
                            ("fc1", swiglu[0]),
                            ("fc2", swiglu[1]),
                            ("blocks.", "encoder.layer."),
                            name.StartsWith("norm.", StringComparison.Ordinal) ? ("norm.", "layernorm.") : ("", "")
                        )
                ] = tensor;
            }
        }
        return named;
    }

    private static Dictionary<string, Tensor> TorchVision(IReadOnlyDictionary<string, Tensor> state) =>
        state.ToDictionary(
            pair =>
                Replace(
                    pair.Key,
                    ("cls_token", "class_token"),
                    ("pos_embed", "encoder.pos_embedding"),
                    ("patch_embed.proj", "conv_proj"),
                    ("attn.qkv.", "self_attention.in_proj_"),
                    ("attn.proj", "self_attention.out_proj"),
                    ("norm1", "ln_1"),
                    ("norm2", "ln_2"),
                    ("mlp.fc1", "mlp.0"),
                    ("mlp.fc2", "mlp.3"),
                    ("blocks.", "encoder.layers.encoder_layer_"),
                    pair.Key.StartsWith("norm.", StringComparison.Ordinal) ? ("norm.", "encoder.ln.") : ("", ""),
                    pair.Key.StartsWith("head.", StringComparison.Ordinal) ? ("head.", "heads.head.") : ("", "")
                ),
            pair => pair.Value
        );

    private static string Replace(string name, params (string From, string To)[] pairs) =>
        pairs
            .Where(pair => pair.From.Length > 0)
            .Aggregate(name, (text, pair) => text.Replace(pair.From, pair.To, StringComparison.Ordinal));
}
