// What a Vision Transformer of a shape costs, without building it.

using System.Diagnostics;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Parameters, multiply-accumulates and measured time of a shape.</summary>
internal static class ShapeCost
{
    private const int WarmUp = 3,
        Repeats = 15;

    /// <summary>The cost in a budget's unit.</summary>
    public static double Of(VitConfig shape, BudgetUnit unit, torch.Device device) =>
        unit switch
        {
            BudgetUnit.Parameters => Parameters(shape),
            BudgetUnit.Macs => ModelSummary.Macs(shape),
            _ => LatencyMs(shape, device),
        };

    /// <summary>Trainable numbers, as <see cref="ImageModel.ParameterCount"/> of the built model.</summary>
    public static long Parameters(VitConfig shape)
    {
        long d = shape.Width,
            m = shape.MlpHidden,
            inputs = 3L * shape.PatchSize * shape.PatchSize;
        long tokens = (shape.ClassToken ? 1 : 0) + (shape.Distilled ? 1 : 0) + shape.RegisterTokens + shape.EmbeddedTokens;
        long embedding = (inputs * d) + (shape.PreNorm ? 2 * d : d) + (tokens * d);
        long attention = (4 * d * d) + d + (shape.QkvBias ? 3 * d : 0);
        long mlp = (shape.SwiGlu ? 2 * m * (d + 1) : m * (d + 1)) + (m * d) + d;
        long block = attention + mlp + (4 * d) + (shape.LayerScale ? 2 * d : 0);
        long head = (shape.Features + 1L) * shape.Classes * (shape.Distilled ? 2 : 1);
        return embedding + (shape.Depth * block) + (2 * d) + head;
    }

    /// <summary>Median milliseconds of one image alone, with the threads that libtorch has.</summary>
    public static double LatencyMs(VitConfig shape, torch.Device device)
    {
        using ImageModel model = shape.Create().MoveTo(device);
        model.eval();
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable inference = torch.inference_mode();
        torch.Tensor image = torch.zeros([1, 3, shape.ImageSize, shape.ImageSize], device: device);
        double[] times = new double[Repeats];
        for (int i = -WarmUp; i < Repeats; i++)
        {
            using DisposeScope one = torch.NewDisposeScope();
            long start = Stopwatch.GetTimestamp();
            _ = model.Run(image, ModelCapture.None).Embedding.cpu();
            if (i >= 0)
                times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
        Array.Sort(times);
        return times[Repeats / 2];
    }
}
