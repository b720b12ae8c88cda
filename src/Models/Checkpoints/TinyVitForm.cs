// How timm would build a TinyViT.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>The registered name where the shape is one; else timm's smallest with the rest as arguments; a stem that timm has not is a free
/// spec.</summary>
internal static class TinyVitForm
{
    public static TimmForm Of(TinyVitConfig config) =>
        new()
        {
            Architecture = RegistryEntries.NameOf(config) ?? (config.StemStride == 4 ? "tiny_vit_5m_224" : config.Spec),
            Arguments =
            [
                ("embed_dims", config.Widths.ToArray()),
                ("depths", config.Depths.ToArray()),
                ("num_heads", config.Heads.ToArray()),
                ("window_sizes", config.Windows.ToArray()),
            ],
            FirstConvolution = "patch_embed.conv1.conv",
            Classifier = ["head.fc"],
            PoolSize = config.Side(3),
        };
}
