// The contract for every field of a model's config: honoured, irrelevant, or of one value only; what is none of these is named.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Holds a config against the network it goes with.</summary>
internal static class ConfigContract
{
    // Read by VitReader, ConvolutionalReaders or PreprocessingReader, or checked below.
    private static readonly HashSet<string> Honoured =
    [
        "architecture",
        "architectures",
        "model_type",
        "num_classes",
        "num_labels",
        "num_features",
        "head_hidden_size",
        "global_pool",
        "pool_type",
        "gp",
        "img_size",
        "image_size",
        "input_size",
        "patch_size",
        "embed_dim",
        "hidden_size",
        "depth",
        "num_hidden_layers",
        "num_heads",
        "num_attention_heads",
        "heads",
        "nhead",
        "n_head",
        "num_head",
        "vit_heads",
        "n_heads",
        "nheads",
        "mlp_ratio",
        "intermediate_size",
        "qkv_bias",
        "qk_norm",
        "act_layer",
        "hidden_act",
        "layer_norm_eps",
        "norm_eps",
        "class_token",
        "no_embed_class",
        "reg_tokens",
        "num_register_tokens",
        "init_values",
        "pre_norm",
        "fc_norm",
        "use_fc_norm",
        "use_rot_pos_emb",
        "use_abs_pos_emb",
        "rope_type",
        "rope_temperature",
        "rope_grid_offset",
        "rope_grid_indexing",
        "rope_rotate_half",
        "ref_feat_shape",
        "num_reg_tokens",
        "swiglu_mlp",
        "scale_mlp",
        "scale_attn_inner",
        "qkv_fused",
        "swiglu_align_to",
        "proj_bias",
        "embed_norm_layer",
        "scale_attn_norm",
        "scale_mlp_norm",
        "final_norm",
        "pool_include_prefix",
        "attn_pool_num_heads",
        "attn_pool_mlp_ratio",
        "use_rel_pos_bias",
        "use_shared_rel_pos_bias",
        "use_relative_position_bias",
        "use_shared_relative_position_bias",
        "use_absolute_position_embeddings",
        "use_mean_pooling",
        "rel_pos_type",
        "rel_pos_dim",
        "shared_rel_pos",
        "block_fn",
        "label_names",
        "id2label",
        "label2id",
        "label_descriptions",
        "mean",
        "std",
        "interpolation",
        "crop_pct",
        "crop_mode",
        "use_swiglu_ffn",
        "use_gated_mlp",
        "rope_theta",
        "embed_dims",
        "depths",
        "window_sizes",
        "distilled",
        "vision_config",
        "pretrained_cfg",
        "model_args",
    ];

