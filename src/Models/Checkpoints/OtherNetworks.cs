// Networks that share most names with a Vision Transformer and compute something else.

namespace DataFreeKD.Models.Checkpoints;

internal static class OtherNetworks
{
    // Told by a name of their own.
    private static readonly (string Tensor, string What)[] Marks =
    [
        ("blocks.0.attns.0.norm.weight", "parallel branches in its blocks (ParallelThingsBlock)"),
        ("blocks.0.in_proj.weight", "differential attention beside its MLP (DiffParallelScalingBlock)"),
        ("blocks.0.attn.lambda_a", "differential attention"),
        ("rope.freqs", "learned rotary positions in another form than timm's"),
        ("blocks.0.attn.gate.weight", "gates on its attention"),
        ("blocks.0.attn.inner_attn_ln.weight", "BEiT-3's norms"),
        ("patch_embed.backbone.stem.conv.weight", "a convolutional backbone (hybrid)"),
        ("attn_pool.q_norm.weight", "norms inside its attention pooling"),
        ("layers.0.blocks.0.norm1.weight", "stages with windows (Swin)"),
        ("blocks.0.attn.lambda_q1", "differential attention"),
        ("blocks.0.ls1.alpha", "an affine map in place of LayerNorm"),
    ];

    /// <summary>Refuses them by the tensors that they alone have.</summary>
    /// <exception cref="ModelException">It is one of them.</exception>
    public static void Refuse(NetworkSource source)
    {
        foreach ((string tensor, string what) in Marks)
        {
            if (source.Tensors.ContainsKey(tensor))
                throw source.Report.Bad($"it has '{tensor}': {what}, which is not read (supported: {FamilyReader.Supported})");
        }
    }
}
