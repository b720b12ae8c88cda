// The one place that starts libtorch, so that verbs without tensors never load it.

using System.Runtime.CompilerServices;
using TorchSharp;

namespace DataFreeKD.Cli;

/// <summary>Thread counts of libtorch, set once before the first tensor.</summary>
internal static class TorchRuntime
{
    /// <summary>Sets the threads inside an operator; operators themselves run one at a time.</summary>
    // Not inlined: the caller must not touch a torch type before this verb is sure to need one.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Start(int threads)
    {
        torch.set_num_interop_threads(1);
        torch.set_num_threads(threads);
    }
}
