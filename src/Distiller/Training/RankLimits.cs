// What several ranks cannot do, what they must have in common, and what microbatches change.

using System.Globalization;
using DataFreeKD.Distiller.Ranks;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Judges options for a training on several ranks.</summary>
internal static class RankLimits
{
    /// <summary>Refuses options that cannot be shared out.</summary>
    /// <exception cref="DistillException">The first of them, with the cure.</exception>
    public static void Check(RankGroup ranks, LoopOptions options)
    {
        if (ranks.Reducer is OneProcess)
            return;
        if (options.Microbatches is not { } count)
            throw new DistillException("ranks share the microbatches of a batch: give Microbatches, 8 for instance")
            {
                Options = [nameof(LoopOptions.Microbatches)],
            };
        if (count % ranks.Reducer.Ranks != 0)
            throw new DistillException(
                $"Microbatches {count} cannot be shared by {ranks.Reducer.Ranks} ranks: start a number that divides it"
            )
            {
                Options = [nameof(LoopOptions.Microbatches)],
            };
        if (options.Minutes is not null)
            throw new DistillException("Minutes is measured in one process: give Steps or Epochs with ranks")
            {
                Options = [nameof(LoopOptions.Minutes), nameof(LoopOptions.Steps), nameof(LoopOptions.Epochs)],
            };
        if (options is DistillOptions { Via.Count: > 0 })
            throw new DistillException("Via is several trainings, and ranks share one: distil each assistant by a command of its own")
            {
                Options = [nameof(DistillOptions.Via)],
            };
    }

    /// <summary>Compares what decides a run.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="options">All options.</param>
    /// <param name="inputs">SHA-256 of every input file, by path.</param>
    /// <exception cref="DistillException">Ranks differ.</exception>
    /// <exception cref="OtherRankException">They differ, and another one says so.</exception>
    public static void Compare(RankGroup ranks, LoopOptions options, IReadOnlyDictionary<string, string> inputs)
    {
        if (!ranks.Several)
            return;
        SortedDictionary<string, string> facts = OptionsText.Without(
            [nameof(LoopOptions.Workers), nameof(LoopOptions.MaxPixelMemory)],
            options
        );
        facts["threads"] = torch.get_num_threads().ToString(CultureInfo.InvariantCulture);
        facts["instructions"] = Environment.GetEnvironmentVariable("ATEN_CPU_CAPABILITY")
            ?? NumericProfiles.InstructionsOf(NumericProfile.Native);
        foreach ((string path, string hash) in inputs)
            facts[$"SHA-256 of {path}"] = hash;
        ranks.Compare(facts);
    }

    /// <summary>What a recipe's losses do not see in a microbatch, a line for all.</summary>
    public static IReadOnlyList<string> NotesOf(DistillOptions options)
    {
        if (options is not { Microbatches: { } count, Loss: { } recipe })
            return [];
        string[] across = [.. recipe.Terms.Where(term => term.Entry.ComparesImages(term)).Select(term => term.Label)];
        return across.Length == 0
            ? []
            :
            [
                $"{string.Join(" and ", across)} compare{(across.Length == 1 ? "s" : "")} the images of a microbatch ({options.BatchSize / count}), not of the batch ({options.BatchSize})",
            ];
    }
}
