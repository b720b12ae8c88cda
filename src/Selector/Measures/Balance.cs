// How evenly a selection covers the classes.

namespace DataFreeKD.Selector.Measures;

/// <summary>Evenness of counts.</summary>
internal static class Balance
{
    /// <summary>Entropy −Σ q ln q of the shares q of the counts, in nats: 0 for one class, ln C for C even ones; 0 for none.</summary>
    public static double Entropy(IEnumerable<long> counts)
    {
        long[] all = [.. counts.Where(count => count > 0)];
        double total = all.Sum(count => (double)count);
        // Adding 0 turns the -0 of a single class into 0.
        return -all.Sum(count => count / total * Math.Log(count / total)) + 0.0;
    }
}
