// How the verbs for people look through a teacher's eyes.

using System.CommandLine;
using DataFreeKD.Models;
using DataFreeKD.Probe;
using DataFreeKD.Reporting;

namespace DataFreeKD.Cli.Verbs;

/// <summary>A teacher's look as a picture can be made of it.</summary>
internal static class TeacherViews
{
    /// <summary>The teacher with the one block to show, or those of scoring.</summary>
    public static ScoreOptions Options(string model, int? heads, int? block, PreprocessingOverride? preprocessing, ParseResult parsed) =>
        new()
        {
            Sources = [],
            Output = "",
            Teacher = model,
            TeacherHeads = heads,
            Blocks = block is { } given ? [given] : null,
            Preprocessing = preprocessing,
            BatchSize = 32,
            Workers = parsed.GetValue(CommonOptions.Threads),
            Device = parsed.GetValue(CommonOptions.Device)!,
        };

    /// <summary>The attention of one block.</summary>
    public static AttentionView View(TeacherView look, int block) => new(look.Seen, look.Probes[block], look.GridWidth);
}
