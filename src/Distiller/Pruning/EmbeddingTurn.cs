// The student's embeddings: everything that writes the first tokens is linear, so it is turned as it is.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

internal static class EmbeddingTurn
{
    /// <summary>Writes the embeddings.</summary>
    public static void Apply(PruningSource run, StudentWeights into, torch.Tensor basis, VitConfig shape, CancellationToken cancel)
    {
        using IDisposable off = torch.no_grad();
        torch.Tensor turn = basis;
        if (shape.PreNorm)
        {
            // The norm before the blocks scales each token by itself: its directions are turned exactly, its lengths on average.
            torch.Tensor gain = run.Weight("norm_pre.weight"),
                shift = run.Weight("norm_pre.bias");
            turn = gain.unsqueeze(1) * basis;
            turn = turn - turn.mean([0], keepdim: true);
            double squares = 0;
            long tokens = 0;
            run.ForEachBatch(
                batch =>
                {
                    torch.Tensor kept = (run.Teacher.Tokens(run.PixelsOf(batch)).to(torch.float64) - shift).matmul(basis);
                    squares += kept.square().sum().item<double>();
                    tokens += kept.shape[0] * kept.shape[1];
                },
                cancel
            );
            into.Put("norm_pre.weight", torch.full(shape.Width, Math.Sqrt(squares / tokens / shape.Width), torch.float64));
            into.Put("norm_pre.bias", shift.matmul(basis));
        }
        foreach (string name in (string[])["cls_token", "dist_token", "reg_token", "pos_embed"])
        {
            if (run.Has(name))
                into.Put(name, run.Weight(name).matmul(turn));
        }
        torch.Tensor patch = run.Weight("patch_embed.proj.weight");
        into.Put("patch_embed.proj.weight", turn.t().matmul(patch.flatten(1)).view(shape.Width, 3, shape.PatchSize, shape.PatchSize));
        if (run.Has("patch_embed.proj.bias"))
            into.Put("patch_embed.proj.bias", run.Weight("patch_embed.proj.bias").matmul(turn));
        into.Norm(shape.FcNorm ? "fc_norm" : "norm");
    }
}
