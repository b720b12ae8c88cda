// How large the figures inside a model become: what decides whether float16 can hold them.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Graph;
using DataFreeKD.Onnx.Running;

namespace DataFreeKD.Onnx.Quantisation;

/// <summary>The largest absolute value inside a model on some images.</summary>
/// <remarks>ONNX Runtime on a CPU computes much of a float16 graph in single precision, and would not show that a GPU overflows.</remarks>
/// <param name="Tensor">The tensor that takes it, by the name of its layer.</param>
/// <param name="Value">The value.</param>
internal sealed record Reach(string Tensor, float Value)
{
    private const string Ending = ".reach";

    /// <summary>Whether float16 holds it.</summary>
    public bool FitsFloat16 => Value <= (float)Half.MaxValue;

    /// <summary>Runs the float graph over the images, and looks at every tensor.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batches">Normalised pixels <c>[B, 3, S, S]</c>.</param>
    /// <param name="threads">Threads of the runtime.</param>
    /// <param name="cancel">Stops between batches.</param>
    /// <exception cref="OnnxException">A model that cannot be exported.</exception>
    public static Reach Of(LoadedModel model, IEnumerable<PixelBatch> batches, int threads, CancellationToken cancel = default)
    {
        ModelProto proto = ModelProto.Parser.ParseFrom(OnnxGraph.Float(model, new GraphOptions()).ToBytes());
        string[] outputs = Show(proto.Graph);
        using OnnxModel running = OnnxModel.Open(Google.Protobuf.MessageExtensions.ToByteArray(proto), threads);
        Reach furthest = new("", 0);
        foreach (PixelBatch batch in batches)
        {
            cancel.ThrowIfCancellationRequested();
            running.Run(batch, outputs, (output, values) =>
            {
                // A NaN is no reach: the check of the export's figures finds it.
                if (values[0] > furthest.Value)
                    furthest = new Reach(output[..^Ending.Length], values[0]);
            });
        }
        return furthest;
    }

    // One number for each tensor: the tensors themselves would be all of the network's memory.
    private static string[] Show(GraphProto graph)
    {
        HashSet<string> shapes = new(StringComparer.Ordinal);
        List<string> outputs = [];
        foreach (NodeProto node in graph.Node.ToArray())
        {
            // Sizes are whole numbers, and stay those where they are put together.
            if (node.OpType == "Shape" || (node.OpType == "Concat" && shapes.Contains(node.Input[0])))
                shapes.UnionWith(node.Output);
            else
                outputs.AddRange(node.Output.Select(tensor => Furthest(graph, tensor)));
        }
        return [.. outputs];
    }

    private static string Furthest(GraphProto graph, string tensor)
    {
        string shown = tensor + Ending;
        graph.Node.Add(Node("Abs", tensor, shown + ".abs"));
        NodeProto most = Node("ReduceMax", shown + ".abs", shown);
        most.Attribute.Add(GraphBuilder.Attribute("keepdims", 0L));
        graph.Node.Add(most);
        graph.Output.Add(
            new ValueInfoProto
            {
                Name = shown,
                Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.Element.Float } },
            }
        );
        return shown;
    }

    private static NodeProto Node(string operation, string input, string output)
    {
        NodeProto node = new() { OpType = operation, Name = output };
        node.Input.Add(input);
        node.Output.Add(output);
        return node;
    }
}
