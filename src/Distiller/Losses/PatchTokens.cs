// Cutting block outputs to the tokens that two models share.

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

internal static class PatchTokens
{
    /// <summary>CLS and the (kept) patches of tokens <c>[B, T, D]</c>: other prefix tokens are dropped, <paramref name="kept"/> <c>[B, K]</c> picks patches.</summary>
    public static torch.Tensor ClsAndPatches(torch.Tensor tokens, int prefix, torch.Tensor? kept)
    {
        if (prefix == 1 && kept is null) return tokens;
        torch.Tensor patches = tokens.narrow(1, prefix, tokens.shape[1] - prefix);
        if (kept is not null) patches = patches.gather(1, kept.unsqueeze(-1).expand(-1, -1, tokens.shape[2]));
        return torch.cat([tokens.narrow(1, 0, 1), patches], 1);
    }
}
