// What is known of one run, kept beside it: a run whose record is whole is not done again.

using System.Text.Json;

namespace DataFreeKD.Distiller.Comparison;

/// <summary>Figures of a student on one test set.</summary>
/// <param name="Data">Where the images are.</param>
/// <param name="Images">How many were judged.</param>
/// <param name="Top1">Share right, 0–1.</param>
/// <param name="NegativeLogLikelihood">Mean, nats.</param>
/// <param name="CalibrationError">Expected calibration error, 0–1.</param>
internal sealed record TestFigures(string Data, long Images, double Top1, double NegativeLogLikelihood, double CalibrationError);

/// <summary>One recipe with one seed.</summary>
internal sealed record RunRecord
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    public required string Recipe { get; init; }
    public required long Seed { get; init; }

    /// <summary>The options that decided the result.</summary>
    public required IReadOnlyDictionary<string, string> Options { get; init; }

    /// <summary>SHA-256 of every input file, by path.</summary>
    public required IReadOnlyDictionary<string, string> Inputs { get; init; }

    public required int Steps { get; init; }
    public required long Parameters { get; init; }
    public required double FinalLoss { get; init; }
    public required double? HeldOut { get; init; }

    /// <summary>Step that the process which ended the run went on from.</summary>
    public required int ResumedFrom { get; init; }

    /// <summary>Wall seconds of that process.</summary>
    public required double Seconds { get; init; }

    /// <summary>Its training speed; null where it had no step left to do.</summary>
    public required double? StepsPerSecond { get; init; }

    /// <summary>Figures by test set.</summary>
    public IReadOnlyDictionary<string, TestFigures> Tests { get; init; } = new Dictionary<string, TestFigures>();

    /// <summary>Reads a record; null where there is none.</summary>
    /// <exception cref="DistillException">It is not one.</exception>
    public static RunRecord? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<RunRecord>(File.ReadAllBytes(path), Json);
        }
        catch (JsonException problem)
        {
            throw new DistillException($"{path} is not the record of a run: {problem.Message}; delete it to do the run again", problem);
        }
    }

    /// <summary>Writes it, whole or not at all.</summary>
    public void Write(string path) => AtomicFile.WriteAllText(path, JsonSerializer.Serialize(this, Json) + "\n");

    /// <summary>Checks that it is what <paramref name="now"/> would give now.</summary>
    /// <exception cref="DistillException">Names what differs.</exception>
    public void CheckFits(string path, IReadOnlyDictionary<string, string> now, Func<string, string?> hash)
    {
        string[] differences =
        [
            .. now
                .Keys.Union(Options.Keys)
                .Order(StringComparer.Ordinal)
                .Where(name => now.GetValueOrDefault(name, "") != Options.GetValueOrDefault(name, ""))
                .Select(name => $"{name} was '{Options.GetValueOrDefault(name, "")}' and is '{now.GetValueOrDefault(name, "")}'"),
            .. Inputs.Where(input => hash(input.Key) != input.Value).Select(input => $"{input.Key} has changed"),
        ];
        if (differences.Length > 0)
            throw new DistillException(
                $"{path} is of another run than recipe '{Recipe}' now asks for: {string.Join("; ", differences)}; rename the recipe, choose another output, or pass Overwrite"
            )
            {
                Options = [nameof(ComparisonOptions.Overwrite)],
            };
    }
}
