// The options that name an engine.

using System.CommandLine;
using DataFreeKD.Fleet;

namespace DataFreeKD.Cli.Verbs;

/// <summary>Address and credentials of an engine.</summary>
internal sealed class EngineOptionSet
{
    private readonly Option<string?> address;
    private readonly Option<string?> credentials = new Option<string?>("--engine-credentials")
    {
        Description =
            $"NATS credentials of the engine (.creds); user:password or a token is read from {EngineOptions.LoginVariable} [default: none]",
        HelpName = "FILE",
    }.NamesAFile();

    /// <param name="description">What the engine is for.</param>
    /// <param name="required">Whether the verb needs one.</param>
    public EngineOptionSet(string description, bool required) =>
        address = new Option<string?>("--engine")
        {
            Description = description,
            HelpName = "nats://HOST:4222",
            Required = required,
        };

    /// <summary>The lease of a verb that coordinates.</summary>
    public static Option<int> Lease() =>
        new Option<int>("--engine-lease")
        {
            Description = "With --engine: seconds after which the shard of a worker that is not heard of goes to another",
            HelpName = "N",
            DefaultValueFactory = _ => 30,
        }.AtLeast(1);

    /// <summary>All, in the order of the help.</summary>
    public Option[] All => [address, credentials];

    /// <summary>Only the credentials, of a verb whose argument is the address.</summary>
    public Option Credentials => credentials;

    /// <summary>Whether an engine is given.</summary>
    public bool IsIn(ParseResult parsed) => parsed.GetValue(address) is not null;

    /// <summary>Refuses credentials without an engine.</summary>
    public void Check(ParseResult parsed)
    {
        if (!IsIn(parsed) && parsed.GetValue(credentials) is not null)
            throw new UsageException("--engine-credentials goes with --engine");
    }

    /// <summary>The engine.</summary>
    /// <exception cref="EngineException">It may not be used so.</exception>
    public EngineOptions In(ParseResult parsed) => At(parsed, parsed.GetValue(address)!);

    /// <summary>The engine at an address.</summary>
    /// <exception cref="EngineException">It may not be used so.</exception>
    public EngineOptions At(ParseResult parsed, string where)
    {
        EngineOptions options = new()
        {
            Address = where,
            Credentials = parsed.GetValue(credentials),
            Login = Environment.GetEnvironmentVariable(EngineOptions.LoginVariable),
        };
        options.Validate();
        return options;
    }
}