    // Of training, of files, of other tasks, or of sizes that are read as they are.
    private static readonly HashSet<string> Irrelevant =
    [
        "drop_rate",
        "pos_drop_rate",
        "patch_drop_rate",
        "proj_drop_rate",
        "attn_drop_rate",
        "drop_path_rate",
        "drop_block_rate",
        "head_dropout",
        "weight_init",
        "fix_init",
        "init_std",
        "dynamic_img_size",
        "dynamic_img_pad",
        "strict_img_size",
        "always_partition",
        "layers",
        "zero_init_last",
        "hidden_dropout_prob",
        "attention_probs_dropout_prob",
        "attention_dropout",
        "dropout",
        "initializer_range",
        "initializer_factor",
        "layerscale_value",
        "layer_scale_init_value",
        "query_bias",
        "key_bias",
        "value_bias",
        "pos_embed_shift",
        "pos_embed_jitter",
        "pos_embed_rescale",
        "out_channels",
        "pool_scales",
        "use_auxiliary_head",
        "auxiliary_loss_weight",
        "auxiliary_channels",
        "auxiliary_num_convs",
        "auxiliary_concat_input",
        "add_fpn",
        "encoder_stride",
        "pooler_act",
        "pooler_output_size",
        "problem_type",
        "transformers_version",
        "torch_dtype",
        "dtype",
        "_name_or_path",
        "name_or_path",
        "return_dict",
        "output_hidden_states",
        "output_attentions",
        "output_attention",
        "torchscript",
        "use_bfloat16",
        "pruned_heads",
        "is_encoder_decoder",
        "is_decoder",
        "use_cache",
        "finetuning_task",
        "stage_names",
        "out_features",
        "out_indices",
        "reshape_hidden_states",
        "use_mask_token",
        "tf_legacy_loss",
        "cross_attention_hidden_size",
        "add_cross_attention",
        "tie_encoder_decoder",
        "tie_word_embeddings",
        "chunk_size_feed_forward",
        "_attn_implementation",
        "_attn_implementation_internal",
        "_attn_implementation_autoset",
        "attn_implementation",
        "semantic_loss_ignore_index",
        "text_config",
        "text_config_dict",
        "vision_config_dict",
        "projection_dim",
        "logit_scale_init_value",
        "auto_map",
        "_commit_hash",
        "license",
        "source",
        "name",
        "tag",
        "url",
        "hf_hub_id",
        "hf_hub_filename",
        "custom_load",
        "file",
        "state_dict",
        "origin_url",
        "paper_name",
        "paper_ids",
        "notes",
        "description",
        "pool_size",
        "first_conv",
        "classifier",
        "classifiers",
        "fixed_input_size",
        "min_input_size",
        "test_input_size",
        "test_crop_pct",
        "num_outputs",
        "features_only",
        "cache_dir",
        "pretrained",
        "pretrained_strict",
        "pretrained_filter_fn",
        "checkpoint_path",
        "scriptable",
        "exportable",
        "no_jit",
        "drop",
        "vision_use_head",
        "vocab_size",
        "max_position_embeddings",
        "bos_token_id",
        "eos_token_id",
        "pad_token_id",
        "sep_token_id",
        "decoder_start_token_id",
        "use_head",
        "stem_size",
        "base_width",
        "cardinality",
        "in22k",
        "repo",
        "sha",
        "tags",
        "library_name",
        "datasets",
    ];

    // Fields that change the network: with any other value it is one that is not read.
    private static readonly (string Field, Func<object, bool> Holds, string Wanted)[] Fixed =
    [
        ("in_chans", Is(3L), "3"),
        ("num_channels", Is(3L), "3"),
        ("pos_embed", value => value is "learn", "'learn'"),
        (
            "norm_layer",
            value =>
                value is string name
                && (
                    name.Contains("layernorm", StringComparison.OrdinalIgnoreCase)
                    || name.Contains("rmsnorm", StringComparison.OrdinalIgnoreCase)
                ),
            "a LayerNorm or RMSNorm"
        ),
        ("attn_layer", value => value is "Attention" or "attn", "the usual attention"),
        ("embed_layer", value => value is "PatchEmbed", "'PatchEmbed'"),
        ("mlp_layer", value => value is "Mlp" or "mlp" or "SwiGLUPacked" or "SwiGLU" or "GluMlp", "'Mlp' or 'SwiGLUPacked'"),
        ("use_post_norm", Is(false), "false"),
        ("gated_attn", Is(false), "false"),
        ("apply_layernorm", Is(true), "true"),
        ("output_stride", Is(32L), "32"),
        ("mlp_bias", Is(true), "true"),
        ("attention_bias", Is(true), "true"),
        ("position_embedding_type", value => value is "absolute", "'absolute'"),
        ("hidden_stride", Is(1L), "1"),
        ("do_pooling", Is(true), "true"),
        ("replace_stem_pool", Is(false), "false"),
        ("avg_down", Is(false), "false"),
        ("stem_type", value => value is "" or "3x3" or "7x7", "the usual stem"),
        ("down_kernel_size", Is(1L), "1"),
        ("groups", Is(1L), "1"),
        ("conv_norm_activation", Is(false), "none"),
    ];

