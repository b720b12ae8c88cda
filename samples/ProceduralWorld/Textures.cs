// Surfaces: painters of two colours, and smooth value noise.

namespace DataFreeKD.ProceduralWorld;

/// <summary>The surface kinds.</summary>
internal enum Surface
{
    Plain,
    Stripes,
    Checks,
    Dots,
    Rings,
    Marble,
}

/// <summary>Builds surfaces and backgrounds.</summary>
internal static class Textures
{
    /// <summary>A surface in two colours; frequency in waves a unit.</summary>
    public static Painter Of(Surface surface, Rgb a, Rgb b, double frequency, Random random)
    {
        double angle = random.Range(0, Math.PI),
            phase = random.Range(0, 1);
        double cos = Math.Cos(angle),
            sin = Math.Sin(angle);
        double f = frequency * Math.PI;
        switch (surface)
        {
            case Surface.Stripes:
                return (x, y) => Rgb.Mix(a, b, Step(Math.Sin((f * ((cos * x) + (sin * y))) + (phase * 6))));
            case Surface.Checks:
                return (x, y) =>
                    Rgb.Mix(a, b, Step(Math.Sin((f * ((cos * x) + (sin * y))) + phase) * Math.Sin((f * ((cos * y) - (sin * x))) + phase)));
            case Surface.Dots:
                return (x, y) =>
                    Rgb.Mix(
                        a,
                        b,
                        Step((Math.Cos(f * ((cos * x) + (sin * y) + phase)) + Math.Cos(f * ((cos * y) - (sin * x) + phase))) - 0.7)
                    );
            case Surface.Rings:
                return (x, y) => Rgb.Mix(a, b, Step(Math.Sin((f * Shapes.Length(x, y)) + (phase * 6))));
            case Surface.Marble:
                Func<double, double, double> noise = Noise(random, frequency * 0.6);
                return (x, y) => Rgb.Mix(a, b, noise(x, y));
            default:
                return (x, y) => Rgb.Mix(a, b, 0.25 + (0.12 * ((cos * x) + (sin * y))));
        }
    }

    /// <summary>A linear gradient between two colours with low noise on top.</summary>
    public static Painter Backdrop(Rgb a, Rgb b, double roughness, Random random)
    {
        double angle = random.Range(0, 2 * Math.PI),
            cos = Math.Cos(angle),
            sin = Math.Sin(angle);
        Func<double, double, double> noise = Noise(random, random.Range(1, 3));
        return (x, y) => Rgb.Mix(a, b, Math.Clamp(0.5 + (0.4 * ((cos * x) + (sin * y))) + (roughness * (noise(x, y) - 0.5)), 0, 1));
    }

    /// <summary>Smooth value noise in [0, 1], two octaves.</summary>
    public static Func<double, double, double> Noise(Random random, double frequency)
    {
        const int Grid = 16;
        double[] lattice = [.. Enumerable.Range(0, Grid * Grid).Select(_ => random.NextDouble())];
        double At(int x, int y) => lattice[((y & (Grid - 1)) * Grid) + (x & (Grid - 1))];
        double Octave(double x, double y)
        {
            int column = (int)Math.Floor(x),
                row = (int)Math.Floor(y);
            double u = Smooth(x - column),
                v = Smooth(y - row);
            double top = At(column, row) + (u * (At(column + 1, row) - At(column, row)));
            double bottom = At(column, row + 1) + (u * (At(column + 1, row + 1) - At(column, row + 1)));
            return top + (v * (bottom - top));
        }
        return (x, y) =>
            (0.67 * Octave((x + 2) * frequency, (y + 2) * frequency)) + (0.33 * Octave((x + 5) * frequency * 2, (y + 3) * frequency * 2));
    }

    private static double Smooth(double t) => t * t * (3 - (2 * t));

    // A soft step, so that fine patterns do not alias into other patterns.
    private static double Step(double wave) => Math.Clamp(0.5 + (wave * 2), 0, 1);
}
