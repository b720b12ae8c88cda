// A graph under construction: nodes, constants, inputs and outputs by name.

using System.Runtime.InteropServices;
using DataFreeKD.Onnx.Format;
using Google.Protobuf;
using TorchSharp;

namespace DataFreeKD.Onnx.Graph;

/// <summary>Adds nodes and constants; everything is referred to by the name of its tensor.</summary>
internal sealed class GraphBuilder
{
    /// <summary>Gelu came with 20, LayerNormalization with 17; 20 runs on every ONNX Runtime since 1.17.</summary>
    public const long Opset = 20;

    /// <summary>The file version that belongs to <see cref="Opset"/>.</summary>
    public const long IrVersion = 9;

    private readonly HashSet<string> names = new(StringComparer.Ordinal);

    /// <summary>What was added so far.</summary>
    public GraphProto Proto { get; } = new() { Name = "network" };

    /// <summary>Declares an input; <paramref name="shape"/> has a number, or a name for a size that is open.</summary>
    public string Input(string name, TensorProto.Types.Element type, params object[] shape)
    {
        Proto.Input.Add(Value(Claim(name), type, shape));
        return name;
    }

    /// <summary>Declares a tensor as an output under its own name.</summary>
    public void Output(string tensor, params object[] shape) => Proto.Output.Add(Value(tensor, TensorProto.Types.Element.Float, shape));

    /// <summary>Declares a tensor as an output whose shape the runtime finds out.</summary>
    public void OutputOfAnyShape(string tensor) =>
        Proto.Output.Add(
            new ValueInfoProto
            {
                Name = tensor,
                Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.Element.Float } },
            }
        );

    /// <summary>Adds a node with one output, which bears the node's name.</summary>
    public string Add(string operation, string name, IReadOnlyList<string> inputs, params AttributeProto[] attributes) =>
        Add(operation, name, inputs, 1, attributes)[0];

    /// <summary>Adds a node; its outputs are <paramref name="name"/>, or from two on <c>name.0</c>, <c>name.1</c>, ...</summary>
    public string[] Add(string operation, string name, IReadOnlyList<string> inputs, int outputs, params AttributeProto[] attributes)
    {
        NodeProto node = new() { OpType = operation, Name = name };
        node.Input.AddRange(inputs);
        node.Attribute.AddRange(attributes);
        string[] made = outputs == 1 ? [Claim(name)] : [.. Enumerable.Range(0, outputs).Select(number => Claim($"{name}.{number}"))];
        node.Output.AddRange(made);
        Proto.Node.Add(node);
        return made;
    }

    /// <summary>A float constant of a torch tensor's shape and values.</summary>
    public string Weight(string name, torch.Tensor tensor)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor plain = tensor.detach().to(torch.ScalarType.Float32).cpu().contiguous();
        return Constant(name, TensorProto.Types.Element.Float, plain.shape, plain.bytes);
    }

    /// <summary>Int64 constants, a vector.</summary>
    public string Whole(string name, params long[] values) =>
        Constant(name, TensorProto.Types.Element.Int64, [values.Length], MemoryMarshal.AsBytes<long>(values));

    /// <summary>A float constant without dimensions.</summary>
    public string Scalar(string name, float value) =>
        Constant(name, TensorProto.Types.Element.Float, [], MemoryMarshal.AsBytes<float>([value]));

    /// <summary>A vector of float constants.</summary>
    public string Floats(string name, params float[] values) =>
        Constant(name, TensorProto.Types.Element.Float, [values.Length], MemoryMarshal.AsBytes<float>(values));

    /// <summary>A constant from its little-endian bytes.</summary>
    public string Constant(string name, TensorProto.Types.Element type, ReadOnlySpan<long> shape, ReadOnlySpan<byte> bytes)
    {
        TensorProto tensor = new()
        {
            Name = Claim(name),
            DataType = (int)type,
            RawData = ByteString.CopyFrom(bytes),
        };
        foreach (long side in shape)
            tensor.Dims.Add(side);
        Proto.Initializer.Add(tensor);
        return name;
    }

    /// <summary>An attribute that is a whole number.</summary>
    public static AttributeProto Attribute(string name, long value) =>
        new()
        {
            Name = name,
            I = value,
            Type = AttributeProto.Types.Kind.Int,
        };

    /// <summary>An attribute that is a number.</summary>
    public static AttributeProto Attribute(string name, float value) =>
        new()
        {
            Name = name,
            F = value,
            Type = AttributeProto.Types.Kind.Float,
        };

    /// <summary>An attribute that is a word.</summary>
    public static AttributeProto Attribute(string name, string value) =>
        new()
        {
            Name = name,
            S = ByteString.CopyFromUtf8(value),
            Type = AttributeProto.Types.Kind.String,
        };

    /// <summary>An attribute that is a list of whole numbers.</summary>
    public static AttributeProto Attribute(string name, params long[] values)
    {
        AttributeProto attribute = new() { Name = name, Type = AttributeProto.Types.Kind.Ints };
        attribute.Ints.AddRange(values);
        return attribute;
    }

    private string Claim(string name) =>
        names.Add(name) ? name : throw new InvalidOperationException($"two tensors of the graph are named {name}");

    private static ValueInfoProto Value(string name, TensorProto.Types.Element type, object[] shape)
    {
        TensorShapeProto sides = new();
        foreach (object side in shape)
            sides.Dim.Add(
                side is string open
                    ? new TensorShapeProto.Types.Dimension { DimParam = open }
                    : new TensorShapeProto.Types.Dimension
                    {
                        DimValue = Convert.ToInt64(side, System.Globalization.CultureInfo.InvariantCulture),
                    }
            );
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto
            {
                TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = sides },
            },
        };
    }
}
