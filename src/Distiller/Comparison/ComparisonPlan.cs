// plan.json of a comparison that several processes do in shards: a shard is a run.

using System.Text.Json;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller.Output;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Comparison;

/// <summary>A recipe of a plan.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Options">The options that decide its results, but for the seed.</param>
internal sealed record PlannedRecipe(string Name, IReadOnlyDictionary<string, string> Options);

/// <summary>What the results of a comparison depend on, but for the files that it reads, whose SHA-256 each run's record has.</summary>
internal sealed record ComparisonPlan
{
    private const string Name = "plan.json";

    private const int ThisForm = 1;

    /// <summary>The form of this file.</summary>
    public int Form { get; init; } = ThisForm;

    /// <summary>Version of the tool.</summary>
    public required string Version { get; init; }

    /// <summary>The numeric profile: <c>native</c>, <c>avx2</c> or <c>avx512</c>.</summary>
    public required string Numerics { get; init; }

    /// <summary>Threads of libtorch: sums of other threads differ in their last digits.</summary>
    public required int Threads { get; init; }

    /// <summary>Recipe that the others are compared with.</summary>
    public required string Baseline { get; init; }

    /// <summary>The recipes, in the tables' order.</summary>
    public required IReadOnlyList<PlannedRecipe> Recipes { get; init; }

    /// <summary>The seeds.</summary>
    public required IReadOnlyList<long> Seeds { get; init; }

    /// <summary>Where the images of each test set are, in the tables' order.</summary>
    public required IReadOnlyDictionary<string, string> Tests { get; init; }

    /// <summary>The plan of these options in this process.</summary>
    public static ComparisonPlan Of(ComparisonOptions options) =>
        new()
        {
            Version = Provenance.ToolVersion,
            Numerics = options.Numerics.Name(),
            Threads = torch.get_num_threads(),
            Baseline = options.Baseline ?? options.Recipes[0].Name,
            Recipes =
            [
                .. options.Recipes.Select(recipe => new PlannedRecipe(
                    recipe.Name,
                    RunOptions.Deciding(recipe.Options, nameof(LoopOptions.Seed))
                )),
            ],
            Seeds = options.Seeds,
            Tests = options.TestSets.ToDictionary(set => set.Name, set => set.Labelled),
        };

