// In what numbers a student's blocks learn.

namespace DataFreeKD.Distiller;

/// <summary>What the linear maps and the attention of a Vision Transformer that learns are computed in. Weights, norms, what blocks add up,
/// heads, losses and the optimiser stay in single precision.</summary>
public enum MixedPrecision
{
    /// <summary>Single precision.</summary>
    Off,

    /// <summary>bfloat16, with the range of single precision and 8 bits of mantissa.</summary>
    BFloat16,

    /// <summary>float16, with 11 bits of mantissa and a small range: the loss is scaled, and steps whose gradients leave the range are left
    /// out. On a GPU alone.</summary>
    Float16,
}
