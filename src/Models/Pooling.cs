// How a Vision Transformer makes one vector of its tokens.

namespace DataFreeKD.Models;

/// <summary>What the head of a Vision Transformer reads.</summary>
public enum Pooling
{
    /// <summary>The class token (and the distillation token of a distilled model).</summary>
    Token,

    /// <summary>The mean of the patch tokens.</summary>
    Average,

    /// <summary>One learned query that attends to the patch tokens (SigLIP's multi-head attention pooling).</summary>
    Map,

    /// <summary>The class token beside the mean of the patch tokens, 2·D numbers (Hugging Face's
    /// <c>Dinov2ForImageClassification</c>).</summary>
    TokenAndAverage,
}
