// Arrays of many megabytes, which are garbage long before the collector looks for it.

namespace DataFreeKD.Imaging;

/// <summary>Has garbage collected after so many bytes: left to itself, the collector lets large arrays that nobody holds grow to some times
/// what is held.</summary>
internal static class LargeArrays
{
    private const long BetweenCollections = 64L << 20;

    private static long since;

    /// <summary>An array, not cleared.</summary>
    /// <param name="bytes">Its length.</param>
    public static byte[] New(long bytes)
    {
        if (Interlocked.Add(ref since, bytes) > BetweenCollections && Interlocked.Exchange(ref since, 0) > 0)
            GC.Collect();
        return GC.AllocateUninitializedArray<byte>(checked((int)bytes));
    }
}
