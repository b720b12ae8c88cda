// What a model's config says of its network is what the tensors are: else it is refused.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Holds a config against the network it goes with.</summary>
internal static class ConfigContract
{
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

    /// <summary>Fields that may have one value only.</summary>
    public static IEnumerable<string> FixedFields => Fixed.Select(one => one.Field);

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
