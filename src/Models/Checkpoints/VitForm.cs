// How timm would build a Vision Transformer.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>The registered name where the shape is one; else the plainest constructor of timm that takes the rest as arguments.</summary>
internal static class VitForm
{
    public static TimmForm Of(VitConfig config) =>
        new()
        {
            Architecture = Architecture(config),
            Arguments = Arguments(config),
            FirstConvolution = config.CrossBias ? "conv_embed.conv.0" : "patch_embed.proj",
            Classifier =
                config.CrossBias ? ["head", "head_conv", "head_inv"]
                : config.Distilled ? ["head", "head_dist"]
                : ["head"],
            FixedSize = true,
        };

    private static string Architecture(VitConfig config)
    {
        if (RegistryEntries.NameOf(config) is { } same)
            return same;
        // timm has these parts under arguments of other constructors.
        if (
            config.RmsNorm
            || !config.ProjectionBias
            || config.EmbedNorm
            || config.AttentionNorm
            || config.MlpNorm
            || config.Rotary is not null
            || config.RelativeBias
            || config.ParallelBranches
            || !config.FinalNorm
            || config.PoolHeads > 0
            || config.PoolPrefix
        )
            return config.Spec;
        // timm has no such tokens.
        if (
            config.CrossBias
            || config.Pooling == Pooling.TokenAndAverage
            || (config.SwiGlu && (config.Pooling != Pooling.Token || !config.ClassToken))
        )
            return config.Spec;
        // Its blocks are no argument that JSON can hold.
        if (config.PostNorm)
            return "vit_base_patch16_rpn_224";
        if (config.Distilled)
            return "deit_tiny_distilled_patch16_224";
        if (config.SwiGlu)
            return config.RegisterTokens > 0 ? "vit_giant_patch14_reg4_dinov2" : "vit_giant_patch14_dinov2";
        return config.PreNorm ? "vit_base_patch16_clip_224" : "vit_tiny_patch16_224";
    }

    private static List<(string, object)> Arguments(VitConfig config)
    {
        List<(string, object)> arguments =
        [
            ("img_size", config.ImageSize),
            ("patch_size", config.PatchSize),
            ("embed_dim", config.Width),
            ("depth", config.Depth),
            ("num_heads", config.Heads),
            ("mlp_ratio", MlpRatio(config)),
            ("qkv_bias", config.QkvBias),
        ];
        if (config.LayerScale)
            arguments.Add(("init_values", config.LayerScaleInit));
        if (config.NoEmbedClass)
            arguments.Add(("no_embed_class", true));
        if (config.RegisterTokens > 0)
            arguments.Add(("reg_tokens", config.RegisterTokens));
        if (config.PreNorm)
            arguments.Add(("pre_norm", true));
        if (config.Activation != Activation.Gelu)
            arguments.Add(("act_layer", ActivationNames.Of(config.Activation)));
        if (config.Pooling != Pooling.Token)
            arguments.Add(("global_pool", VitSpec.PoolName(config.Pooling)));
        // timm puts the norm after average pooling unless told.
        if (config.FcNorm != (config.Pooling == Pooling.Average))
            arguments.Add(("fc_norm", config.FcNorm));
        if (!config.ClassToken)
            arguments.Add(("class_token", false));
        if (config.QkNorm)
            arguments.Add(("qk_norm", true));
        if (config.RmsNorm)
            arguments.Add(("norm_layer", "rmsnorm"));
        if (!config.ProjectionBias)
            arguments.Add(("proj_bias", false));
        if (config.ParallelBranches)
            arguments.Add(("block_fn", "ParallelScalingBlock"));
        if (!config.FinalNorm)
            arguments.Add(("final_norm", false));
        if (config.PoolHeads > 0)
            arguments.Add(("attn_pool_num_heads", config.PoolHeads));
        if (config.PoolPrefix)
            arguments.Add(("pool_include_prefix", true));
        // Of timm's own names its blocks follow from the name.
        if (config is { RelativeBias: true, PostNorm: true })
            arguments.Add(("block_fn", "ResPostBlock"));
        if (config.RelativeBias)
            arguments.AddRange([("use_rel_pos_bias", true), ("use_abs_pos_emb", config.LearnedPositions)]);
        if (config.Rotary is not { } rotary)
            return arguments;
        arguments.Add(("use_rot_pos_emb", true));
        arguments.Add(("use_abs_pos_emb", config.LearnedPositions));
        arguments.Add(
            (
                "rope_type",
                rotary.Centred ? "dinov3"
                : rotary.Mixed ? "mixed"
                : "cat"
            )
        );
        arguments.Add(("rope_temperature", rotary.Temperature));
        arguments.Add(("rope_grid_offset", rotary.Offset));
        arguments.Add(("rope_grid_indexing", rotary.ColumnsFirst ? "xy" : "ij"));
        arguments.Add(("rope_rotate_half", rotary.Halves));
        if (rotary.Reference > 0)
            arguments.Add(("ref_feat_shape", rotary.Reference));
        return arguments;
    }

    // timm computes ⌊width · ratio⌋ (and halves it for SwiGLU): the ratio is nudged where the quotient falls below.
    private static double MlpRatio(VitConfig config)
    {
        int rows = config.SwiGlu ? 2 * config.MlpHidden : config.MlpHidden;
        double ratio = (double)rows / config.Width;
        while ((int)(config.Width * ratio) < rows)
            ratio = Math.BitIncrement(ratio);
        return ratio;
    }
}
