// From the name of a device to the device.

using System.Globalization;
using TorchSharp;

namespace DataFreeKD.Models;

/// <summary>The devices that models run on.</summary>
internal static class Devices
{
    /// <summary>The device of an option: <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>, N counted from 0.</summary>
    /// <exception cref="ModelException">Unknown, or not on this machine.</exception>
    public static torch.Device Of(string name)
    {
        if (CudaIndex(name) is not { } index)
            return torch.CPU;
        if (!torch.cuda.is_available())
            throw new ModelException(
                $"device {name} is not available: this build or machine has no CUDA (build with -p:TorchBackend=cuda, or use Device cpu)"
            )
            {
                Options = ["Device"],
            };
        int devices = torch.cuda.device_count();
        if (index >= devices)
            throw new ModelException($"device {name} is not available: this machine has {devices} CUDA devices, counted from 0");
        return torch.device(name);
    }

    /// <summary>The number of a CUDA device by its name, whether or not this machine has it; null for <c>cpu</c>.</summary>
    /// <exception cref="ModelException">Unknown.</exception>
    public static int? CudaIndex(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name == "cpu")
            return null;
        if (name == "cuda")
            return 0;
        return
            name.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            ? index
            : throw new ModelException($"device '{name}' is unknown: use cpu, cuda or cuda:N");
    }
}
