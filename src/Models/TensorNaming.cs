// Whose tensor names a written model bears.

namespace DataFreeKD.Models;

/// <summary>Tensor naming of a written model.</summary>
public enum TensorNaming
{
    /// <summary>timm's names.</summary>
    Timm,

    /// <summary>Hugging Face ViT/DeiT names.</summary>
    HuggingFace,
}
