// Images that are no pictures of anything: what a crawl picks up by accident.

namespace DataFreeKD.ProceduralWorld;

/// <summary>Noise, flat colour, gradients, checkerboards and text-like rows.</summary>
internal static class Outliers
{
    /// <summary>Kinds, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } = ["checker", "gradient", "noise", "solid", "text"];

    /// <summary>Draws one.</summary>
    public static byte[] Draw(string name, Random random)
    {
        Rgb a = Rgb.Hsv(random.NextDouble(), random.NextDouble(), random.NextDouble()),
            b = Rgb.Hsv(random.NextDouble(), random.NextDouble(), random.NextDouble());
        switch (name)
        {
            case "checker":
                double cells = random.Next(2, 9);
                return Canvas.Render((x, y) => (((int)((x + 1) * cells / 2) + (int)((y + 1) * cells / 2)) & 1) == 0 ? a : b, random, 0);
            case "gradient":
                (double sin, double cos) = Math.SinCos(random.Range(0, 2 * Math.PI));
                return Canvas.Render((x, y) => Rgb.Mix(a, b, Math.Clamp(0.5 + (0.5 * ((cos * x) + (sin * y))), 0, 1)), random, 0);
            case "noise":
                return Canvas.Render((_, _) => new(0.5, 0.5, 0.5), random, random.Range(0.15, 0.6));
            case "solid":
                return Canvas.Render((_, _) => a, random, 0);
            case "text":
                bool[] ink = [.. Enumerable.Range(0, 32 * 32).Select(_ => random.Chance(0.55))];
                int line = random.Next(4, 8);
                return Canvas.Render(
                    (x, y) =>
                    {
                        int column = (int)((x + 1) * 16),
                            row = (int)((y + 1) * 16);
                        return row % line < line - 2 && ink[(row * 32) + (column / 2 * 2)] ? new(0.1, 0.1, 0.1) : new(0.95, 0.95, 0.95);
                    },
                    random,
                    0
                );
            default:
                throw new ArgumentOutOfRangeException(nameof(name), name, "no such outlier");
        }
    }
}
