// Teacher assistants (Mirzadeh et al., AAAI 2020): a teacher too large for its student teaches ever smaller ones in between.

using System.Globalization;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Output;
using DataFreeKD.Distiller.Ranks;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Teacher → assistants → student: each hop is a run of its own with the same options, in <c>assistant-1</c>, <c>assistant-2</c>,
/// … of the output; the student's is the output itself.</summary>
internal static class AssistantChain
{
    /// <summary>Runs every hop. A hop that was finished before has no step left to do when the chain is resumed.</summary>
    /// <exception cref="DistillException">A hop that cannot be, found before the first one begins.</exception>
    public static DistillSummary Execute(DistillOptions options, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        string lineage = Check(options, cancel);
        RunFolder folder = RunFolder.Open(options);
        // The folder has been opened as the user allowed: from here on an interrupted hop is gone on with.
        DistillOptions hop = options with { Resume = !options.Overwrite };
        for (int i = 0; i < options.Via.Count; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"assistant-{i + 1}"),
                output = Path.Combine(folder.Path, name);
            DistillSummary assistant = DistillRun.Hop(
                hop with
                {
                    Student = options.Via[i],
                    Output = output,
                    Via = [],
                },
                i == 0 ? [] : [("lineage", lineage)],
                RankGroup.Alone,
                Named(progress, name),
                cancel
            );
            lineage = string.Create(
                CultureInfo.InvariantCulture,
                $"{lineage} → {name} ({options.Via[i]}, {assistant.Parameters:N0} parameters)"
            );
            // What was said of the teacher does not hold for the assistant, which brings its own preprocessing.
            hop = hop with
            {
                Teacher = output,
                Cache = null,
                TeacherHeads = null,
                Preprocessing = hop.Preprocessing?.ImageSize is { } side ? new PreprocessingOverride { ImageSize = side } : null,
            };
        }
        return DistillRun.Hop(hop, [("lineage", lineage)], RankGroup.Alone, progress, cancel);
    }

    /// <summary>Every hop's shapes and losses. Returns the teacher, in words.</summary>
    /// <exception cref="DistillException">A hop that cannot be.</exception>
    public static string Check(DistillOptions options, CancellationToken cancel)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using TeacherSource teacher = TeacherSource.Of(options, cancel);
        ModelConfig? from = null;
        foreach (string spec in (string[])[.. options.Via, options.Student])
        {
            using ImageModel student = StudentFactory.For(options with { Student = spec, Init = StudentInit.Random }, teacher);
            _ = from is null
                ? teacher.Losses(options, student.Config, torch.CPU)
                : RecipeLosses.Of(options, [from], student.Config, torch.CPU);
            from = student.Config;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{teacher.Name} ({teacher.Parameters:N0} parameters)");
    }

    private static NamedProgress? Named(IProgress<TrainProgress>? progress, string name) =>
        progress is null ? null : new NamedProgress(progress, name);

    private sealed class NamedProgress(IProgress<TrainProgress> inner, string name) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value) => inner.Report(value with { Phase = $"{name} {value.Phase}" });
    }
}
