// Options that mean the same on every verb that has them.

using System.CommandLine;
using DataFreeKD.Models;

namespace DataFreeKD.Cli;

/// <summary>One instance each, so that names, defaults and texts cannot drift apart.</summary>
internal static class CommonOptions
{
    /// <summary>Where to compute.</summary>
    public static Option<string> Device { get; } =
        new("--device")
        {
            Description = "Where to compute: cpu, cuda or cuda:N",
            HelpName = "DEVICE",
            CompletionSources = { "cpu", "cuda" },
            DefaultValueFactory = _ => "cpu",
        };

    /// <summary>CPU threads.</summary>
    public static Option<int> Threads { get; } =
        new Option<int>("--threads")
        {
            Description = "CPU threads for tensors and for decoding",
            HelpName = "N",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        }.AtLeast(1);

    /// <summary>What joins the processes that train one model.</summary>
    public static Choice<RankStart> Ranks { get; } =
        new(
            "--ranks",
            "Train one model in all processes that mpirun or Slurm's srun starts; with --microbatches and --threads",
            RankStart.None,
            RankStart.Mpi
        );

    /// <summary>The seed of everything random.</summary>
    public static Option<long> Seed { get; } =
        new("--seed")
        {
            Description = "Seed of everything random",
            HelpName = "N",
            DefaultValueFactory = _ => 0,
        };

    /// <summary>The summary as JSON.</summary>
    public static Option<bool> Json { get; } = new("--json") { Description = "Print the final summary as one JSON object on stdout" };

    /// <summary>Nothing but errors.</summary>
    public static Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "Print nothing but errors and results" };

    /// <summary>More to read.</summary>
    public static Option<bool> Verbose { get; } =
        new("--verbose", "-v") { Description = "Print the options in force, and the stack trace of an error" };

    /// <summary>Heads of a teacher, which not every checkpoint tells.</summary>
    public static Option<int?> TeacherHeads(string name) =>
        OwnCount(name, "Attention heads of the teacher, if its checkpoint does not state them");

    /// <summary>One of several networks in a checkpoint.</summary>
    public static Option<string?> WeightsKey() =>
        new("--weights-key")
        {
            Description =
                "Which network, where the checkpoint holds several (also as MODEL#KEY) [default: averaged weights, then a teacher's]",
            HelpName = "KEY",
        };

    /// <summary>A model with the network that <see cref="WeightsKey"/> names.</summary>
    public static string WithKey(string model, string? key) => key is null ? model : $"{model}#{key}";

    /// <summary>The numeric profile.</summary>
    public static Choice<NumericProfile> Numerics(string description) =>
        new(
            "--numerics",
            description,
            [("native", NumericProfile.Native), ("avx2", NumericProfile.Avx2), ("avx512", NumericProfile.Avx512)]
        );

    /// <summary>What a teacher is computed in.</summary>
    public static Choice<Precision> TeacherPrecision(string name) =>
        new(
            name,
            "What the teacher's blocks are computed in; bf16 is up to twice as fast on a CPU that has it (AVX-512-BF16), with slightly other figures",
            [("float32", Precision.Float32), ("bf16", Precision.BFloat16)]
        );

    /// <summary>Replace outputs.</summary>
    public static Option<bool> Overwrite { get; } = new("--overwrite") { Description = "Replace an earlier output" };

    /// <summary>Go on from an interrupted run.</summary>
    public static Option<bool> Resume { get; } = new("--resume") { Description = "Continue an interrupted run with the same options" };

    /// <summary>Which column of a table names the images.</summary>
    public static Option<string?> PathColumn { get; } =
        new("--path-column")
        {
            Description = "Column of a table that holds the paths [default: path, or another usual name such as file_name]",
            HelpName = "NAME",
        };

    /// <summary>Links as what they lead to.</summary>
    public static Option<bool> FollowLinks { get; } =
        new("--follow-links") { Description = "Follow symbolic links in folders and tables (otherwise they are reported as failed/link)" };

    /// <summary>Images a forward pass or step.</summary>
    public static Option<int> BatchSize(int otherwise) =>
        new("--batch-size")
        {
            Description = "Images per batch",
            HelpName = "N",
            DefaultValueFactory = _ => otherwise,
        };

    /// <summary>What is written.</summary>
    public static Option<string> Output(string description, string helpName) =>
        new Option<string>("--output", "-o")
        {
            Description = description,
            HelpName = helpName,
            Required = true,
        }.NamesAFile();

    /// <summary>Refuses an empty name, and one with a NUL, with a line that names the option.</summary>
    public static Option<T> NamesAFile<T>(this Option<T> option)
    {
        option.Validators.Add(result =>
        {
            if (
                result.Tokens.Count > 0
                && (string.IsNullOrWhiteSpace(result.Tokens[0].Value) || result.Tokens[0].Value.Contains('\0', StringComparison.Ordinal))
            )
                result.AddError(
                    $"{option.Name} '{result.Tokens[0].Value.Replace("\0", "\\0", StringComparison.Ordinal)}': is no name of a file or folder; give one"
                );
        });
        return option;
    }

    /// <summary>A figure whose default is the library's.</summary>
    public static Option<double> Figure(string name, string description, double otherwise) =>
        new(name)
        {
            Description = description,
            HelpName = "X",
            DefaultValueFactory = _ => otherwise,
        };

    /// <summary>A count whose default is the library's.</summary>
    public static Option<int> Count(string name, string description, int otherwise) =>
        new(name)
        {
            Description = description,
            HelpName = "N",
            DefaultValueFactory = _ => otherwise,
        };

    /// <summary>A figure that a run works out for itself where it is left out.</summary>
    public static Option<double?> OwnFigure(string name, string description) => new(name) { Description = description, HelpName = "X" };

    /// <summary>A count that a run works out for itself where it is left out.</summary>
    public static Option<int?> OwnCount(string name, string description) => new(name) { Description = description, HelpName = "N" };

    /// <summary>Going on and starting anew exclude each other.</summary>
    /// <exception cref="UsageException">Both were given.</exception>
    public static void RefuseResumeWithOverwrite(ParseResult parsed)
    {
        if (parsed.GetValue(Resume) && parsed.GetValue(Overwrite))
            throw new UsageException("--resume and --overwrite exclude each other");
    }

    /// <summary>Refuses values below <paramref name="least"/> with a line that names the option.</summary>
    public static Option<T> AtLeast<T>(this Option<T> option, int least)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out int value) && value < least)
                result.AddError($"{option.Name} {value}: must be {least} or more");
        });
        return option;
    }
}
