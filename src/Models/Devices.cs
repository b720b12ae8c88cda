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
        ArgumentNullException.ThrowIfNull(name);
        if (name == "cpu")
            return torch.CPU;
        int index = 0;
        if (
            name != "cuda"
            && !(
                name.StartsWith("cuda:", StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out index)
            )
        )
            throw new ModelException($"device '{name}' is unknown: use cpu, cuda or cuda:N");
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
}
