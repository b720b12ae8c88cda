// pruning/shape.json and frontier.csv: what a search found, so that an interrupted run does not search again.

using System.Text.Json;
using DataFreeKD.Distiller.Output;
using DataFreeKD.Manifests;
using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Pruning;

internal static class ShapeFile
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private sealed record Found(string Fingerprint, int Heads, int Width, int Depth, int MlpHidden, IReadOnlyList<FrontierPoint> Frontier);

    /// <summary>The shape that the search of the same run found; null where there is none.</summary>
    public static VitConfig? ReadIfPresent(
        RunFolder folder,
        byte[] fingerprint,
        VitConfig teacher,
        out IReadOnlyList<FrontierPoint> frontier
    )
    {
        frontier = [];
        string path = PathIn(folder);
        if (!File.Exists(path))
            return null;
        Found? found;
        try
        {
            found = JsonSerializer.Deserialize<Found>(File.ReadAllBytes(path), Json);
        }
        catch (JsonException)
        {
            return null;
        }
        if (found is null || found.Fingerprint != Convert.ToHexStringLower(fingerprint))
            return null;
        frontier = found.Frontier;
        return Shape(teacher, found.Width, found.Depth, found.Heads, found.MlpHidden);
    }

    /// <summary>Writes both files.</summary>
    public static void Write(RunFolder folder, byte[] fingerprint, VitConfig chosen, IReadOnlyList<FrontierPoint> frontier)
    {
        Found found = new(Convert.ToHexStringLower(fingerprint), chosen.Heads, chosen.Width, chosen.Depth, chosen.MlpHidden, frontier);
        AtomicFile.WriteAllText(PathIn(folder), JsonSerializer.Serialize(found, Json) + "\n");
        using TableWriter table = Table.Create(
            Path.Combine(folder.Pruning, "frontier.csv"),
            ["student", "parameters", "macs", "images_per_second", "agreement", "divergence", "estimate", "retained", "chosen"]
        );
        foreach (FrontierPoint point in frontier)
        {
            table.Write([
                point.Student,
                Numbers.Format(point.Parameters),
                Numbers.Format(point.Macs),
                Numbers.Format(point.ImagesPerSecond),
                Numbers.Format(point.Agreement),
                Numbers.Format(point.Divergence),
                Numbers.Format(point.Estimate),
                Numbers.Format(point.Retained),
                point.Chosen ? "1" : "0",
            ]);
        }
        table.Commit();
    }

    /// <summary>A teacher's shape with the sizes of a student.</summary>
    public static VitConfig Shape(VitConfig teacher, int width, int depth, int heads, int units) =>
        teacher with
        {
            Width = width,
            Depth = depth,
            Heads = heads,
            MlpHidden = units,
            LayerScale = false,
            LayerNormEpsilon = 1e-6,
        };

    private static string PathIn(RunFolder folder) => Path.Combine(folder.Pruning, "shape.json");
}
