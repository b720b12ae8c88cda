// The student's heads: each is the regression of the teacher's logits on the student's normed token.

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

internal static class HeadFit
{
    /// <summary>Fits the heads.</summary>
    public static void Run(
        PruningSource run,
        VisionTransformer student,
        StudentWeights into,
        ActivationStore store,
        IReadOnlyList<int> blocks,
        bool resumed,
        CancellationToken cancel
    )
    {
        if (run.Teacher.Config.Classes == 0)
            return;
        using RidgeRegression first = new(student.Config.Features, run.Teacher.Config.Classes, run.Device);
        using RidgeRegression second = new(student.Config.Features, run.Teacher.Config.Classes, run.Device);
        run.ForEachBatch(
            batch =>
            {
                torch.Tensor x,
                    y;
                if (resumed)
                {
                    torch.Tensor images = run.PixelsOf(batch);
                    (x, y) = (
                        TokenStream.Through(run.Teacher.Tokens(images), run.Steps, 0, run.Steps.Count),
                        TokenStream.Through(student.Tokens(images), student.Steps, 0, blocks.Count)
                    );
                }
                else
                {
                    (x, y) = (
                        store.Get(Stream.Ahead, batch, run.Device),
                        TokenStream.End(student.Steps[^1], store.Get(Stream.Student, batch, run.Device))
                    );
                }
                ModelOutput wanted = run.Teacher.Classify(x);
                torch.Tensor read = student.Classify(y).HeadEmbeddings!;
                first.Add(read.select(1, 0), wanted.LogitsCls ?? wanted.Logits!);
                if (wanted.LogitsDist is { } distilled)
                    second.Add(read.select(1, 1), distilled);
            },
            cancel
        );
        using IDisposable off = torch.no_grad();
        into.Put("head", first.Solve(run.Settings.Penalty));
        if (run.Teacher.Config.Distilled)
            into.Put("head_dist", second.Solve(run.Settings.Penalty));
    }
}
