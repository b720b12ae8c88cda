// Whose names tensors had in their file, and what that alone tells.

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Whose names tensors had.</summary>
internal enum NameStyle
{
    /// <summary>timm's, or an original repository's with the same names.</summary>
    Timm,

    /// <summary>Hugging Face's ViT and DeiT.</summary>
    HuggingFaceVit,

    /// <summary>Hugging Face's Dinov2 and Dinov2WithRegisters.</summary>
    HuggingFaceDinov2,

    /// <summary>Hugging Face's BEiT and Data2Vec.</summary>
    HuggingFaceBeit,

    /// <summary>Hugging Face's DINOv3ViT.</summary>
    HuggingFaceDinov3,

    /// <summary>The vision tower of Hugging Face's CLIP.</summary>
    Clip,

    /// <summary>CLIPForImageClassification, whose classifier reads the mean of the patches before the final norm.</summary>
    ClipClassifier,

    /// <summary>The vision tower of Hugging Face's SigLIP, with its pooling head.</summary>
    Siglip,

    /// <summary>SiglipForImageClassification, whose classifier reads the mean of the patches.</summary>
    SiglipClassifier,

    /// <summary>torchvision's vit_*.</summary>
    TorchVision,

    /// <summary>timm's eva.py, where its tensors show it: queries, keys and values apart, or biases of two of them.</summary>
    Eva,

    /// <summary>timm's, with parallel branches in its blocks.</summary>
    Parallel,

    /// <summary>timm's, with LayerScale under the names that DeiT-III's code gave it, and timm's eva.py still gives.</summary>
    OldLayerScale,

    /// <summary>OpenAI's and open_clip's own files; the former have quick_gelu, most of the latter gelu, and neither says so.</summary>
    OpenClip,
}

/// <summary>What classes of other libraries have where their config leaves it out: their configs hold only what differs.</summary>
internal static class NameStyles
{
    public static double? DefaultEpsilon(this NameStyle style) =>
        style switch
        {
            NameStyle.HuggingFaceVit or NameStyle.HuggingFaceBeit => 1e-12,
            NameStyle.HuggingFaceDinov2 or NameStyle.Siglip or NameStyle.SiglipClassifier or NameStyle.TorchVision => 1e-6,
            NameStyle.Clip or NameStyle.ClipClassifier or NameStyle.OpenClip or NameStyle.HuggingFaceDinov3 => 1e-5,
            _ => null,
        };

    // Of CLIP's class quick_gelu is the default, and OpenAI's weights have it; LAION's configs say gelu.
    public static Activation? DefaultActivation(this NameStyle style) =>
        style switch
        {
            NameStyle.HuggingFaceVit
            or NameStyle.HuggingFaceDinov2
            or NameStyle.HuggingFaceBeit
            or NameStyle.HuggingFaceDinov3
            or NameStyle.TorchVision => Activation.Gelu,
            NameStyle.Clip or NameStyle.ClipClassifier => Activation.QuickGelu,
            NameStyle.Siglip or NameStyle.SiglipClassifier => Activation.GeluTanh,
            _ => null,
        };

    /// <summary>Whether the names are timm's, so that its ways hold where nothing is stated.</summary>
    public static bool IsTimm(this NameStyle style) =>
        style is NameStyle.Timm or NameStyle.Eva or NameStyle.Parallel or NameStyle.OldLayerScale;

    /// <summary>A Hugging Face class has 12 heads, DINOv3's 6, unless its config says otherwise.</summary>
    public static int? DefaultHeads(this NameStyle style) =>
        style == NameStyle.HuggingFaceDinov3 ? 6
        : style.IsTimm() || style is NameStyle.TorchVision or NameStyle.OpenClip ? null
        : 12;
}
