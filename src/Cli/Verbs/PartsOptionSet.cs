// The options that name a bucket for plans and parts.

using System.CommandLine;
using DataFreeKD.Storage;
using DataFreeKD.Storage.Parts;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Address and service of a prefix where runs in shards keep plan and parts.</summary>
internal sealed class PartsOptionSet
{
    private const string Form = "s3://BUCKET/PREFIX";

    private readonly Option parts;
    private readonly Func<ParseResult, IEnumerable<string>> given;
    private readonly Option<string?> endpoint = new("--s3-endpoint")
    {
        Description = "The service of --parts [default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, Amazon's]",
        HelpName = "URL",
    };
    private readonly Option<string?> region = new("--s3-region")
    {
        Description = "Its region [default: AWS_REGION, the profile's, us-east-1]",
        HelpName = "NAME",
    };

    /// <param name="description">What lies there.</param>
    /// <param name="many">Whether several may be named.</param>
    public PartsOptionSet(string description, bool many)
    {
        const string name = "--parts";
        if (many)
        {
            Option<string[]> several = new(name) { Description = description, HelpName = Form };
            (parts, given) = (several, parsed => parsed.GetValue(several) ?? []);
        }
        else
        {
            Option<string?> one = new(name) { Description = description, HelpName = Form };
            (parts, given) = (one, parsed => parsed.GetValue(one) is { } address ? [address] : []);
        }
    }

    /// <summary>All, in the order of the help.</summary>
    public Option[] All => [parts, endpoint, region];

    /// <summary>Whether one is named.</summary>
    public bool IsIn(ParseResult parsed) => given(parsed).Any();

    /// <summary>Refuses what is no prefix of a bucket, and a service without one.</summary>
    /// <exception cref="UsageException">It is.</exception>
    public void Check(ParseResult parsed)
    {
        if (!IsIn(parsed) && (parsed.GetValue(endpoint) ?? parsed.GetValue(region)) is not null)
            throw new UsageException("--s3-endpoint and --s3-region go with --parts");
        AllIn(parsed);
    }

    /// <summary>The one that is named; null for a folder beside the output.</summary>
    public PartsBucket? In(ParseResult parsed) => AllIn(parsed) is [var bucket, ..] ? bucket : null;

    /// <summary>Those that are named.</summary>
    public IReadOnlyList<PartsBucket> AllIn(ParseResult parsed) =>
        [
            .. given(parsed).Select(address => new PartsBucket
            {
                Address = BucketName.Fits(address)
                    ? BucketFolder.Parse(address).ToString()
                    : throw new UsageException(
                        $"--parts {address}: give {Form}; in a folder, plan and parts lie beside the output and need no option"
                    ),
                Service = ServiceIn(parsed),
            }),
        ];

    /// <summary>The service.</summary>
    public BucketOptions ServiceIn(ParseResult parsed) =>
        new() { Endpoint = WebOptionSet.Endpoint(parsed.GetValue(endpoint)), Region = parsed.GetValue(region) };
}
