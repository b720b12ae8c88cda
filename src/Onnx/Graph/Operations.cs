// The operators that the layers need, as methods.

using static DataFreeKD.Onnx.Graph.GraphBuilder;

namespace DataFreeKD.Onnx.Graph;

/// <summary>Operators of the standard domain.</summary>
internal static class Operations
{
    public static string Sum(this GraphBuilder graph, string name, string a, string b) => graph.Add("Add", name, [a, b]);

    public static string Product(this GraphBuilder graph, string name, string a, string b) => graph.Add("Mul", name, [a, b]);

    public static string MatMul(this GraphBuilder graph, string name, string a, string b) => graph.Add("MatMul", name, [a, b]);

    /// <summary>A 0 in <paramref name="shape"/> keeps that side, −1 is what is left.</summary>
    public static string Reshape(this GraphBuilder graph, string name, string x, params long[] shape) =>
        graph.Add("Reshape", name, [x, graph.Whole($"{name}.shape", shape)]);

    public static string Transpose(this GraphBuilder graph, string name, string x, params long[] order) =>
        graph.Add("Transpose", name, [x], Attribute("perm", order));

    /// <summary>Positions <paramref name="from"/> to before <paramref name="to"/> of an axis.</summary>
    public static string Slice(this GraphBuilder graph, string name, string x, long axis, long from, long to) =>
        graph.Add("Slice", name, [x, graph.Whole($"{name}.from", from), graph.Whole($"{name}.to", to), graph.Whole($"{name}.axis", axis)]);

    public static string[] Split(this GraphBuilder graph, string name, string x, long axis, int parts) =>
        graph.Add("Split", name, [x], parts, Attribute("axis", axis), Attribute("num_outputs", (long)parts));

    /// <summary>One position of an axis, which is dropped.</summary>
    public static string Pick(this GraphBuilder graph, string name, string x, long axis, long position) =>
        graph.Add("Squeeze", name, [graph.Slice($"{name}.slice", x, axis, position, position + 1), graph.Whole($"{name}.axis", axis)]);

    public static string Concat(this GraphBuilder graph, string name, long axis, params string[] parts) =>
        graph.Add("Concat", name, parts, Attribute("axis", axis));

    public static string Softmax(this GraphBuilder graph, string name, string x) => graph.Add("Softmax", name, [x], Attribute("axis", -1L));

    /// <summary>The mean over one axis.</summary>
    public static string Mean(this GraphBuilder graph, string name, string x, long axis, bool keep) =>
        graph.Add("ReduceMean", name, [x, graph.Whole($"{name}.axis", axis)], Attribute("keepdims", keep ? 1L : 0L));

    /// <summary>The mean over two axes, which are dropped.</summary>
    public static string Mean(this GraphBuilder graph, string name, string x, long first, long second) =>
        graph.Add("ReduceMean", name, [x, graph.Whole($"{name}.axes", first, second)], Attribute("keepdims", 0L));

    /// <summary>The sum over one axis, which stays with side 1.</summary>
    public static string Total(this GraphBuilder graph, string name, string x, long axis) =>
        graph.Add("ReduceSum", name, [x, graph.Whole($"{name}.axis", axis)], Attribute("keepdims", 1L));
}
