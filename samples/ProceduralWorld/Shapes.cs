// Signed distances of plane figures (negative inside), about the origin, of radius about 1.
// Forms of the exact distances: I. Quilez, "2D distance functions".

namespace DataFreeKD.ProceduralWorld;

/// <summary>The signed distance of a point to a figure.</summary>
internal delegate double Shape(double x, double y);

/// <summary>The figures.</summary>
internal static class Shapes
{
    public static double Disc(double x, double y) => Length(x, y) - 0.9;

    public static double Ring(double x, double y) => Math.Abs(Length(x, y) - 0.72) - 0.24;

    public static double Square(double x, double y) => Box(x, y, 0.8, 0.8);

    public static double Bar(double x, double y) => Box(x, y, 1.05, 0.36);

    public static double Cross(double x, double y) => Math.Min(Box(x, y, 1, 0.3), Box(x, y, 0.3, 1));

    public static double Crescent(double x, double y) => Math.Max(Length(x, y) - 0.95, 0.8 - Length(x - 0.5, y));

    public static double Heart(double x, double y)
    {
        // Two lobes over a turned square; an approximate distance is enough for an edge.
        double turned = Box((x + y - 0.25) * Math.Sqrt(0.5), (y - x - 0.25) * Math.Sqrt(0.5), 0.52, 0.52);
        return Math.Min(turned, Math.Min(Length(x - 0.37, y + 0.2), Length(x + 0.37, y + 0.2)) - 0.52);
    }

    public static double Drop(double x, double y)
    {
        double radius = 0.62 * Math.Clamp((y + 1.05) / 1.4, 0, 1);
        return y > 0.35 ? Length(x, y - 0.35) - 0.62 : Math.Max(Math.Abs(x) - radius, -1.05 - y);
    }

    public static double Ell(double x, double y) => Math.Min(Box(x + 0.5, y, 0.32, 0.95), Box(x - 0.1, y - 0.63, 0.85, 0.32));

    /// <summary>A regular polygon.</summary>
    public static Shape Polygon(int sides) =>
        (x, y) =>
        {
            double step = 2 * Math.PI / sides,
                angle = Math.Atan2(x, -y);
            double folded = angle - (step * Math.Round(angle / step));
            return (Length(x, y) * Math.Cos(folded)) - (0.95 * Math.Cos(step / 2));
        };

    /// <summary>A star: the radius swings between <paramref name="inner"/> and 1.</summary>
    public static Shape Star(int points, double inner) =>
        (x, y) =>
        {
            double turn = Math.Atan2(x, -y) * points / (2 * Math.PI);
            double swing = Math.Abs(turn - Math.Round(turn)) * 2;
            return Length(x, y) - (1 + ((inner - 1) * swing));
        };

    /// <summary>A flower: the radius follows a cosine.</summary>
    public static Shape Flower(int petals, double depth) => (x, y) => Length(x, y) - (0.72 + (depth * Math.Cos(petals * Math.Atan2(y, x))));

    public static double Box(double x, double y, double halfWidth, double halfHeight)
    {
        double dx = Math.Abs(x) - halfWidth,
            dy = Math.Abs(y) - halfHeight;
        return Length(Math.Max(dx, 0), Math.Max(dy, 0)) + Math.Min(Math.Max(dx, dy), 0);
    }

    public static double Length(double x, double y) => Math.Sqrt((x * x) + (y * y));
}
