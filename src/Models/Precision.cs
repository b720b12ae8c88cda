// In what numbers a frozen model's large maps are computed.

namespace DataFreeKD.Models;

/// <summary>What the linear maps and the attention of a forward pass without gradients are computed in; everything else stays in single
/// precision.</summary>
public enum Precision
{
    /// <summary>Single precision.</summary>
    Float32,

    /// <summary>bfloat16 (8 bits of mantissa), sums in single precision: about twice as fast on a CPU with AVX-512-BF16, with logits off by
    /// some thousandths of their size.</summary>
    BFloat16,
}
