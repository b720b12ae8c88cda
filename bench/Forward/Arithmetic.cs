// GFLOP a second: of the machine, by libtorch's own matrix product, and of a model's forward pass.

using System.Diagnostics;
using DataFreeKD.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Bench.Forward;

/// <summary>Each lane is a thread that does the same work; what all of them did counts.</summary>
internal static class Arithmetic
{
    /// <summary>Products of two square matrices.</summary>
    public static Figures Product(int side, int threads, int times)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor a = randn(side, side),
            b = randn(side, side);
        return Lanes(threads, times, 2e-9 * side * side * side, () => mm(a, b));
    }

    /// <summary>Forward passes as `dfkd score` does them by default: probes of three blocks, the last block for CLS alone.</summary>
    public static Figures Pass(string model, int threads, int batch, int passes, bool bfloat16)
    {
        using LoadedModel loaded = ModelStore.Load(model);
        VisionTransformer network = loaded.Model.AsVisionTransformer("has no forward pass to measure");
        VitConfig shape = network.Config;
        network.PackForInference(batch, bfloat16 ? Precision.BFloat16 : Precision.Float32);
        ModelCapture probes = new() { ClsRowBlocks = [shape.Depth / 4, 7 * shape.Depth / 12, shape.Depth - 2] };
        using Tensor pixels = randn(batch, 3, shape.ImageSize, shape.ImageSize);
        return Lanes(threads, passes, 1e-9 * batch * Operations(shape), () => network.Run(pixels, probes));
    }

    // A multiply-add is two operations; norms, softmax and activations are not counted.
    private static double Operations(VitConfig shape)
    {
        double tokens = shape.Patches + shape.PrefixTokens,
            width = shape.Width,
            square = width * width,
            mlp = 2 * width * shape.MlpHidden;
        double whole = tokens * ((4 * square) + (2 * tokens * width) + mlp);
        double last = (2 * tokens * square) + (2 * square) + (2 * tokens * width) + mlp;
        return 2
            * (
                (shape.Patches * 3.0 * shape.PatchSize * shape.PatchSize * width)
                + ((shape.Depth - 1) * whole)
                + last
                + (width * shape.Classes)
            );
    }

    private static Figures Lanes(int threads, int times, double each, Action work)
    {
        double seconds = 0;
        using Barrier start = new(threads + 1),
            end = new(threads + 1);
        Thread[] lanes = [.. Enumerable.Range(0, threads).Select(_ => new Thread(Lane))];
        foreach (Thread lane in lanes)
            lane.Start();
        start.SignalAndWait();
        long begun = Stopwatch.GetTimestamp();
        end.SignalAndWait();
        seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        foreach (Thread lane in lanes)
            lane.Join();
        return new Figures(each * times * threads, seconds);

        void Lane()
        {
            set_num_threads(1);
            using IDisposable inference = inference_mode();
            Once();
            start.SignalAndWait();
            for (int i = 0; i < times; i++)
                Once();
            end.SignalAndWait();
        }

        void Once()
        {
            using DisposeScope scope = NewDisposeScope();
            work();
        }
    }
}
