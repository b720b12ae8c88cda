// Positions as rotations of queries and keys.

using System.Globalization;
using static TorchSharp.torch;

namespace DataFreeKD.Models;

/// <summary>Axial rotary positions: each pair of a head's numbers is turned by an angle that grows with the patch's row or column; tokens
/// before the patches are not turned.</summary>
/// <remarks>Su et al., "RoFormer", 2021; in two dimensions EVA-02 (Fang et al., 2023) and DINOv3 (Siméoni et al., 2025). Names and meaning
/// of the values are timm's.</remarks>
internal sealed record RotaryPositions
{
    /// <summary>Ratio of the slowest to the fastest rotation, about.</summary>
    public double Temperature { get; init; } = 10000;

    /// <summary>Patches a side that positions are scaled to (EVA-02: those of its pre-training); 0 leaves them as they are
    /// counted.</summary>
    public int Reference { get; init; }

    /// <summary>Added to each patch's number.</summary>
    public double Offset { get; init; }

    /// <summary>The first half of a head goes by columns, the second by rows, instead of the other way round.</summary>
    public bool ColumnsFirst { get; init; }

    /// <summary>DINOv3's: positions are centres from −1 to 1 over the image, in whole turns.</summary>
    public bool Centred { get; init; }

    /// <summary>Number i is turned with number i + half of the head, instead of with its neighbour.</summary>
    public bool Halves { get; init; }

    /// <summary>Each head of each block has learned angles for rows and for columns together (RoPE-Mixed, Heo et al., ECCV 2024); the
    /// temperature is what training begins with. Patches are counted from 0.</summary>
    public bool Mixed { get; init; }

    /// <summary>The values in one word, as specs have them: <c>10000/16/0/ij/neighbours</c>.</summary>
    public string Text =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Temperature:R}/{Reference}/{Offset:R}/{(ColumnsFirst ? "xy" : "ij")}/{(Halves ? "halves" : "neighbours")}{(Centred ? "/centred" : Mixed ? "/mixed" : "")}"
        );

    /// <summary>Reads <see cref="Text"/>.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static RotaryPositions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split('/');
        if (
            parts.Length is not (5 or 6)
            || parts[3] is not ("ij" or "xy")
            || parts[4] is not ("halves" or "neighbours")
            || (parts.Length == 6 && parts[5] is not ("centred" or "mixed"))
        )
            throw new FormatException(
                "rotary positions: TEMPERATURE/REFERENCE/OFFSET/ij|xy/halves|neighbours, and /centred for DINOv3's or /mixed for learned ones"
            );
        RotaryPositions read = new()
        {
            Temperature = double.Parse(parts[0], CultureInfo.InvariantCulture),
            Reference = int.Parse(parts[1], CultureInfo.InvariantCulture),
            Offset = double.Parse(parts[2], CultureInfo.InvariantCulture),
            ColumnsFirst = parts[3] == "xy",
            Halves = parts[4] == "halves",
            Centred = parts.Length == 6 && parts[5] == "centred",
            Mixed = parts.Length == 6 && parts[5] == "mixed",
        };
        return read.Temperature > 1 && read.Reference >= 0 && double.IsFinite(read.Offset)
            ? read
            : throw new FormatException("rotary positions: a temperature above 1, a reference of 0 or more");
    }

    /// <summary>Sines and cosines of every patch, each <c>[N, D/H]</c>.</summary>
    /// <param name="grid">Patches a side.</param>
    /// <param name="head">Numbers of a head; a multiple of 4.</param>
    internal (Tensor Sine, Tensor Cosine) Tables(int grid, int head)
    {
        int bands = head / 4;
        double[] angles = new double[grid * grid * head];
        for (int patch = 0; patch < grid * grid; patch++)
        {
            double row = At(patch / grid, grid),
                column = At(patch % grid, grid);
            for (int i = 0; i < 2 * bands; i++)
            {
                double angle =
                    (
                        (i < bands) == ColumnsFirst && !Centred ? column
                        : i < bands || (!Centred && ColumnsFirst) ? row
                        : column
                    ) * Math.Pow(Temperature, -(double)(i % bands) / bands);
                int first = Centred ? i : 2 * i,
                    second = Centred ? i + (2 * bands) : (2 * i) + 1;
                angles[(patch * head) + first] = angles[(patch * head) + second] = angle;
            }
        }
        return (
            tensor([.. angles.Select(angle => (float)Math.Sin(angle))], [grid * grid, head]),
            tensor([.. angles.Select(angle => (float)Math.Cos(angle))], [grid * grid, head])
        );
    }

    /// <summary>First and second coordinate of every patch, each <c>[N, 1]</c>: what learned angles are multiplied by.</summary>
    internal (Tensor First, Tensor Second) Coordinates(int grid)
    {
        float[] rows = [.. Enumerable.Range(0, grid * grid).Select(patch => (float)(patch / grid))],
            columns = [.. Enumerable.Range(0, grid * grid).Select(patch => (float)(patch % grid))];
        return (tensor(ColumnsFirst ? columns : rows, [grid * grid, 1]), tensor(ColumnsFirst ? rows : columns, [grid * grid, 1]));
    }

    /// <summary>What learned angles begin with, <c>[2, 1, D/2H]</c>: half of the pairs turn with the first coordinate, half with the
    /// second.</summary>
    internal Tensor Frequencies(int head)
    {
        int bands = head / 4;
        float[] angles = new float[4 * bands];
        for (int i = 0; i < bands; i++)
            angles[i] = angles[(3 * bands) + i] = (float)Math.Pow(Temperature, -(double)i / bands);
        return tensor(angles, [2, 1, 2 * bands]);
    }

    /// <summary>Sines and cosines of learned angles, each <c>[H, N, D/H]</c>.</summary>
    internal (Tensor Sine, Tensor Cosine) Mix(Tensor frequencies, Tensor first, Tensor second)
    {
        Tensor angles = (first * frequencies[0].unsqueeze(1)) + (second * frequencies[1].unsqueeze(1));
        // As the pairs stand: neighbours, or halves of the head.
        angles = Halves ? cat([angles, angles], -1) : stack([angles, angles], -1).flatten(2);
        return (angles.sin(), angles.cos());
    }

    /// <summary>Queries or keys <c>[B, H, N, D/H]</c> of patches, turned.</summary>
    internal Tensor Turn(Tensor x, Tensor sine, Tensor cosine)
    {
        Tensor partner;
        if (Halves)
        {
            Tensor[] halves = x.chunk(2, -1);
            partner = cat([halves[1].neg(), halves[0]], -1);
        }
        else
        {
            Tensor[] pairs = x.reshape([.. x.shape[..^1], x.shape[^1] / 2, 2]).unbind(-1);
            partner = stack([pairs[1].neg(), pairs[0]], -1).reshape(x.shape);
        }
        return (x * cosine) + (partner * sine);
    }

    private double At(int index, int grid) =>
        Centred
            ? 2 * Math.PI * ((2 * (index + 0.5 + Offset) / grid) - 1)
            : (index + Offset) * (Reference > 0 ? (double)Reference / grid : 1);
}
