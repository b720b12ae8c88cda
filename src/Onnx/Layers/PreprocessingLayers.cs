// From an image's bytes to normalised pixels, inside the graph.

using System.Runtime.InteropServices;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using static DataFreeKD.Onnx.Graph.GraphBuilder;

namespace DataFreeKD.Onnx.Layers;

/// <summary>Resize with PIL's antialiasing filters, centre crop, normalisation: timm's evaluation transform.</summary>
internal static class PreprocessingLayers
{
    /// <summary>RGB <c>[B, H, W, 3]</c>, uint8, of any size to <c>[B, 3, S, S]</c>, float32.</summary>
    public static string Add(GraphBuilder graph, Preprocessing config, string image)
    {
        long side = config.ImageSize;
        string planes = graph.Transpose("image.planes", image, 0, 3, 1, 2);
        string resized;
        if (config.Squash)
        {
            resized = Resized(graph, config, planes, graph.Whole("image.square", side, side));
        }
        else
        {
            string sizes = Sizes(graph, config, planes);
            // Half of what is over, halves to the even neighbour: Python's round.
            string over = graph.Add(
                "Cast",
                "image.over",
                [graph.Add("Sub", "image.over.whole", [sizes, graph.Whole("image.side", side)])],
                Attribute("to", (long)TensorProto.Types.Element.Float)
            );
            string from = graph.Add(
                "Cast",
                "image.from",
                [graph.Add("Round", "image.from.rounded", [graph.Product("image.from.half", over, graph.Scalar("image.half", 0.5f))])],
                Attribute("to", (long)TensorProto.Types.Element.Int64)
            );
            string to = graph.Sum("image.to", from, graph.Whole("image.side.to", side));
            resized = graph.Add(
                "Slice",
                "image.cropped",
                [Resized(graph, config, planes, sizes), from, to, graph.Whole("image.crop_axes", 2, 3)]
            );
        }
        string shares = graph.Add(
            "Div",
            "image.shares",
            [
                graph.Add("Cast", "image.floats", [resized], Attribute("to", (long)TensorProto.Types.Element.Float)),
                graph.Scalar("image.most", 255),
            ]
        );
        string centred = graph.Add("Sub", "image.centred", [shares, Channels(graph, "image.mean", config.Mean)]);
        return graph.Add("Div", OnnxNames.Pixels, [centred, Channels(graph, "image.std", config.Std)]);
    }

    // Short side ⌊S / crop share⌋, long side floored in proportion.
    private static string Sizes(GraphBuilder graph, Preprocessing config, string planes)
    {
        long shortSide = Math.Max(config.ImageSize, (long)Math.Floor(config.ImageSize / config.CropPct));
        string sides = graph.Add("Shape", "image.sides", [planes], Attribute("start", 2L), Attribute("end", 4L));
        string shorter = graph.Add("ReduceMin", "image.shorter", [sides], Attribute("keepdims", 1L));
        return graph.Add(
            "Div",
            "image.sizes",
            [graph.Product("image.scaled_sides", sides, graph.Whole("image.short_side", shortSide)), shorter]
        );
    }

    private static string Resized(GraphBuilder graph, Preprocessing config, string planes, string sizes)
    {
        string outer = graph.Add("Shape", "image.outer", [planes], Attribute("start", 0L), Attribute("end", 2L));
        return graph.Add(
            "Resize",
            "image.resized",
            [planes, "", "", graph.Concat("image.target", 0, outer, sizes)],
            Attribute("mode", config.Interpolation == Interpolation.Bilinear ? "linear" : "cubic"),
            Attribute("cubic_coeff_a", -0.5f),
            Attribute("coordinate_transformation_mode", "half_pixel"),
            Attribute("antialias", 1L),
            Attribute("exclude_outside", 1L)
        );
    }

    private static string Channels(GraphBuilder graph, string name, IReadOnlyList<float> values) =>
        graph.Constant(name, TensorProto.Types.Element.Float, [3, 1, 1], MemoryMarshal.AsBytes<float>([.. values]));
}
