// A float graph in float16: its constants, and casts where pixels come in and figures go out.

using System.Runtime.InteropServices;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using Google.Protobuf;

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>Rewrites a graph of float32. Preprocessing, which ends in <c>pixels</c>, stays as it is: resizing wants the digits.</summary>
internal static class HalfPrecision
{
    private const string Ending = ".float16";

    /// <summary>Rewrites in place.</summary>
    /// <exception cref="OnnxException">A constant beyond what float16 holds.</exception>
    public static void Convert(GraphProto graph)
    {
        NodeProto[] nodes = [.. graph.Node];
        // Nodes stand in the order in which they run; -1 where the pixels are an input.
        int last = Array.FindIndex(nodes, node => node.Output.Contains(OnnxNames.Pixels));
        NodeProto[] before = nodes[..(last + 1)],
            after = nodes[(last + 1)..];

        HashSet<string> kept = [.. before.SelectMany(node => node.Input)];
        foreach (
            TensorProto constant in graph.Initializer.Where(constant =>
                constant.DataType == (int)TensorProto.Types.Element.Float && !kept.Contains(constant.Name)
            )
        )
            Shrink(constant);

        string half = OnnxNames.Pixels + Ending;
        Dictionary<string, string> renamed = graph.Output.ToDictionary(output => output.Name, output => output.Name + Ending);
        renamed.Add(OnnxNames.Pixels, half);
        foreach (NodeProto node in after)
        {
            Rename(node.Input);
            Rename(node.Output);
        }
        graph.Node.Clear();
        graph.Node.AddRange([
            .. before,
            Cast(OnnxNames.Pixels, half, TensorProto.Types.Element.Float16),
            .. after,
            .. graph.Output.Select(output => Cast(output.Name + Ending, output.Name, TensorProto.Types.Element.Float)),
        ]);

        void Rename(IList<string> names)
        {
            for (int i = 0; i < names.Count; i++)
            {
                if (renamed.TryGetValue(names[i], out string? other))
                    names[i] = other;
            }
        }
    }

    private static void Shrink(TensorProto constant)
    {
        ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(constant.RawData.Span);
        Half[] halves = new Half[values.Length];
        System.Numerics.Tensors.TensorPrimitives.ConvertToHalf(values, halves);
        int beyond = Array.FindIndex(halves, half => !Half.IsFinite(half));
        if (beyond >= 0)
            throw new OnnxException(
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"{constant.Name} holds {values[beyond]:g4}, and float16 ends at {(float)Half.MaxValue:N0}; export without --fp16"
                )
            );
        constant.DataType = (int)TensorProto.Types.Element.Float16;
        constant.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<Half>(halves));
    }

    private static NodeProto Cast(string from, string to, TensorProto.Types.Element type)
    {
        NodeProto node = new() { OpType = "Cast", Name = $"{to}.cast" };
        node.Input.Add(from);
        node.Output.Add(to);
        node.Attribute.Add(GraphBuilder.Attribute("to", (long)type));
        return node;
    }
}
