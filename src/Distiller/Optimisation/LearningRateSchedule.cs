// Linear warm-up, then half a cosine to zero.

namespace DataFreeKD.Distiller.Optimisation;

/// <summary>Learning rate by step.</summary>
/// <param name="peak">Highest rate.</param>
/// <param name="warmup">Steps of warm-up.</param>
/// <param name="steps">Steps in all.</param>
internal sealed class LearningRateSchedule(double peak, int warmup, int steps)
{
    /// <summary>The rate of step <paramref name="step"/> (from 0): (step+1)/warmup of the peak at first, then peak·(1+cos πs)/2 with s the
    /// share of the rest done.</summary>
    public double At(int step)
    {
        if (step < warmup)
            return peak * (step + 1) / warmup;
        double share = (double)(step - warmup) / Math.Max(1, steps - warmup);
        return peak * 0.5 * (1 + Math.Cos(Math.PI * share));
    }
}
