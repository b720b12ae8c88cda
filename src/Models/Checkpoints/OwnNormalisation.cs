// A network that normalises its images itself: the layer's mean and deviation stand beside its weights.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary><c>normalize.mean</c> and <c>normalize.std</c> outside the network's prefix (adversarially trained networks, detectors): what
/// the data pipeline of such a network leaves out.</summary>
internal static class OwnNormalisation
{
    private static readonly (string Mean, string Std)[] Pairs =
    [
        ("mean", "std"),
        ("mu", "sigma"),
        ("mu", "std"),
        ("means", "stds"),
        ("image_mean", "image_std"),
        ("pixel_mean", "pixel_std"),
        ("img_mean", "img_std"),
        ("_mean", "_std"),
    ];

    /// <summary>The names of its tensors; null where there is none, or more than one.</summary>
    /// <param name="left">Names outside the network.</param>
    public static (string Mean, string Std)? Of(IReadOnlyList<string> left)
    {
        HashSet<string> names = [.. left];
        (string, string)[] found =
        [
            .. left.SelectMany(name =>
                    Pairs
                        .Where(pair => name == pair.Mean || name.EndsWith("." + pair.Mean, StringComparison.Ordinal))
                        .Select(pair => (name, name[..^pair.Mean.Length] + pair.Std))
                )
                .Where(pair => names.Contains(pair.Item2)),
        ];
        return found is [var only] ? only : null;
    }

    /// <summary>What they state, before all others; nothing where they are not of three channels.</summary>
    /// <param name="path">The file, for sources.</param>
    /// <param name="names">Their names in the file.</param>
    /// <param name="mean">The tensors themselves.</param>
    /// <param name="std">The deviation.</param>
    public static Statements State(string path, (string Mean, string Std) names, Tensor mean, Tensor std)
    {
        if (mean.NumberOfElements != 3 || std.NumberOfElements != 3 || !mean.is_floating_point() || !std.is_floating_point())
            return Statements.None;
        return new Statements([Statement("mean", names.Mean, mean), Statement("std", names.Std, std)]);

        Statement Statement(string field, string name, Tensor tensor)
        {
            using DisposeScope scope = NewDisposeScope();
            object[] numbers = [.. tensor.flatten().to(ScalarType.Float64).data<double>().ToArray().Select(number => (object)number)];
            return new(field, numbers, $"the network's own layer '{Shown.Of(name)}' of '{path}'", FactSource.Tensors);
        }
    }
}
