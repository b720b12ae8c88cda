// The one way of numbers from a device to the host, in what is done for every step or batch.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models;

/// <summary>Copies tensors to the host, and counts the copies. On a GPU each one waits until the device has done all that it was asked for,
/// so a training step or a batch of scores should have few of them, however many figures it has.</summary>
internal static class HostReads
{
    [ThreadStatic]
    private static long count;

    /// <summary>Copies that this thread has made so far.</summary>
    public static long Count => count;

    /// <summary>A copy on the CPU; the tensor itself where it is there.</summary>
    public static Tensor ToHost(Tensor tensor)
    {
        count++;
        return tensor.cpu();
    }

    /// <summary>All numbers in single precision, in the tensor's order.</summary>
    public static float[] Floats(Tensor tensor) => Numbers<float>(tensor, ScalarType.Float32);

    /// <summary>All numbers in double precision, in the tensor's order.</summary>
    public static double[] Doubles(Tensor tensor) => Numbers<double>(tensor, ScalarType.Float64);

    /// <summary>All numbers as integers, in the tensor's order.</summary>
    public static long[] Longs(Tensor tensor) => Numbers<long>(tensor, ScalarType.Int64);

    private static T[] Numbers<T>(Tensor tensor, ScalarType type)
        where T : unmanaged
    {
        using DisposeScope scope = NewDisposeScope();
        return ToHost(tensor.to_type(type)).contiguous().data<T>().ToArray();
    }
}
