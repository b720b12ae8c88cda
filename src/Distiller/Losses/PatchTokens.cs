// Cutting block outputs to the tokens that two models share.

using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

internal static class PatchTokens
{
    /// <summary>CLS and the (kept) patches of tokens <c>[B, T, D]</c>: other prefix tokens are dropped, <paramref name="kept"/> <c>[B,
    /// K]</c> picks patches.</summary>
    public static torch.Tensor ClsAndPatches(torch.Tensor tokens, int prefix, torch.Tensor? kept) =>
        prefix == 1 && kept is null ? tokens : torch.cat([tokens.narrow(1, 0, 1), Patches(tokens, prefix, kept)], 1);

    /// <summary>The (kept) patches alone, <c>[B, K, D]</c>.</summary>
    public static torch.Tensor Patches(torch.Tensor tokens, int prefix, torch.Tensor? kept)
    {
        torch.Tensor patches = tokens.narrow(1, prefix, tokens.shape[1] - prefix);
        return kept is null ? patches : patches.gather(1, kept.unsqueeze(-1).expand(-1, -1, tokens.shape[2]));
    }

    /// <summary>Refuses models of different patch grids.</summary>
    /// <exception cref="DistillException">The grids differ.</exception>
    public static void RequireSameGrid(RecipeTerm term, ModelPair pair)
    {
        if (pair.Teacher.Patches != pair.Student.Patches)
            throw new DistillException(
                $"the {term.Entry.Name} loss needs the same patches: the teacher has {pair.Teacher.Grid}x{pair.Teacher.Grid}, the student {pair.Student.Grid}x{pair.Student.Grid}; choose the student's img and patch to match, or drop it from the recipe"
            );
    }
}
