// Which of a file's tensors are the network: a dictionary and a prefix.

using System.Text.RegularExpressions;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>One dictionary of tensors within a file.</summary>
/// <param name="Path">Keys that lead to it, joined by dots; empty at the top.</param>
/// <param name="Names">Names of its tensors, as in the file.</param>
internal sealed record TensorDictionary(string Path, IReadOnlyCollection<string> Names);

/// <summary>A network found: where it is, and the names of its tensors in the file by the names without prefix.</summary>
/// <param name="Dictionary">Index of the dictionary.</param>
/// <param name="Prefix">What every name begins with; may be empty.</param>
/// <param name="Names">The file's name of each tensor, by its name without prefix and wrappers.</param>
/// <param name="Left">Names outside the prefix.</param>
/// <param name="Others">Other networks in the file, which this one was preferred to.</param>
internal sealed record FoundNetwork(
    int Dictionary,
    string Prefix,
    IReadOnlyDictionary<string, string> Names,
    IReadOnlyList<string> Left,
    IReadOnlyList<string> Others
)
{
    /// <summary>Where the network is, for people and for <c>--weights-key</c>.</summary>
    public required string Label { get; init; }
}

/// <summary>Looks for names that only a network of a known family has.</summary>
internal static partial class NetworkFinder
{
    // One tensor that every network of a family has and nothing around it.
    private static readonly string[] Anchors =
    [
        "patch_embed.proj.weight",
        "conv_embed.proj.weight",
        "embeddings.patch_embeddings.projection.weight",
        "embeddings.patch_embedding.weight",
        Dinov3Names.Anchor,
        "conv_proj.weight",
        "ln_post.weight",
        "layer1.0.conv1.weight",
        "patch_embed.conv1.conv.weight",
    ];

    // Backbones whose classifier stands outside their own prefix.
    private static readonly string[] Backbones =
    [
        "vit.",
        "deit.",
        "dinov2.",
        "dinov2_with_registers.",
        "beit.",
        "data2vec_vision.",
        "ijepa.",
        "vision_model.",
    ];
    private static readonly string[] HeadsOutside = ["classifier.", "cls_classifier.", "distillation_classifier.", "visual_projection."];

    // In the order of timm's own loader, then by custom.
    private static readonly string[] Customary = ["state_dict", "model", "", "model_state_dict", "net", "module"];

    private sealed record Candidate(int Dictionary, string Path, string Prefix)
    {
        public string Label =>
            Prefix.Length == 0 ? Path
            : Path.Length == 0 ? Prefix.TrimEnd('.')
            : Path + "." + Prefix.TrimEnd('.');
    }

    /// <param name="file">The file, for messages.</param>
    /// <param name="dictionaries">Every dictionary of tensors in it.</param>
    /// <param name="key">The network that the user names, by its label or the beginning of it; null to choose.</param>
    /// <exception cref="ModelException">There is no network, or several with nothing to prefer one by.</exception>
    public static FoundNetwork Find(string file, IReadOnlyList<TensorDictionary> dictionaries, string? key)
    {
        List<Candidate> all =
        [
            .. dictionaries.SelectMany(
                (dictionary, index) => Prefixes(dictionary.Names).Select(prefix => new Candidate(index, dictionary.Path, prefix))
            ),
        ];
        if (all.Count == 0)
            throw new ModelException(
                $"'{file}' was not loaded: it holds no tensors of a network that is known here ({FamilyReader.Supported}); {Holds(dictionaries)}"
            );
        List<Candidate> named = key is null ? all : [.. all.Where(candidate => candidate.Label == key)];
        if (named.Count == 0)
            named = [.. all.Where(candidate => candidate.Label.StartsWith(key + ".", StringComparison.Ordinal))];
        if (named.Count == 0)
            throw new ModelException($"'{file}' holds no network under '{Shown.Of(key!)}'; there is {Labels(all)}");
        Candidate[] best = [.. named.GroupBy(Rank).OrderBy(group => group.Key).First()];
        if (best.Length > 1)
        {
            Candidate[] customary = [.. best.GroupBy(Custom).OrderBy(group => group.Key).First()];
            best = customary is [var only] && Custom(only) < Customary.Length ? customary : best;
        }
        if (best.Length > 1)
            throw new ModelException(
                $"'{file}' holds several networks ({Labels(best)}), and nothing tells which is meant: name one with weightsKey, or as FILE#KEY"
            )
            {
                Options = ["weightsKey"],
            };
        Candidate chosen = best[0];
        (Dictionary<string, string> names, List<string> left) = Inside(file, dictionaries[chosen.Dictionary].Names, chosen.Prefix);
        string[] others = [.. all.Where(candidate => candidate != chosen).Select(Label)];
        if (key is null && Rank(chosen) > 0 && Averages(names, left, chosen.Prefix) is { } averaged)
            return new FoundNetwork(
                chosen.Dictionary,
                averaged.Prefix,
                averaged.Names,
                [.. left.Except(averaged.Names.Values), .. names.Values],
                [Label(chosen), .. others]
            )
            {
                Label = (chosen with { Prefix = averaged.Prefix }).Label,
            };
        return new FoundNetwork(chosen.Dictionary, chosen.Prefix, names, left, others) { Label = chosen.Label };
    }

