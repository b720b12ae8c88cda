// Cutting queries, keys and values to the tokens that two models share.

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

internal static class HeadTokens
{
    /// <summary>CLS and the (kept) patches of <c>[B, H, T, d]</c>, as <see cref="PatchTokens.ClsAndPatches"/>.</summary>
    public static torch.Tensor ClsAndPatches(torch.Tensor parts, int prefix, torch.Tensor? kept)
    {
        if (prefix == 1 && kept is null)
            return parts;
        long heads = parts.shape[1],
            width = parts.shape[3];
        torch.Tensor cut = PatchTokens.ClsAndPatches(Merged(parts), prefix, kept);
        return cut.view(cut.shape[0], cut.shape[1], heads, width).transpose(1, 2);
    }

    /// <summary>Heads side by side: <c>[B, H, T, d]</c> to <c>[B, T, H·d]</c>.</summary>
    public static torch.Tensor Merged(torch.Tensor parts) => parts.transpose(1, 2).flatten(2);
}
