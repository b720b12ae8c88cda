// How much the teacher's answer depends on each direction of its stream.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Optimisation;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Slopes of the teacher's logits at the inputs of all its LayerNorms.</summary>
/// <remarks>
/// A direction of the stream may hold much energy and be read by nobody. With v random, normal and without mean over the classes,
/// E[(∂(v·z)/∂x)(∂(v·z)/∂x)ᵀ] is what the logits z, but for a common shift, gain and lose by a change of x.
/// The way back is taken block by block, each computed once more, so that memory holds what one block of a few images needs.
/// </remarks>
internal static class StreamSlopes
{
    // Images that the slopes are taken on, about: they are averages over all tokens and blocks.
    private const int Images = 400;

    // Tokens that go through a block at a time, about.
    private const long TokensAtOnce = 2048;

    /// <summary>Adds the slopes of a batch, where it is one of the few that are enough.</summary>
    public static void Add(StreamBasis basis, PruningSource source, int batch)
    {
        int wanted = Math.Clamp((Images + source.Settings.BatchSize - 1) / source.Settings.BatchSize, 1, source.Batches);
        if ((long)batch * wanted / source.Batches == (long)(batch + 1) * wanted / source.Batches)
            return;
        using DisposeScope scope = torch.NewDisposeScope();
        using Gradients learning = Gradients.On();
        torch.Tensor pixels = source.PixelsOf(batch).detach();
        long step = Math.Max(1, TokensAtOnce / (source.Teacher.Config.Patches + source.Teacher.Config.PrefixTokens));
        for (long from = 0; from < pixels.shape[0]; from += step)
        {
            using DisposeScope part = torch.NewDisposeScope();
            Of(
                source.Teacher,
                pixels.narrow(0, from, Math.Min(step, pixels.shape[0] - from)),
                answer => Directions(answer, new Randomness(source.Settings.Seed, Purpose.Slopes, batch, from)),
                (_, tokens, slopes) => basis.AddSlopes(tokens, slopes)
            );
        }
    }

    /// <summary>Slopes of Σ directions·answer at what the norms read: the stream before each block (2b), before its MLP (2b + 1), and
    /// behind the last block.</summary>
    /// <param name="teacher">In eval mode.</param>
    /// <param name="pixels">Normalised, <c>[B, 3, S, S]</c>.</param>
    /// <param name="directions">Given the answer, numbers of its shape.</param>
    /// <param name="found">Told the number of a read, its tokens and the slopes, both <c>[B, T, D]</c>; from the last to the first.</param>
    internal static void Of(
        VisionTransformer teacher,
        torch.Tensor pixels,
        Func<torch.Tensor, torch.Tensor> directions,
        Action<int, torch.Tensor, torch.Tensor> found
    )
    {
        List<torch.Tensor> starts = [];
        using (torch.no_grad())
        {
            starts.Add(teacher.Tokens(pixels));
            foreach (VitBlock step in teacher.Steps)
                starts.Add(step.Forward(starts[^1]));
        }
        torch.Tensor last = Variable(starts[^1]);
        torch.Tensor answer = Answer(teacher.Classify(last));
        torch.Tensor slope = torch.autograd.grad([(answer * directions(answer)).sum()], [last])[0];
        found(2 * teacher.Steps.Count, last.detach(), slope);
        for (int b = teacher.Steps.Count - 1; b >= 0; b--)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            VitBlock step = teacher.Steps[b];
            torch.Tensor start = Variable(starts[b]);
            torch.Tensor middle = step.AddAttention(start, VitBlock.Mix(step.Split(step.AttentionInput(start))));
            IList<torch.Tensor> slopes = torch.autograd.grad([TokenStream.End(step, middle)], [start, middle], [slope]);
            found((2 * b) + 1, middle.detach(), slopes[1]);
            found(2 * b, start.detach(), slopes[0]);
            slope = slopes[0].MoveToOuterDisposeScope();
        }
    }

    /// <summary>Logits of all heads; of a teacher without any, the features that one would read.</summary>
    internal static torch.Tensor Answer(ModelOutput output) =>
        output switch
        {
            { LogitsCls: { } first, LogitsDist: { } second } => torch.stack([first, second], 1),
            { Logits: { } logits } => logits,
            _ => output.HeadEmbeddings ?? output.Embedding,
        };

    private static torch.Tensor Variable(torch.Tensor values) => values.detach().requires_grad_(true);

    // Normal numbers of the answer's shape, without their mean over its last dimension.
    private static torch.Tensor Directions(torch.Tensor answer, Randomness random)
    {
        float[] numbers = new float[answer.numel()];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = (float)random.NextNormal();
        torch.Tensor directions = torch.tensor(numbers).view(answer.shape);
        return (directions - directions.mean([-1], keepdim: true)).to(answer.device);
    }
}
