// Shapes within a teacher's, by the few numbers that a uniform Vision Transformer has.

using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>Depth, heads and the ratio of MLP to width; the width follows from a budget.</summary>
/// <param name="Depth">Blocks.</param>
/// <param name="Heads">Heads.</param>
/// <param name="MlpRatio">MLP units for each channel of the width.</param>
internal sealed record StudentShape(int Depth, int Heads, double MlpRatio)
{
    // Smaller students do better wide with a small MLP: the ratio that trials at 2 to 60 % of the parameters found.
    private const double RatioPower = 0.4;

    /// <summary>All blocks and heads, and an MLP that is the narrower for its width the smaller the student.</summary>
    /// <param name="teacher">The teacher.</param>
    /// <param name="share">Share of the teacher's cost, 0–1.</param>
    public static StudentShape For(VitConfig teacher, double share) =>
        new(teacher.Depth, teacher.Heads, (double)teacher.MlpHidden / teacher.Width * Math.Pow(Math.Clamp(share, 0.001, 1), RatioPower));

    /// <summary>The shape with heads of so many dimensions.</summary>
    public VitConfig With(VitConfig teacher, int headSize)
    {
        int width = Heads * headSize;
        return ShapeFile.Shape(teacher, width, Depth, Heads, Units(width, teacher.MlpHidden));
    }

    /// <summary>The widest shape within a bound whose sizes suit a processor's vectors: heads of a multiple of 8 dimensions, an MLP of a
    /// multiple of 16 units. A smaller one of such sizes is as fast as a larger one of others. Where none is within the bound, the widest
    /// of any sizes; null where there is none either.</summary>
    /// <inheritdoc cref="Widest"/>
    public VitConfig? WidestEven(VitConfig teacher, Func<VitConfig, double> cost, double bound)
    {
        for (int size = teacher.Width / teacher.Heads / 8 * 8; size > 0; size -= 8)
        {
            VitConfig shape = With(teacher, size);
            int units = shape.MlpHidden / 16 * 16;
            while (units > 0 && (int)(shape.Width * ((double)units / shape.Width)) != units)
                units -= 16;
            if (units > 0)
                shape = ShapeFile.Shape(teacher, shape.Width, Depth, Heads, units);
            if (cost(shape) <= bound)
                return shape;
        }
        return Widest(teacher, cost, bound);
    }

    /// <summary>The widest shape within a bound; null where none is.</summary>
    /// <param name="teacher">No size exceeds its.</param>
    /// <param name="cost">What is bounded; grows with the width.</param>
    /// <param name="bound">At most so much.</param>
    public VitConfig? Widest(VitConfig teacher, Func<VitConfig, double> cost, double bound)
    {
        int low = 0,
            high = teacher.Width / teacher.Heads;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (Heads * middle >= 2 && cost(With(teacher, middle)) <= bound)
                low = middle;
            else if (Heads * middle < 2)
                low = middle;
            else
                high = middle - 1;
        }
        return low > 0 && Heads * low >= 2 && cost(With(teacher, low)) <= bound ? With(teacher, low) : null;
    }

    // timm takes the ratio and truncates the product: only units that survive this can be written.
    private int Units(int width, int most)
    {
        int units = Math.Clamp((int)Math.Round(width * MlpRatio), 1, most);
        while (units > 1 && (int)(width * ((double)units / width)) != units)
            units--;
        return units;
    }

    /// <summary>Shapes one step away.</summary>
    /// <param name="teacher">Bounds them.</param>
    public IEnumerable<StudentShape> Neighbours(VitConfig teacher)
    {
        yield return this with
        {
            MlpRatio = MlpRatio * 0.7,
        };
        yield return this with
        {
            MlpRatio = MlpRatio * 1.4,
        };
        if (Heads > 1)
            yield return this with
            {
                Heads = Heads - Math.Max(1, Heads / 4),
            };
        int blocks = Math.Max(1, Depth / 8);
        if (Depth > blocks)
            yield return this with
            {
                Depth = Depth - blocks,
            };
        // Back towards the teacher's own.
        if (Heads < teacher.Heads)
            yield return this with
            {
                Heads = Math.Min(teacher.Heads, Heads + Math.Max(1, Heads / 4)),
            };
        if (Depth < teacher.Depth)
            yield return this with
            {
                Depth = Math.Min(teacher.Depth, Depth + blocks),
            };
    }
}
