// Ranges of activations, measured on images.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Running;

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>What is kept of the values that were seen.</summary>
internal enum RangeRule
{
    /// <summary>The range with the least squared error of rounding and clipping.</summary>
    LeastError,

    /// <summary>All of them.</summary>
    MinMax,

    /// <summary>All but one in 10,000.</summary>
    Percentile,
}

/// <summary>The ranges of what linear maps read, and of what convolutions read and give, on some images.</summary>
internal sealed class Calibration
{
    private Calibration(IReadOnlyDictionary<string, ValueRange> ranges, ActivationType activations, int images) =>
        (Ranges, Activations, Images) = (ranges, activations, images);

    /// <summary>Images looked at.</summary>
    public int Images { get; }

    /// <summary>The type that the ranges are for.</summary>
    public ActivationType Activations { get; }

    internal IReadOnlyDictionary<string, ValueRange> Ranges { get; }

    /// <summary>Runs the float graph over the images twice: for the extremes, then for how values spread between them.</summary>
    /// <param name="model">The model to be quantised.</param>
    /// <param name="batches">Normalised pixels <c>[B, 3, S, S]</c>; read twice.</param>
    /// <param name="rule">What is kept of the values.</param>
    /// <param name="activations">The type that activations will have.</param>
    /// <param name="threads">Threads of the runtime.</param>
    /// <param name="cancel">Stops between batches.</param>
    /// <exception cref="OnnxException">No image, or a model that cannot be exported.</exception>
    public static Calibration Of(
        LoadedModel model,
        IEnumerable<PixelBatch> batches,
        RangeRule rule,
        ActivationType activations,
        int threads,
        CancellationToken cancel = default
    )
    {
        ObservedForm observed = new();
        OnnxGraph graph = OnnxGraph.Float(model, new GraphOptions(), observed);
        using OnnxModel running = OnnxModel.Open(graph.ToBytes(), threads);
        Dictionary<string, ValueRange> ranges = [];
        int images = 0;
        Pass(
            (name, values) =>
            {
                ValueRange here = Extremes(values);
                ranges[name] = ranges.TryGetValue(name, out ValueRange sofar)
                    ? new(Math.Min(sofar.Low, here.Low), Math.Max(sofar.High, here.High))
                    : here;
            },
            count: true
        );
        if (images == 0)
            throw new OnnxException("no image to calibrate on could be used");
        if (rule == RangeRule.MinMax)
            return new Calibration(ranges, activations, images);

        Dictionary<string, Histogram> spreads = ranges.ToDictionary(pair => pair.Key, pair => new Histogram(pair.Value));
        Pass((name, values) => spreads[name].Add(values), count: false);
        return new Calibration(
            spreads.ToDictionary(
                pair => pair.Key,
                pair => rule == RangeRule.Percentile ? pair.Value.Percentile(0.9999) : pair.Value.LeastError(activations)
            ),
            activations,
            images
        );

        void Pass(Action<string, ReadOnlySpan<float>> see, bool count)
        {
            foreach (PixelBatch batch in batches)
            {
                cancel.ThrowIfCancellationRequested();
                if (count)
                    images += batch.Images;
                running.Run(batch, observed.Outputs, (output, values) => see(ObservedForm.TensorOf(output), values));
            }
        }
    }

    private static ValueRange Extremes(ReadOnlySpan<float> values) =>
        new(System.Numerics.Tensors.TensorPrimitives.Min(values), System.Numerics.Tensors.TensorPrimitives.Max(values));
}
