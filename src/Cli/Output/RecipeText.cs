// Recipes and losses in words.

using System.Globalization;
using System.Text;
using DataFreeKD.Distiller;
using DataFreeKD.Distiller.Losses;

namespace DataFreeKD.Cli.Output;

/// <summary>Text of <c>dfkd losses</c> and <c>dfkd distill --explain</c>.</summary>
internal static class RecipeText
{
    /// <summary>Every loss with its parameters, then the presets.</summary>
    public static string Catalogue()
    {
        StringBuilder text = new("A recipe: name[:key=value,...][*weight], joined by +\n");
        Line(
            $"Every loss has teacher={TeacherChoice.Key.Default}  {TeacherChoice.Key.Meaning} ({TeacherChoice.Key.Allowed}; losses of features read one, the first unless told)"
        );
        foreach (LossEntry entry in LossCatalogue.All)
        {
            Line($"\n{entry.Name}  {entry.Equation}");
            Line($"    {entry.Source}");
            if (entry.Needs.Length > 0)
                Line($"    needs {entry.Needs}");
            foreach (LossKey key in entry.Keys)
                Line($"    {key.Name}={key.Default}  {key.Meaning} ({key.Allowed})");
        }
        text.Append("\nPresets:\n");
        foreach ((string name, RecipePreset preset) in RecipePresets.All)
            Line(
                $"preset:{name}  {preset.Recipe}\n    {preset.Source}{(preset.Differs.Length > 0 ? "\n    differs: " + preset.Differs : "")}"
            );
        return text.ToString().TrimEnd();

        void Line(string line) => text.Append(line).Append('\n');
    }

    /// <summary>A recipe for two models.</summary>
    public static string Explain(RecipeExplanation explanation)
    {
        StringBuilder text = new(explanation.Recipe + "\n");
        foreach (PresetExplanation preset in explanation.Presets)
            Line($"preset:{preset.Name}  {preset.Source}{(preset.Differs.Length > 0 ? "; differs: " + preset.Differs : "")}");
        foreach (string note in explanation.Notes)
            Line($"note: {note}");
        foreach (TermExplanation term in explanation.Terms)
        {
            Line($"\n{term.Name} * {term.Weight}  {term.Equation}");
            Line($"    {term.Source}");
            if (term.Parameters.Count > 0)
                Line($"    {string.Join(", ", term.Parameters.Select(pair => $"{pair.Key}={pair.Value}"))}");
            Line(
                $"    joins {(term.Layers.Count == 0 ? "the outputs" : "student-teacher blocks " + string.Join(", ", term.Layers.Select(pair => $"{pair.Student}-{pair.Teacher}")))}"
            );
            if (explanation.Teachers.Count > 1)
                Line($"    learns from {(term.Teacher is { } teacher ? $"teacher {teacher}" : "all teachers together")}");
            if (term.Learned > 0)
                Line($"    learns {term.Learned:N0} numbers, dropped after training");
        }
        for (int i = 0; i < explanation.Teachers.Count; i++)
            Line(
                $"{(i == 0 ? "\n" : "")}kept of {(explanation.Teachers.Count > 1 ? $"teacher {i + 1}" : "the teacher")} for each image: {Kept(explanation.Teachers[i])}"
            );
        Line($"kept of the student for each image: {Kept(explanation.Student)}");
        return text.ToString().TrimEnd();

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Kept(CaptureCost cost)
    {
        if (cost.Floats == 0)
            return "logits";
        List<string> parts = ["logits"];
        if (cost.Outputs.Count > 0)
            parts.Add($"outputs of blocks {string.Join(' ', cost.Outputs)}");
        if (cost.Normed)
            parts.Add("the tokens after the final norm");
        if (cost.Qkv.Count > 0)
            parts.Add($"queries, keys and values of blocks {string.Join(' ', cost.Qkv)}");
        return string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", parts)} ({cost.Floats:N0} floats)");
    }
}
