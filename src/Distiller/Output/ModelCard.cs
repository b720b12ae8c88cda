// README.md of a written model: what it is, what it learned from, with what figures.

using System.Globalization;
using System.Text;
using DataFreeKD.Models;

namespace DataFreeKD.Distiller.Output;

internal static class ModelCard
{
    /// <summary>The card. Facts are (name, value) lines of a table; <paramref name="curves"/> is the folder of the training's curves, null
    /// where nothing was trained.</summary>
    public static string Write(
        string title,
        string summary,
        ModelConfig config,
        IEnumerable<(string Name, string Value)> facts,
        IReadOnlyDictionary<string, string> options,
        string? curves = "training"
    )
    {
        StringBuilder text = new();
        text.AppendLine("---")
            .AppendLine("library_name: timm")
            .AppendLine("pipeline_tag: image-classification")
            .AppendLine($"tags: [{config.Family.ToLowerInvariant()}, knowledge-distillation]")
            .AppendLine("---");
        text.Append("# ").AppendLine(title).AppendLine().AppendLine(summary).AppendLine().AppendLine("| | |").AppendLine("|---|---|");
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"| architecture | {config.Family}, {config.ImageSize}x{config.ImageSize}, {config.Summary}, {config.Classes} classes |"
        );
        foreach ((string name, string value) in facts)
            text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {value} |");
        text.AppendLine();
        if (curves is not null)
            text.AppendLine(CultureInfo.InvariantCulture, $"Curves are in `{curves}/metrics.csv` and, for TensorBoard, `{curves}/`.")
                .AppendLine();
        text.AppendLine("## Options").AppendLine().AppendLine("| option | value |").AppendLine("|---|---|");
        foreach ((string name, string value) in options)
            text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {value} |");
        return text.ToString().ReplaceLineEndings("\n");
    }
}
