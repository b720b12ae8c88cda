// Which patches the student keeps under patch dropout (Liu et al., 2023), by (seed, step).

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Data;

internal static class KeptPatches
{
    /// <summary>Share of the patches dropped at a step: from <see cref="LoopOptions.PatchDropout"/> in equal steps towards
    /// <see cref="LoopOptions.PatchDropoutTo"/> while patches are dropped at all, then 0.</summary>
    public static double ShareDropped(LoopOptions options, int step, int steps)
    {
        double until = options.PatchDropoutUntil * steps;
        if (step >= until)
            return 0;
        return options.PatchDropoutTo is { } last
            ? options.PatchDropout + ((last - options.PatchDropout) * step / until)
            : options.PatchDropout;
    }

    /// <summary>Sorted patch indices <c>[B, K]</c> int64 with K = max(1, round(N·(1 − dropout))); null for no dropout.</summary>
    public static torch.Tensor? Choose(int batch, int patches, double dropout, long seed, int step, torch.Device device)
    {
        int keep = Math.Max(1, (int)Math.Round(patches * (1 - dropout)));
        if (dropout <= 0 || keep >= patches)
            return null;
        Randomness random = new(seed, Purpose.Patches, step);
        long[] kept = new long[batch * keep];
        int[] all = new int[patches];
        for (int image = 0; image < batch; image++)
        {
            for (int i = 0; i < patches; i++)
                all[i] = i;
            random.Shuffle(all);
            Array.Sort(all, 0, keep);
            for (int i = 0; i < keep; i++)
                kept[(image * keep) + i] = all[i];
        }
        return Upload.To(torch.tensor(kept, [batch, keep]), device);
    }
}
