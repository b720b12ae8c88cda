// How likely an image is of the teacher's distribution, by its rank: a logistic curve over the answers.

namespace DataFreeKD.Selector.Advice;

/// <summary>
/// P(yes) = 1 / (1 + exp(−(a − b·ln s))) for a row that the share s of the pool is ranked above. In ln s, since the best
/// hundredth differs from the next one by as much as the best tenth does from the next. b is at least 0: a ranking that the
/// answers contradict is taken as no help.
/// </summary>
/// <param name="Intercept">a.</param>
/// <param name="Slope">b, at least 0.</param>
internal sealed record RankLikelihood(double Intercept, double Slope)
{
    private const int MostSteps = 100;

    // A weak pull on b keeps it finite where the answers are divided cleanly.
    private const double Ridge = 1e-3;

    // Midpoints of an integral.
    private const int Points = 4000;

    /// <summary>Weighted maximum likelihood by Newton's method.</summary>
    /// <param name="answers">Share ranked above, in (0, 1); yes or no; how many rows the answer stands for.</param>
    public static RankLikelihood Fit(IReadOnlyList<(double Above, bool Yes, double Weight)> answers)
    {
        double mean = answers.Average(answer => answer.Weight),
            a = 0,
            b = 0;
        for (int step = 0; step < MostSteps; step++)
        {
            double ga = 0,
                gb = -Ridge * b,
                haa = 1e-9,
                hab = 0,
                hbb = Ridge;
            foreach ((double above, bool yes, double weight) in answers)
            {
                double x = -Math.Log(above),
                    p = Logistic(a + (b * x)),
                    w = weight / mean,
                    residual = w * ((yes ? 1 : 0) - p),
                    curvature = w * p * (1 - p);
                ga += residual;
                gb += residual * x;
                haa += curvature;
                hab += curvature * x;
                hbb += curvature * x * x;
            }
            double determinant = (haa * hbb) - (hab * hab);
            // Short steps: far from the optimum a full one can overshoot.
            double da = Math.Clamp(((hbb * ga) - (hab * gb)) / determinant, -1, 1),
                db = Math.Clamp(((haa * gb) - (hab * ga)) / determinant, -1, 1);
            a += da;
            b += db;
            if (Math.Abs(da) + Math.Abs(db) < 1e-10)
                break;
        }
        if (b > 0)
            return new RankLikelihood(a, b);
        double share = answers.Sum(answer => answer.Yes ? answer.Weight : 0) / answers.Sum(answer => answer.Weight);
        return new RankLikelihood(Logit(share), 0);
    }

    /// <summary>P(yes) of a row that this share of the pool is ranked above.</summary>
    public double At(double above) => Logistic(Intercept - (Slope * Math.Log(above)));

    /// <summary>The mean of <see cref="At"/> over the best rows.</summary>
    /// <param name="share">The best share of the pool, in (0, 1].</param>
    public double MeanOfBest(double share)
    {
        double sum = 0;
        for (int point = 0; point < Points; point++)
            sum += At(share * (point + 0.5) / Points);
        return sum / Points;
    }

    /// <summary>The share of the pool, best first, whose last row is still as likely as that; in (0, 1].</summary>
    public double ShareWhile(double likelihood)
    {
        if (Slope == 0)
            return 1;
        double share = Math.Exp((Intercept - Logit(likelihood)) / Slope);
        return double.IsNaN(share) ? 1 : Math.Min(1, share);
    }

    private static double Logistic(double x) => 1 / (1 + Math.Exp(-x));

    private static double Logit(double p) => Math.Log(p / (1 - p));
}
