// What a wild pool is mostly made of: scenes of other worlds, with structure but without the teacher's objects.

namespace DataFreeKD.ProceduralWorld;

/// <summary>Scenes that share colours, edges and noise with the original world, not its objects.</summary>
internal static class OtherWorlds
{
    private static readonly Dictionary<string, Func<Random, Painter>> Scenes = new(StringComparer.Ordinal)
    {
        ["bricks"] = Bricks,
        ["clouds"] = Clouds,
        ["confetti"] = Confetti,
        ["crowd"] = Crowd,
        ["grass"] = Grass,
        ["landscape"] = Landscape,
        ["plaid"] = Plaid,
        ["skyline"] = Skyline,
        ["spiral"] = Spiral,
        ["waves"] = Waves,
    };

    /// <summary>Scene names, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Scenes.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Draws one scene.</summary>
    public static byte[] Draw(string name, Random random) => Canvas.Render(Scenes[name](random), random, random.Range(0.01, 0.06));

    private static Rgb AnyColour(Random random) => Rgb.Hsv(random.NextDouble(), random.Range(0.1, 0.9), random.Range(0.2, 1));

    private static Painter Clouds(Random random)
    {
        Rgb a = AnyColour(random),
            b = AnyColour(random);
        Func<double, double, double> noise = Textures.Noise(random, random.Range(0.8, 3));
        return (x, y) => Rgb.Mix(a, b, Math.Clamp((noise(x, y) * 1.8) - 0.4, 0, 1));
    }

    private static Painter Landscape(Random random)
    {
        Rgb sky = Rgb.Hsv(random.Range(0.5, 0.68), random.Range(0.1, 0.7), random.Range(0.5, 1)),
            haze = Rgb.Mix(sky, new(1, 1, 1), 0.5);
        Rgb near = AnyColour(random),
            far = Rgb.Mix(near, sky, 0.5);
        double horizon = random.Range(-0.3, 0.5);
        Func<double, double, double> hills = Textures.Noise(random, 1.5),
            ground = Textures.Noise(random, 5);
        return (x, y) =>
        {
            double ridge = horizon - (0.7 * (hills(x, 0) - 0.3)),
                front = horizon + 0.35 - (0.5 * hills(x, 3));
            if (y > front)
                return Rgb.Mix(near, near * 0.4, ground(x, y));
            return y > ridge ? Rgb.Mix(far, far * 0.6, ground(x, y)) : Rgb.Mix(sky, haze, Math.Clamp((y + 1) / (horizon + 1.2), 0, 1));
        };
    }

    private static Painter Skyline(Random random)
    {
        Painter sky = Textures.Backdrop(AnyColour(random), AnyColour(random), 0.3, random);
        double width = random.Range(0.2, 0.45);
        double[] roofs = [.. Enumerable.Range(0, 24).Select(_ => random.Range(-0.6, 0.7))];
        Rgb[] walls = [.. Enumerable.Range(0, 24).Select(_ => AnyColour(random) * 0.8)];
        return (x, y) =>
        {
            int house = (int)((x + 1) / width);
            if (y < roofs[house])
                return sky(x, y);
            bool window = Fraction((x + 1) / width * 3) > 0.5 && Fraction(y * 5) > 0.5;
            return window ? new(0.95, 0.9, 0.55) : walls[house];
        };
    }

    private static Painter Bricks(Random random)
    {
        Rgb brick = AnyColour(random),
            mortar = AnyColour(random);
        double rows = random.Range(2.5, 5);
        Func<double, double, double> noise = Textures.Noise(random, 3);
        return (x, y) =>
        {
            double row = (y + 1) * rows,
                column = ((x + 1) * rows / 2) + (((int)row & 1) * 0.5);
            bool joint = Fraction(row) < 0.18 || Fraction(column) < 0.09;
            return joint ? mortar : Rgb.Mix(brick, brick * 0.5, noise(x, y));
        };
    }