    /// <summary>Where the plan lies of a comparison, and its attempts.</summary>
    /// <param name="output">The comparison's folder.</param>
    public static string FolderOf(string output) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(output)) + ".parts";

    /// <summary>The plan in a folder.</summary>
    public static string PathIn(string folder) => Path.Combine(folder, Name);

    /// <summary>Reads the plan of a folder; null where there is none.</summary>
    /// <exception cref="DistillException">It cannot be read.</exception>
    public static ComparisonPlan? Read(string folder)
    {
        string path = PathIn(folder);
        try
        {
            if (ShardJson.ReadStrictly<ComparisonPlan>(path) is not { } plan)
                return null;
            if (plan.Form == ThisForm && !plan.IsWhole())
                throw new JsonException("values are missing.");
            return plan.Form == ThisForm
                ? plan
                : throw new DistillException(
                    $"{path} is of another form ({plan.Form}) than this version's; finish it with version {plan.Version}, or delete {folder}"
                );
        }
        catch (JsonException broken)
        {
            throw new DistillException($"{path} cannot be read as the plan of a comparison: {broken.Message}");
        }
    }

    /// <summary>Puts the plan in its place, unless another process was first.</summary>
    /// <exception cref="DistillException">What lies there is not this tool's.</exception>
    public void Write(string folder)
    {
        if (File.Exists(folder))
            throw new DistillException($"{folder} is a file where the plan of the shards is kept; move it away, or name another output");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).FirstOrDefault(entry => !IsOwn(entry)) is { } foreign)
            throw new DistillException($"{foreign} is in the way: no comparison wrote it; move it away, or name another output");
        Directory.CreateDirectory(Path.Combine(folder, ShardAttempts.Name));
        ShardJson.WriteFirst(PathIn(folder), this);
    }

    /// <summary>Refuses to work by this plan where this process would do other runs, or do them otherwise.</summary>
    /// <param name="own">The plan of this process's options.</param>
    /// <param name="folder">Where it lies.</param>
    /// <exception cref="DistillException">Says what differs.</exception>
    public void Require(ComparisonPlan own, string folder)
    {
        string? other =
            Version != own.Version ? $"was made by version {Version} and this is {own.Version}; run the version of the plan everywhere"
            : Numerics != own.Numerics ? $"is for --numerics {Numerics} and this process is for {own.Numerics}; give --numerics {Numerics}"
            : Threads != own.Threads ? $"is for --threads {Threads} and this process has {own.Threads}; give --threads {Threads}"
            : Difference(own) is { } difference ? $"is of another comparison: {difference}; give the plan's recipes"
            : null;
        if (other is not null)
            throw new DistillException($"{PathIn(folder)} {other}, or delete {folder}: the runs lie elsewhere and stay");
    }

    /// <summary>Removes the plan of a comparison whose tables are written, and what was kept beside it.</summary>
    public static void RemoveOf(ComparisonOptions options)
    {
        string folder = FolderOf(options.Output);
        if (!File.Exists(PathIn(folder)) || Read(folder) is not { } plan || plan.Difference(Of(options)) is not null)
            return;
        // First: without a plan, processes that are still at a shard see that there is nothing left to do.
        File.Delete(PathIn(folder));
        new ShardAttempts(folder).RemoveAll();
        foreach (string file in Directory.EnumerateFiles(folder).Where(IsOwn).ToArray())
            File.Delete(file);
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    private static bool IsOwn(string entry) =>
        Path.GetFileName(entry) is Name or ShardJson.JobName or FailedShards.Name or ShardAttempts.Name || AtomicFile.IsTemporary(entry);

    // JSON may have null in any place.
    private bool IsWhole() =>
        new object?[] { Version, Numerics, Baseline, Recipes, Seeds, Tests }.All(value => value is not null)
        && Recipes.All(recipe => recipe is { Name: not null, Options: not null })
        && Tests.Values.All(path => path is not null);

    private string? Difference(ComparisonPlan own)
    {
        if (!Recipes.Select(recipe => recipe.Name).SequenceEqual(own.Recipes.Select(recipe => recipe.Name)))
            return $"its recipes are {Names(this)} and this process's {Names(own)}";
        if (!Seeds.SequenceEqual(own.Seeds))
            return $"its seeds are {string.Join(", ", Seeds)} and this process's {string.Join(", ", own.Seeds)}";
        if (!Tests.SequenceEqual(own.Tests))
            return $"its test sets are {Sets(this)} and this process's {Sets(own)}";
        if (Baseline != own.Baseline)
            return $"its baseline is {Baseline} and this process's {own.Baseline}";
        foreach ((PlannedRecipe recipe, PlannedRecipe mine) in Recipes.Zip(own.Recipes))
        {
            string? name = recipe
                .Options.Keys.Union(mine.Options.Keys)
                .Order(StringComparer.Ordinal)
                .FirstOrDefault(name => recipe.Options.GetValueOrDefault(name) != mine.Options.GetValueOrDefault(name));
            if (name is not null)
                return $"recipe '{recipe.Name}' has {name} '{recipe.Options.GetValueOrDefault(name)}' there and '{mine.Options.GetValueOrDefault(name)}' here";
        }
        return null;

        static string Names(ComparisonPlan plan) => string.Join(", ", plan.Recipes.Select(recipe => recipe.Name));

        static string Sets(ComparisonPlan plan) => string.Join(", ", plan.Tests.Select(set => $"{set.Key} ({set.Value})"));
    }
}
