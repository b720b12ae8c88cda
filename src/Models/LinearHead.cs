// A classifier head, as its numbers.

using TorchSharp;

namespace DataFreeKD.Models;

/// <summary>Logits <c>x Wᵀ + b</c>. The tensors are the model's own, not copies.</summary>
/// <param name="Weight">A row a class, <c>[C, D]</c>.</param>
/// <param name="Bias"><c>[C]</c>.</param>
public sealed record LinearHead(torch.Tensor Weight, torch.Tensor Bias);
