// The one place that starts libtorch, so that verbs without tensors never load it.

using System.Runtime.CompilerServices;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Cli;

/// <summary>Thread counts of libtorch, set before the first tensor of a verb.</summary>
internal static class TorchRuntime
{
    private static bool started;

    /// <summary>Sets the threads inside an operator; operators themselves run one at a time.</summary>
    // Not inlined: the caller must not touch a torch type before this verb is sure to need one.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Start(int threads)
    {
        // libtorch takes this figure once; the stages of a pipeline share the process.
        OpenMp.Prepare();
        if (!started)
            torch.set_num_interop_threads(1);
        started = true;
        torch.set_num_threads(threads);
    }
}
