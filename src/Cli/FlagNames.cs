// What the libraries call by its property, the command calls by its flag.

using System.Text.RegularExpressions;

namespace DataFreeKD.Cli;

/// <summary>Puts flags in the place of the properties that a library's message names.</summary>
internal static partial class FlagNames
{
    // Flags that are not their property in lower case, with hyphens. One name may stand for different flags of two verbs.
    private static readonly Dictionary<string, string> Others = new(StringComparer.Ordinal)
    {
        ["NearDuplicateRadius"] = "--near-duplicates",
        ["NearDuplicatesLater"] = "--near-duplicates",
        ["CrawlException.ImagesPerShard"] = "--shards",
        ["PackException.ImagesPerShard"] = "--shard-size",
        ["Workers"] = "--threads",
        ["Steering"] = "--steer-by",
        ["Endpoint"] = "--s3-endpoint",
        ["Region"] = "--s3-region",
        ["Anonymous"] = "--s3-anonymous",
        ["CopySample"] = "--intact-sample",
        ["Budget"] = "--cascade-budget",
        ["CascadeModelPath"] = "--cascade-model",
        ["EmbeddingsPath"] = "--embeddings",
        ["ImageSize"] = "--img-size",
        ["AllowedNetworks"] = "--allow-network",
        ["Columns.Url"] = "--url-column",
        ["FurtherTeachers"] = "--teacher",
        ["Audit"] = "--advise",
        ["Share"] = "--shard",
        ["ScoreException.Size"] = "--shard-size",
        ["EngineException.Address"] = "--engine",
        ["EngineException.Credentials"] = "--engine-credentials",
    };

    /// <summary>The flags that their property's name does not tell.</summary>
    public static IEnumerable<string> Irregular => Others.Values;

    /// <summary>The message for a user of the command.</summary>
    public static string MessageOf(Exception failure)
    {
        string message = failure.Message;
        if (failure is not DataFreeKDException refused)
            return message;
        foreach (string name in refused.Options)
        {
            string flag = Others.GetValueOrDefault($"{failure.GetType().Name}.{name}") ?? Of(name);
            // A word of its own, not a part of a path.
            message = Regex.Replace(message, $@"(?<![\w./\\-]){Regex.Escape(name)}(?![\w/\\-]|\.\w)", flag);
        }
        return message;
    }

    /// <summary>The flag of a property.</summary>
    public static string Of(string property) =>
        Others.GetValueOrDefault(property) ?? "--" + Hump().Replace(property, "-").ToLowerInvariant();

    [GeneratedRegex("(?<=[a-z0-9])(?=[A-Z])")]
    private static partial Regex Hump();
}
