// A tensor that holds an option: a number, a mean, a size.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Reads tensors of a few numbers in at most one dimension as plain values.</summary>
internal static class SmallTensor
{
    private const int MostNumbers = 64,
        MostOfStorage = 4096,
        MostBytes = 64 << 10;

    /// <summary>A long, a double or a bool of a tensor without dimensions, else an array of them; null of a larger one, and of one that the
    /// file does not hold.</summary>
    public static object? Read(TorchArchive archive, PickleTensor tensor)
    {
        if (
            tensor.Shape.Length > 1
            || (tensor.Shape is [var count] && count is < 1 or > MostNumbers)
            || tensor.Storage.Elements is < 1 or > MostOfStorage
        )
            return null;
        using DisposeScope scope = NewDisposeScope();
        Tensor read;
        try
        {
            // What a checksum covers is read whole each time, however little of it the tensor has.
            if (tensor.Storage.Data is null && archive.Held(tensor.Storage) > MostBytes)
                return null;
            read = archive.Tensors([KeyValuePair.Create("", tensor)])[""];
        }
        catch (ModelException)
        {
            return null;
        }
        object[] numbers =
            read.dtype == ScalarType.Bool ? [.. read.flatten().data<bool>().ToArray().Select(value => (object)value)]
            : read.is_floating_point() ? [.. read.flatten().to(ScalarType.Float64).data<double>().ToArray().Select(value => (object)value)]
            : [.. read.flatten().to(ScalarType.Int64).data<long>().ToArray().Select(value => (object)value)];
        return tensor.Shape.Length == 0 ? numbers[0] : numbers;
    }
}
