// The options that set a model's preprocessing against its own config.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Models;

namespace DataFreeKD.Cli.Verbs;

/// <summary>timm's names of what an image goes through before a model.</summary>
internal sealed class PreprocessingOptionSet
{
    private readonly Option<int?> size;
    private readonly Option<double?> crop;
    private readonly Option<string?> interpolation,
        mean,
        std;

    /// <param name="prefix">What stands before the names, e.g. <c>against-</c>.</param>
    /// <param name="whose">Of which model they are, where a verb has two; empty otherwise.</param>
    public PreprocessingOptionSet(string prefix = "", string whose = "")
    {
        string own = $"{whose} [default: the model's own]";
        size = CommonOptions.OwnCount($"--{prefix}img-size", $"Input side, pixels; the position embedding is resampled{own}");
        crop = CommonOptions.OwnFigure($"--{prefix}crop-pct", $"Share of the resized side that the centre crop keeps{own}");
        interpolation = new($"--{prefix}interpolation")
        {
            Description = $"bicubic or bilinear{own}",
            HelpName = "NAME",
            CompletionSources = { "bicubic", "bilinear" },
        };
        mean = new($"--{prefix}mean") { Description = $"Channel means of pixels in [0, 1], e.g. 0.5,0.5,0.5{own}", HelpName = "R,G,B" };
        std = new($"--{prefix}std") { Description = $"Channel standard deviations{own}", HelpName = "R,G,B" };
    }

    /// <summary>All of them, in the order of the help.</summary>
    public Option[] All => [size, crop, interpolation, mean, std];

    /// <summary>What was given; null where nothing was.</summary>
    public PreprocessingOverride? In(ParseResult parsed)
    {
        PreprocessingOverride given = new()
        {
            ImageSize = parsed.GetValue(size),
            CropPct = parsed.GetValue(crop),
            Interpolation = parsed.GetValue(interpolation),
            Mean = Channels(mean, parsed),
            Std = Channels(std, parsed),
        };
        if (given == new PreprocessingOverride())
            return null;
        given.Validate();
        return given;
    }

    private static float[]? Channels(Option<string?> option, ParseResult parsed) =>
        parsed.GetValue(option) is not { } text
            ? null
            :
            [
                .. text.Split(',')
                    .Select(part =>
                        float.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out float value)
                            ? value
                            : throw new UsageException($"{option.Name} {text}: expected three numbers separated by commas")
                    ),
            ];
}
