// The option that names a bucket for plans and parts.

using System.CommandLine;
using DataFreeKD.Storage;
using DataFreeKD.Storage.Parts;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Prefixes where runs in shards keep plan and parts; the service is that of all <c>s3://</c> paths
/// (<see cref="StorageOptionSet"/>).</summary>
internal sealed class PartsOptionSet
{
    private const string Name = "--parts",
        Form = "s3://BUCKET/PREFIX";

    private readonly Func<ParseResult, IEnumerable<string>> given;

    /// <param name="description">What lies there.</param>
    /// <param name="many">Whether several may be named.</param>
    public PartsOptionSet(string description, bool many)
    {
        if (many)
        {
            Option<string[]> several = new(Name) { Description = description, HelpName = Form };
            (Option, given) = (several, parsed => parsed.GetValue(several) ?? []);
        }
        else
        {
            Option<string?> one = new(Name) { Description = description, HelpName = Form };
            (Option, given) = (one, parsed => parsed.GetValue(one) is { } address ? [address] : []);
        }
    }

    /// <summary>The option.</summary>
    public Option Option { get; }

    /// <summary>Whether one is named.</summary>
    public bool IsIn(ParseResult parsed) => given(parsed).Any();

    /// <summary>The one that is named; null for a folder beside the output.</summary>
    /// <exception cref="UsageException">It is no prefix of a bucket.</exception>
    public PartsBucket? In(ParseResult parsed) => AllIn(parsed) is [var bucket, ..] ? bucket : null;

    /// <summary>Those that are named.</summary>
    /// <exception cref="UsageException">One is no prefix of a bucket.</exception>
    public IReadOnlyList<PartsBucket> AllIn(ParseResult parsed) =>
        [
            .. given(parsed)
                .Select(address => new PartsBucket
                {
                    Address = BucketName.Fits(address)
                        ? BucketFolder.Parse(address).ToString()
                        : throw new UsageException(
                            $"{Name} {address}: give {Form}; in a folder, plan and parts lie beside the output and need no option"
                        ),
                }),
        ];
}
