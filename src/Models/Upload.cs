// The way of pixels and numbers from the host to a device.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models;

/// <summary>Copies tensors of the host to a device without waiting for it.</summary>
internal static class Upload
{
    /// <summary>The tensor on <paramref name="device"/>; itself on the CPU.</summary>
    /// <remarks>From pinned memory a copy is one more task in the device's queue, before all that is asked of it later; libtorch keeps the
    /// pinned memory until the copy is done. From other memory the host waits for the queue.</remarks>
    public static Tensor To(Tensor host, Device device)
    {
        if (device.type != DeviceType.CUDA)
            return device.type == DeviceType.CPU ? host : host.to(device);
        using Tensor pinned = host.pin_memory();
        return pinned.to(device, non_blocking: true);
    }
}