    // Averages that a module keeps as buffers, whose names can have no dots (LitEma): model_ema.blocks0norm1weight.
    private static (string Prefix, Dictionary<string, string> Names)? Averages(
        Dictionary<string, string> names,
        List<string> left,
        string prefix
    )
    {
        HashSet<string> outside = [.. left];
        foreach (string name in left.Where(name => name.EndsWith("patch_embedprojweight", StringComparison.Ordinal)))
        {
            string under = name[..(name.LastIndexOf('.') + 1)];
            if (Rank(new Candidate(0, "", under)) > 0)
                continue;
            // The average may be of a module around the network.
            for (int start = prefix.Length; start >= 0; start = start > 1 ? prefix.LastIndexOf('.', start - 2) + 1 : start - 1)
            {
                Dictionary<string, string> averaged = names.Keys.ToDictionary(
                    bare => bare,
                    bare => under + (prefix[start..] + bare).Replace(".", "", StringComparison.Ordinal),
                    StringComparer.Ordinal
                );
                if (averaged.Values.All(outside.Contains))
                    return (under, averaged);
            }
        }
        return null;
    }

    private static string Label(Candidate candidate) => candidate.Label.Length == 0 ? "the file's top" : $"'{Shown.Of(candidate.Label)}'";

    private static string Labels(IReadOnlyList<Candidate> candidates) =>
        string.Join(", ", candidates.Take(6).Select(Label)) + (candidates.Count > 6 ? $" and {candidates.Count - 6} more" : "");

    private static string Holds(IReadOnlyList<TensorDictionary> dictionaries)
    {
        string[] names =
        [
            .. dictionaries.SelectMany(dictionary =>
                dictionary.Names.Select(name => dictionary.Path.Length == 0 ? name : dictionary.Path + "." + name)
            ),
        ];
        if (dictionaries.Any(dictionary => dictionary.Path.EndsWith("_parameters", StringComparison.Ordinal)))
            return "it holds a whole module as an object, which is not read: save model.state_dict() instead";
        return names.Length == 0 ? "it holds no state dict" : "it holds " + Shown.List(names);
    }

    private static IEnumerable<string> Prefixes(IEnumerable<string> names) =>
        names.Select(Unwrapped).SelectMany(name => Anchors.Select(anchor => Before(name, anchor))).OfType<string>().Distinct();

    private static string? Before(string name, string anchor)
    {
        if (!name.EndsWith(anchor, StringComparison.Ordinal))
            return null;
        string prefix = name[..^anchor.Length];
        // The decoder of a masked autoencoder and the text towers have none of these; a side network would.
        return prefix.Length == 0 || prefix[^1] == '.' ? prefix : null;
    }

    // Averaged weights are the better network, of DINO's pair the teacher.
    private static int Rank(Candidate candidate)
    {
        string[] words = candidate.Label.Split('.', '_', '-');
        if (words.Any(word => IsAverage(word.ToLowerInvariant())))
            return 0;
        if (words.Any(word => word is "teacher" or "teachers"))
            return 1;
        return words.Any(word => word is "student" or "momentum" or "online") ? 3 : 2;
    }

    private static bool IsAverage(string word) =>
        word is "ema" or "modelema" or "emamodel" or "shadow" or "averaged" or "average" or "avg" or "polyak" or "swa";

    private static int Custom(Candidate candidate)
    {
        int index = Array.IndexOf(Customary, candidate.Label);
        return index < 0 ? Customary.Length : index;
    }

    private static (Dictionary<string, string> Names, List<string> Left) Inside(string file, IEnumerable<string> names, string prefix)
    {
        string? backbone = Backbones.FirstOrDefault(name => prefix == name || prefix.EndsWith("." + name, StringComparison.Ordinal));
        string outer = backbone is null ? "" : prefix[..^backbone.Length];
        // The official RedNet files keep the classifier beside the backbone.
        string? redHead =
            prefix.EndsWith("backbone.", StringComparison.Ordinal) && names.Contains(prefix + "stem.1.conv1.conv.weight")
                ? prefix[..^"backbone.".Length] + "head.fc."
                : null;
        Dictionary<string, string> inside = new(StringComparer.Ordinal);
        List<string> left = [];
        foreach (string name in names)
        {
            string plain = Unwrapped(name);
            string? bare =
                plain.StartsWith(prefix, StringComparison.Ordinal) ? plain[prefix.Length..]
                : backbone is not null
                && plain.StartsWith(outer, StringComparison.Ordinal)
                && HeadsOutside.Any(head => plain.AsSpan(outer.Length).StartsWith(head, StringComparison.Ordinal))
                    ? plain[outer.Length..]
                : redHead is not null && plain.StartsWith(redHead, StringComparison.Ordinal) ? plain[(redHead.Length - "fc.".Length)..]
                : null;
            if (bare is null)
                left.Add(name);
            else if (!inside.TryAdd(bare, name))
                throw new ModelException($"'{file}' holds '{Shown.Of(bare)}' twice, as '{Shown.Of(inside[bare])}' and '{Shown.Of(name)}'");
        }
        return (inside, left);
    }

    // torch.compile, FSDP and checkpointed blocks put words into the middle of names.
    private static string Unwrapped(string name) => Wrapper().Replace(name, string.Empty);

    [GeneratedRegex(@"(?<=^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|_fpw_module)\.", RegexOptions.CultureInvariant)]
    private static partial Regex Wrapper();
}
