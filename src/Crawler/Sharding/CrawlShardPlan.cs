// plan.json of a crawl that several processes do: what it is of, and which site belongs to which partition.

using System.Text.Json;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Manifests;

namespace DataFreeKD.Crawler.Sharding;

/// <summary>What a crawl in partitions depends on.</summary>
internal sealed record CrawlShardPlan
{
    private const string Name = "plan.json";

    private const int ThisForm = 1;

    /// <summary>The form of this file.</summary>
    public int Form { get; init; } = ThisForm;

    /// <summary>Version of the tool.</summary>
    public required string Version { get; init; }

    /// <summary>The sources, and the options that decide rows and politeness.</summary>
    public required IReadOnlyDictionary<string, string> Options { get; init; }

    /// <summary>SHA-256 of the lists, by path.</summary>
    public required IReadOnlyDictionary<string, string> Inputs { get; init; }

    /// <summary>Partitions.</summary>
    public required int Partitions { get; init; }

    /// <summary>Sites that have a partition to themselves, in the order of the partitions.</summary>
    public required IReadOnlyList<string> Alone { get; init; }

    /// <summary>Addresses to fetch, but for the links of pages.</summary>
    public required long Targets { get; init; }

    /// <summary>Where the plan of a store lies, and all that belongs to it.</summary>
    public static string FolderOf(string store) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(store)) + ".parts";

    /// <summary>The plan in a folder.</summary>
    public static string PathIn(string folder) => Path.Combine(folder, Name);

    /// <summary>Reads the plan of a folder; null where there is none.</summary>
    /// <exception cref="CrawlException">It cannot be read.</exception>
    public static CrawlShardPlan? Read(string folder)
    {
        string path = PathIn(folder);
        try
        {
            if (ShardJson.ReadStrictly<CrawlShardPlan>(path) is not { } plan)
                return null;
            if (plan.Form != ThisForm)
                throw new CrawlException(
                    $"{path} is of another form ({plan.Form}) than this version's; finish it with version {plan.Version}, or delete {folder}"
                );
            // JSON may have null in any place.
            return
                plan is { Version: not null, Options: not null, Inputs: not null, Alone: not null, Partitions: > 0 }
                && plan.Alone.Count < plan.Partitions
                ? plan
                : throw new JsonException("values are missing.");
        }
        catch (JsonException broken)
        {
            throw new CrawlException($"{path} cannot be read as the plan of a crawl: {broken.Message}");
        }
    }

    /// <summary>Puts the plan in its place, unless another process was first.</summary>
    public void Write(string folder) => ShardJson.WriteFirst(PathIn(folder), this);

    /// <summary>Refuses to work by this plan where this process would crawl something else, or otherwise.</summary>
    /// <param name="own">The options of this process.</param>
    /// <param name="partitions">The partitions that are asked for; null for any.</param>
    /// <param name="folder">Where the plan lies.</param>
    /// <exception cref="CrawlException">Says what differs.</exception>
    public void Require(IReadOnlyDictionary<string, string> own, int? partitions, string folder)
    {
        string? other =
            Version != Provenance.ToolVersion
                ? $"was made by version {Version} and this is {Provenance.ToolVersion}; run the version of the plan everywhere"
            : partitions is { } asked && asked != Partitions ? $"has {Partitions} partitions and {asked} are asked for; leave it out"
            : Options.Keys.Union(own.Keys).Order(StringComparer.Ordinal).FirstOrDefault(Differs) is { } name
                ? $"is of another crawl: {name} is '{Options.GetValueOrDefault(name)}' there and '{own.GetValueOrDefault(name)}' here; give the plan's sources and options, unchanged"
            : null;
        if (other is not null)
            throw new CrawlException($"{PathIn(folder)} {other}, or delete {folder} to begin anew");

        bool Differs(string name) => Options.GetValueOrDefault(name) != own.GetValueOrDefault(name);
    }
}
