// Which rotary positions a network has: its tensors never tell.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads rotary positions off a config's arguments or off timm's name; nothing is assumed.</summary>
internal sealed class RotaryReader(NetworkSource source)
{
    /// <summary>Null of a network without.</summary>
    /// <param name="learned">Whether there is a position embedding: with one, rotary positions may be beside it or not.</param>
    /// <param name="finalNorm">Whether there is a norm before the head.</param>
    /// <exception cref="ModelException">The network may have some, and nobody says which; or a kind that is not read.</exception>
    public Told<RotaryPositions?> Read(bool learned, bool finalNorm)
    {
        bool angles = source.Tensors.ContainsKey("blocks.0.attn.rope_freqs");
        Told<RotaryPositions?> told = Told(learned, finalNorm, angles);
        if (angles != told.Value is { Mixed: true })
            throw source.Report.Bad(
                angles
                    ? $"its rotary positions are learned ('rope.freqs'), but {told.Source} says otherwise"
                    : $"{told.Source} says that its rotary positions are learned, but there is no 'rope.freqs'"
            );
        return told;
    }

    private Told<RotaryPositions?> Told(bool learned, bool finalNorm, bool angles)
    {
        if (source.Style == NameStyle.HuggingFaceDinov3)
        {
            Told<double>? theta = source.Stated.Number("rope_theta");
            return new(
                new RotaryPositions
                {
                    Centred = true,
                    Halves = true,
                    Temperature = theta?.Value ?? 100,
                },
                theta?.Source ?? "Hugging Face's DINOv3ViT",
                theta?.By ?? FactSource.Registry
            );
        }
        if (source.Stated.Flag("use_rot_pos_emb") is { } told)
        {
            return new(told.Value ? Stated() : null, told.Source, told.By);
        }
        // All that were published count columns first.
        if (angles && source.Named is not { Value.Shape.Rotary: not null })
            return new(
                new RotaryPositions
                {
                    Mixed = true,
                    Temperature = 10,
                    ColumnsFirst = true,
                },
                "",
                FactSource.Assumed
            );
        if (source.Named is { Value.Shape: { } shape } named)
            return new(shape.Rotary, named.Source, FactSource.Registry);
        if (!learned && source.Tensors.ContainsKey("blocks.0.attn.qkv.weight"))
            throw source.Report.Bad(
                "it has no position embedding, and rotary positions, which leave no tensors, are stated by nobody: give a config.json with its architecture beside it, or name the file by it (vit_small_patch16_dinov3.pth)"
            );
        if (source.Style == NameStyle.Eva)
            throw source.Report.Bad(
                "its tensors are EVA's, with or without rotary positions, which leave no tensors: give a config.json with its architecture beside it, or name the file by it (eva02_base_patch14_224.pth)"
            );
        // Meta's Perception Encoder has a class token, a norm before its blocks, and rotary positions.
        if (
            source.Style == NameStyle.Timm
            && source.Tensors.ContainsKey("norm_pre.weight")
            && (!finalNorm || source.Tensors.ContainsKey("attn_pool.latent"))
        )
            throw source.Report.Bad(
                "its tensors are a Perception Encoder's, whose rotary positions leave no tensors: give a config.json with its architecture beside it, or name the file by it (vit_pe_core_base_patch16_224.pth)"
            );
        return source.Style == NameStyle.OldLayerScale
            ? new(null, "", FactSource.Assumed)
            : new(null, "no rotary positions stated", FactSource.Registry);
    }

    private RotaryPositions Stated()
    {
        Statements stated = source.Stated;
        string kind = stated.Text("rope_type")?.Value ?? "cat";
        if (kind is not ("cat" or "dinov3" or "mixed"))
            throw source.Report.Bad($"its rotary positions are of the kind '{Shown.Of(kind)}'; cat, dinov3 and mixed are read");
        return new RotaryPositions
        {
            Centred = kind == "dinov3",
            Mixed = kind == "mixed",
            Temperature = stated.Number("rope_temperature")?.Value ?? (kind == "mixed" ? 10 : 10000),
            Offset = stated.Number("rope_grid_offset")?.Value ?? 0,
            Reference = kind != "cat" ? 0 : stated.Size("ref_feat_shape")?.Value.Height ?? 0,
            ColumnsFirst = stated.Text("rope_grid_indexing")?.Value == "xy",
            Halves = stated.Flag("rope_rotate_half")?.Value ?? false,
        };
    }
}