    /// <summary>Refuses what states another network than the tensors are, and notes what is not known.</summary>
    /// <param name="config">The shape that the tensors have.</param>
    /// <param name="mlpRows">Rows of the MLP's first map.</param>
    /// <param name="stated">All statements.</param>
    /// <param name="report">Takes notes.</param>
    public static void Check(VitConfig config, int mlpRows, Statements stated, ReadingReport report)
    {
        Same("its width", config.Width, "embed_dim", "hidden_size", "num_features");
        Same("its depth", config.Depth, "depth", "num_hidden_layers");
        Same("its patch size", config.PatchSize, "patch_size");
        Same("its number of register tokens", config.RegisterTokens, "reg_tokens", "num_register_tokens", "num_reg_tokens");
        ClassesFit(config.Classes, stated, report);
        Flag("its qkv projection", config.QkvBias, "has a bias", "has none", "qkv_bias");
        Flag("its class token", config.ClassToken, "is there", "is not there", "class_token");
        Flag("its norm before the blocks", config.PreNorm, "is there", "is not there", "pre_norm");
        Flag("its norm of queries and keys", config.QkNorm, "is there", "is not there", "qk_norm");
        Flag("its norm after pooling", config.FcNorm, "is there", "is not there", "fc_norm");
        Flag("its norm after pooling", config.FcNorm, "is there", "is not there", "use_fc_norm");
        Flag("its position embedding", config.LearnedPositions, "is there", "is not there", "use_abs_pos_emb");
        Flag("its biases of projections and MLPs", config.ProjectionBias, "are there", "are not there", "proj_bias");
        Flag("its position embedding", config.LearnedPositions, "is there", "is not there", "use_absolute_position_embeddings");
        Flag("its final norm", config.FinalNorm, "is there", "is not there", "final_norm");
        // BEiT's config says where its tables are: in the blocks, or one for all.
        if (
            stated
                .Of("use_rel_pos_bias", "use_shared_rel_pos_bias", "use_relative_position_bias", "use_shared_relative_position_bias")
                .ToArray()
                is { Length: > 0 } kinds
            && kinds.Any(kind => kind.Value is true) != config.RelativeBias
        )
            report.Contradiction(
                kinds.FirstOrDefault(kind => kind.Value is true) ?? kinds[0],
                "its tables of relative positions",
                config.RelativeBias ? "are there" : "are not there"
            );
        if (config.Rotary is null && stated.Of("rope_theta").FirstOrDefault() is { } turns)
            report.Note(
                $"{turns.Source} is {Statements.Show(turns.Value)}, but this reader knows the network's class without rotary positions; if it has some, the figures are not that network's"
            );
        Flag("its SwiGLU", config.SwiGlu, "is there", "is not there", "use_swiglu_ffn");
        Flag("its gated MLP", config.SwiGlu, "is there", "is not there", "use_gated_mlp");
        foreach (Statement kind in stated.Of("mlp_layer").Take(1))
        {
            if (kind.Value is string mlp && mlp.Contains("glu", StringComparison.OrdinalIgnoreCase) != config.SwiGlu)
                report.Contradiction(kind, "its MLP", config.SwiGlu ? "is a SwiGLU" : "is no SwiGLU");
        }
        Flag("its norm behind the mean of the patches", config.FcNorm, "is there", "is not there", "use_mean_pooling");
        if (config.PrefixTokens > 0)
            Flag("its position embedding", config.NoEmbedClass, "leaves the class token out", "has an entry for it", "no_embed_class");
        foreach (Statement kind in stated.Of("norm_layer").Take(1))
        {
            if (kind.Value is string norm && norm.Contains("rms", StringComparison.OrdinalIgnoreCase) && !config.RmsNorm)
                report.Contradiction(kind, "its norms", "have a bias, which RMSNorm has not");
        }
        if (
            !config.LayerScale
            && stated.Of("init_values").FirstOrDefault(statement => statement.Value is long or double && !config.PostNorm) is { } scale
        )
            report.Contradiction(scale, "its LayerScale", "is not there");
        foreach (Statement ratio in stated.Of("mlp_ratio").Take(1))
        {
            if (
                ratio.Value is long or double
                && Math.Abs((Convert.ToDouble(ratio.Value, System.Globalization.CultureInfo.InvariantCulture) * config.Width) - mlpRows)
                    >= 1
                && !config.SwiGlu
            )
                report.Contradiction(ratio, "its MLP", $"is {mlpRows} wide at width {config.Width}");
        }
        if (!config.SwiGlu)
            Same("its MLP's width", config.MlpHidden, "intermediate_size");
        Sides(config.ImageSize, stated, report);
        OnlyValues(stated, report);

        void Same(string what, int held, params string[] fields)
        {
            foreach (Statement statement in stated.Of(fields))
            {
                long? told = statement.Value switch
                {
                    long number => number,
                    object[] { Length: 2 } pair when pair[0] is long first && pair[1] is long second && first == second => first,
                    _ => null,
                };
                if (told is { } value && value != held)
                    report.Contradiction(statement, what, $"is {held} by the tensors");
                else if (told is null && statement.By == FactSource.Config)
                    throw stated.Unusable(statement);
            }
        }

        void Flag(string what, bool held, string yes, string no, string field)
        {
            if (stated.Of(field).FirstOrDefault() is { Value: bool told } statement && told != held)
                report.Contradiction(statement, what, held ? yes : no);
        }
    }

