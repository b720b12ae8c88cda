// Which rotary positions a network has: its tensors never tell.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads rotary positions off a config's arguments or off timm's name; nothing is assumed.</summary>
internal sealed class RotaryReader(NetworkSource source)
{
    /// <summary>Null of a network without.</summary>
    /// <param name="learned">Whether there is a position embedding: with one, rotary positions may be beside it or not.</param>
    /// <exception cref="ModelException">The network may have some, and nobody says which; or a kind that is not read.</exception>
    public Told<RotaryPositions?> Read(bool learned)
    {
        if (source.Stated.Flag("use_rot_pos_emb") is { } told)
        {
            return new(told.Value ? Stated() : null, told.Source, told.By);
        }
        if (source.Named is { Value.Shape: { } shape } named) return new(shape.Rotary, named.Source, FactSource.Registry);
        if (!learned && source.Tensors.ContainsKey("blocks.0.attn.qkv.weight")) throw source.Report.Bad("it has no position embedding, and rotary positions, which leave no tensors, are stated by nobody: give a config.json with its architecture beside it, or name the file by it (vit_small_patch16_dinov3.pth)");
        if (source.Style == NameStyle.Eva) throw source.Report.Bad("its tensors are EVA's, with or without rotary positions, which leave no tensors: give a config.json with its architecture beside it, or name the file by it (eva02_base_patch14_224.pth)");
        return new(null, "no rotary positions stated", FactSource.Registry);
    }

    private RotaryPositions Stated()
    {
        Statements stated = source.Stated;
        string kind = stated.Text("rope_type")?.Value ?? "cat";
        if (kind is not ("cat" or "dinov3")) throw source.Report.Bad($"its rotary positions are of the kind '{Shown.Of(kind)}'; cat and dinov3 are read");
        return new RotaryPositions
        {
            Centred = kind == "dinov3",
            Temperature = stated.Number("rope_temperature")?.Value ?? 10000,
            Offset = stated.Number("rope_grid_offset")?.Value ?? 0,
            Reference = kind == "dinov3" ? 0 : stated.Size("ref_feat_shape")?.Value.Height ?? 0,
            ColumnsFirst = stated.Text("rope_grid_indexing")?.Value == "xy",
            Halves = stated.Flag("rope_rotate_half")?.Value ?? false,
        };
    }
}
