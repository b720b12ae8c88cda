// Shapes of a checkpoint's tensors, with errors that name file and tensor.

using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Looks at tensors by name.</summary>
internal sealed class ShapeReader(string path, IReadOnlyDictionary<string, Tensor> tensors)
{
    public bool Has(string name) => tensors.ContainsKey(name);

    /// <summary>Size of one dimension of a tensor.</summary>
    /// <exception cref="ModelException">It is not there, or has other dimensions.</exception>
    public int Size(string name, int dimensions, int axis)
    {
        if (!tensors.TryGetValue(name, out Tensor? tensor))
            throw Bad($"it has no tensor '{name}'");
        long[] shape = tensor.shape;
        return shape.Length == dimensions
            ? checked((int)shape[axis])
            : throw Bad($"tensor '{name}' is [{string.Join(", ", shape)}], not of {dimensions} dimensions");
    }

    /// <summary>How many names <paramref name="name"/> gives for 0, 1, ... until one is missing.</summary>
    public int Count(Func<int, string> name)
    {
        int count = 0;
        while (tensors.ContainsKey(name(count)))
            count++;
        return count;
    }

    public ModelException Bad(string what) => new($"'{path}' was not loaded: {what}");
}