    private static Painter Grass(Random random)
    {
        Rgb a = AnyColour(random),
            b = AnyColour(random) * 0.6;
        double lean = random.Range(-0.6, 0.6),
            density = random.Range(5, 9);
        Func<double, double, double> noise = Textures.Noise(random, 1.2);
        return (x, y) =>
            Rgb.Mix(a, b, Math.Clamp(0.5 + (1.2 * Math.Sin(density * (x + (lean * y) + (0.5 * noise(x, y))) * 2)) + (0.5 * y), 0, 1));
    }

    private static Painter Waves(Random random)
    {
        Rgb a = AnyColour(random),
            b = AnyColour(random);
        double fx = random.Range(2, 6),
            fy = random.Range(4, 10),
            swing = random.Range(0.1, 0.4),
            phase = random.Range(0, 6);
        return (x, y) => Rgb.Mix(a, b, 0.5 + (0.5 * Math.Sin((fy * (y + (swing * Math.Sin((fx * x) + phase)))) + phase)));
    }

    private static Painter Plaid(Random random)
    {
        Rgb a = AnyColour(random),
            b = AnyColour(random),
            c = AnyColour(random);
        double fx = random.Range(3, 9),
            fy = random.Range(3, 9),
            px = random.Range(0, 6),
            py = random.Range(0, 6);
        return (x, y) => Rgb.Mix(Rgb.Mix(a, b, Math.Sin((fx * x) + px) > 0.2 ? 0.8 : 0.1), c, Math.Sin((fy * y) + py) > 0.4 ? 0.5 : 0.05);
    }

    private static Painter Spiral(Random random)
    {
        Rgb a = AnyColour(random),
            b = AnyColour(random);
        double arms = random.Next(1, 5),
            tightness = random.Range(5, 12),
            cx = random.Range(-0.4, 0.4),
            cy = random.Range(-0.4, 0.4);
        return (x, y) =>
            Rgb.Mix(
                a,
                b,
                Math.Clamp(0.5 + (1.5 * Math.Sin((arms * Math.Atan2(y - cy, x - cx)) + (tightness * Shapes.Length(x - cx, y - cy)))), 0, 1)
            );
    }

    // Many small pieces: the teacher's world never has more than one object.
    private static Painter Confetti(Random random) =>
        Scatter(random, random.Next(9, 18), 0.1, 0.24, [Shapes.Bar, Shapes.Polygon(6), Shapes.Flower(4, 0.25), Shapes.Bar]);

    private static Painter Crowd(Random random) =>
        Scatter(
            random,
            random.Next(3, 6),
            0.3,
            0.5,
            [Shapes.Polygon(5), Shapes.Flower(6, 0.2), Shapes.Bar, Shapes.Star(9, 0.7), Shapes.Polygon(8)]
        );

    private static Painter Scatter(Random random, int count, double smallest, double largest, Shape[] shapes)
    {
        Painter scene = Textures.Backdrop(AnyColour(random), AnyColour(random), random.Range(0.2, 0.9), random);
        for (int i = 0; i < count; i++)
        {
            Painter below = scene,
                paint = Textures.Of(
                    random.Pick(Enum.GetValues<Surface>()),
                    AnyColour(random),
                    AnyColour(random),
                    random.Range(2, 5),
                    random
                );
            Shape shape = random.Pick(shapes);
            double scale = random.Range(smallest, largest),
                cx = random.Range(-0.9, 0.9),
                cy = random.Range(-0.9, 0.9),
                turn = random.Range(0, 2 * Math.PI);
            double cos = Math.Cos(turn) / scale,
                sin = Math.Sin(turn) / scale;
            scene = (x, y) =>
            {
                double dx = x - cx,
                    dy = y - cy,
                    u = (cos * dx) + (sin * dy),
                    v = (cos * dy) - (sin * dx);
                double inside = Math.Clamp(0.5 - (shape(u, v) * scale * 12), 0, 1);
                return inside <= 0 ? below(x, y) : Rgb.Mix(below(x, y), paint(u, v), inside);
            };
        }
        return scene;
    }

    private static double Fraction(double value) => value - Math.Floor(value);
}
