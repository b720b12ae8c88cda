// The world that the teacher knows: ten classes, one object an image.

namespace DataFreeKD.ProceduralWorld;

/// <summary>
/// A class is a figure. Its surface and hue are only habits (a share of the objects breaks them), and place, size,
/// turn, lighting, backdrop and noise vary, so that a class cannot be read off one pixel statistic.
/// </summary>
internal static class OriginalWorld
{
    private sealed record Kind(string Name, Shape Shape, Surface Surface, double Hue, double Turn);

    private static readonly Kind[] Kinds =
    [
        new("balloon", Shapes.Disc, Surface.Plain, 0.00, Math.PI),
        new("bandage", Shapes.Cross, Surface.Plain, 0.08, 0.5),
        new("corner", Shapes.Ell, Surface.Stripes, 0.30, 0.5),
        new("dice", Shapes.Square, Surface.Dots, 0.14, 0.5),
        new("drop", Shapes.Drop, Surface.Plain, 0.58, 0.5),
        new("heart", Shapes.Heart, Surface.Checks, 0.94, 0.5),
        new("moon", Shapes.Crescent, Surface.Marble, 0.15, 0.5),
        new("star", Shapes.Star(5, 0.42), Surface.Stripes, 0.66, Math.PI),
        new("tent", Shapes.Polygon(3), Surface.Stripes, 0.40, 0.35),
        new("wheel", Shapes.Ring, Surface.Checks, 0.78, Math.PI),
    ];

    private static readonly Surface[] Surfaces = Enum.GetValues<Surface>();

    /// <summary>Class names, sorted as the class indices are.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Kinds.Select(kind => kind.Name)];

    /// <summary>Draws one image of class <paramref name="label"/>.</summary>
    public static byte[] Draw(int label, Random random)
    {
        Kind kind = Kinds[label];
        double hue = random.Chance(0.8) ? kind.Hue + (0.05 * random.Normal()) : random.NextDouble();
        Surface surface = random.Chance(0.8) ? kind.Surface : random.Pick(Surfaces);
        Rgb light = Rgb.Hsv(hue, random.Range(0.5, 1), random.Range(0.65, 1));
        Rgb dark = Rgb.Hsv(hue + random.Range(-0.08, 0.08), random.Range(0.4, 1), random.Range(0.3, 0.6));
        Painter paint = Textures.Of(surface, light, dark, random.Range(2.2, 3.6), random);

        // Backdrops are paler than objects, of any hue.
        double value = random.Range(0.25, 0.95);
        Rgb Backdrop() => Rgb.Hsv(random.NextDouble(), random.Range(0, 0.4), Math.Clamp(value + random.Range(-0.15, 0.15), 0, 1));
        Painter backdrop = Textures.Backdrop(Backdrop(), Backdrop(), random.Range(0.2, 0.9), random);

        double scale = random.Range(0.55, 0.85),
            turn = random.Range(-kind.Turn, kind.Turn);
        double room = Math.Max(0.06, 0.92 - scale);
        double centreX = random.Range(-room, room),
            centreY = random.Range(-room, room);
        double cos = Math.Cos(turn) / scale,
            sin = Math.Sin(turn) / scale;
        double stretch = random.Range(0.87, 1.15);
        bool mirrored = random.Chance(0.5);
        double contrast = random.Range(0.75, 1.1),
            shift = random.Range(-0.08, 0.08);

        Painter scene = (x, y) =>
        {
            double dx = x - centreX,
                dy = y - centreY;
            double u = ((cos * dx) + (sin * dy)) * stretch,
                v = ((cos * dy) - (sin * dx)) / stretch;
            if (mirrored)
                u = -u;
            double inside = Math.Clamp(0.5 - (kind.Shape(u, v) * scale * 12), 0, 1);
            Rgb colour = Rgb.Mix(backdrop(x, y), paint(u, v), inside);
            return (colour * contrast) + (new Rgb(1, 1, 1) * ((0.5 * (1 - contrast)) + shift));
        };
        return Canvas.Render(scene, random, random.Range(0.01, 0.06));
    }
}
