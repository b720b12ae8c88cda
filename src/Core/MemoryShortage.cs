// How memory that runs out is told from other failures.

using System.Runtime.InteropServices;

namespace DataFreeKD.Core;

/// <summary>.NET has an exception for it; libtorch has a message only, one for the CPU and one for each kind of device.</summary>
internal static class MemoryShortage
{
    /// <summary>Whether memory, of the machine or of a device, ran out.</summary>
    public static bool Is(Exception failure) =>
        failure is OutOfMemoryException
        || failure is ExternalException native
            && native.Message.Contains("alloc", StringComparison.OrdinalIgnoreCase)
            && native.Message.Contains("memory", StringComparison.OrdinalIgnoreCase);
}