    /// <summary>Classes as the config counts them are those of the head.</summary>
    public static void ClassesFit(int classes, Statements stated, ReadingReport report)
    {
        foreach (Statement statement in stated.Of("num_classes", "num_labels", "nb_classes", "n_classes", "num_class").Take(1))
        {
            if (statement.Value is not long told || told == classes)
                continue;
            if (classes == 0)
                report.Note($"{statement.Source} is {told}, but the weights have no head: a backbone alone");
            else
                report.Contradiction(statement, "its head", $"has {classes} classes");
        }
    }

    /// <summary>Refuses a config's fields whose value asks for another network, whatever the family.</summary>
    public static void OnlyValues(Statements stated, ReadingReport report)
    {
        foreach ((string field, Func<object, bool> holds, string wanted) in Fixed)
        {
            foreach (Statement statement in stated.Of(field))
            {
                if (holds(statement.Value))
                    continue;
                string text = $"{statement.Source} is {Statements.Show(statement.Value)}; only {wanted} is read";
                if (statement.By == FactSource.Config)
                    throw report.Bad(text);
                report.Note(text + ": if it is of this network, the figures are not that network's");
            }
        }
    }

    /// <summary>Notes the fields of a config that are none of those known here.</summary>
    public static void NameUnknown(JsonFile? config, ReadingReport report)
    {
        if (config is null)
            return;
        HashSet<string> fixedFields = [.. Fixed.Select(field => field.Field)];
        List<string> unknown = [];
        foreach (string group in new[] { "", "model_args", "pretrained_cfg", "vision_config" })
        {
            foreach (
                string field in config
                    .Fields(group)
                    .Where(field => !Honoured.Contains(field) && !Irrelevant.Contains(field) && !fixedFields.Contains(field))
            )
                unknown.Add(group.Length == 0 ? field : $"{group}.{field}");
        }
        if (unknown.Count > 0)
            report.Note(
                $"'{config.Path}' has {(unknown.Count == 1 ? "a field" : "fields")} that this reader does not know: {Shown.List(unknown, 6)}; where one changes the network, the figures are not that network's"
            );
    }

    private static void Sides(int side, Statements stated, ReadingReport report)
    {
        Statement[] own = [.. stated.Of("img_size", "image_size")];
        foreach (Statement statement in own)
        {
            if (stated.Size(statement.Field) is { } told && told.Value.Height != side)
                report.Contradiction(statement, "its position embedding", $"is of an input of {side}×{side} pixels");
        }
        if (
            stated.Of("pretrained_cfg.input_size").FirstOrDefault() is not { } preset
            || stated.Size("pretrained_cfg.input_size") is not { } size
            || size.Value.Height == side
        )
            return;
        // timm leaves the name's own size there when a network is built for another.
        if (own.Any(statement => statement.By == FactSource.Config))
            report.Note($"{preset.Source} is {Statements.Show(preset.Value)}, the network is built for {side}×{side}, which counts");
        else
            report.Contradiction(preset, "its position embedding", $"is of an input of {side}×{side} pixels");
    }

    private static Func<object, bool> Is(object wanted) => value => value.Equals(wanted);
}
