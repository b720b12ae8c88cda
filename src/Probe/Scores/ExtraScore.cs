// The catalogue of scores that are written when asked for: a score is one file in this folder and one line here.

using static TorchSharp.torch;

namespace DataFreeKD.Probe.Scores;

/// <summary>What a score looks at beside the features and the attention probe.</summary>
[Flags]
public enum ScoreNeeds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A classifier head; without one the column stays empty.</summary>
    Head = 1,

    /// <summary>The attention of all blocks.</summary>
    Rollout = 2,

    /// <summary>The pool's activations, seen before.</summary>
    ReactClip = 4,

    /// <summary>Forward passes of other views.</summary>
    Views = 8,

    /// <summary>A classifier of corrupted copies, learned before.</summary>
    CorruptionModel = 16,

    /// <summary>What the head reads, which an ONNX graph does not give.</summary>
    Features = 32,

    /// <summary>Attention, which Vision Transformers alone have.</summary>
    Attention = 64,

    /// <summary>The weights of the head; without them the column stays empty.</summary>
    HeadWeights = 128,
}

/// <summary>A label-free score beyond those that every table has.</summary>
/// <param name="Column">Its column; of a score of each block, what its number is put behind.</param>
/// <param name="Group">What it is made of: <c>logits</c>, <c>features</c>, <c>attention</c>, <c>views</c> or <c>copies</c>.</param>
/// <param name="Needs">What has to be there.</param>
/// <param name="Compute">From the teacher's answer to <c>[B]</c>, or one of them for each probed block.</param>
public sealed record ExtraScore(string Column, string Group, ScoreNeeds Needs, Func<TeacherAnswer, IEnumerable<Tensor>> Compute)
{
    /// <summary>What stands for every score where scores are named.</summary>
    public const string Everything = "all";

    private static readonly Catalogue<ExtraScore> Scores = new(
        "score",
        score => score.Column,
        new("max_logit", "logits", ScoreNeeds.Head, answer => [MaxLogit.Of(answer.Logits!)]),
        new("margin", "logits", ScoreNeeds.Head, answer => [Margin.Of(answer.Logits!)]),
        new("gen", "logits", ScoreNeeds.Head, answer => [GeneralisedEntropy.Of(answer.Logits!)]),
        new("feature_norm", "features", ScoreNeeds.Features, answer => [FeatureNorm.Of(answer.Features)]),
        new("weight_cosine", "features", ScoreNeeds.Head | ScoreNeeds.Features | ScoreNeeds.HeadWeights, answer =>
            [WeightCosine.Of(answer.Features, answer.Heads)]
        ),
        new("react_energy", "features", ScoreNeeds.Head | ScoreNeeds.Features | ScoreNeeds.HeadWeights | ScoreNeeds.ReactClip, answer =>
            [ReactEnergy.Of(answer.Features, answer.Heads, answer.ReactClip)]
        ),
        new("probe_entropy", "attention", ScoreNeeds.Attention, answer => answer.Probes.Select(RowEntropy.Of)) { OfEachBlock = true },
        new("rollout_entropy", "attention", ScoreNeeds.Attention | ScoreNeeds.Rollout, answer => [RowEntropy.Of(answer.Rollout!)]),
        new("rollout_variance", "attention", ScoreNeeds.Attention | ScoreNeeds.Rollout, answer =>
            [AttentionProbe.Variance(answer.Rollout!)]
        ),
        new("view_agreement", "views", ScoreNeeds.Head | ScoreNeeds.Views, answer => [ViewAgreement.Of(answer.Logits!, answer.Views)]),
        new("view_kl", "views", ScoreNeeds.Head | ScoreNeeds.Views, answer => [ViewDivergence.Of(answer.Logits!, answer.Views)]),
        new("intact", "copies", ScoreNeeds.Features | ScoreNeeds.CorruptionModel, answer => [answer.Intact!])
    );

    /// <summary>Every score, in the order of the columns; those registered last.</summary>
    public static IReadOnlyList<ExtraScore> All => Scores.All;

    /// <summary>Adds a score of your own, which <see cref="TeacherOptions.ExtraScores"/> may then name.</summary>
    /// <param name="score">The score; its column must be new.</param>
    /// <exception cref="ArgumentException">The column is taken, or cannot be a column's name.</exception>
    public static void Register(ExtraScore score)
    {
        ArgumentNullException.ThrowIfNull(score);
        string[] taken = [Everything, .. All.Select(known => known.Group), .. Manifests.Columns.Scores, .. Manifests.Columns.Selection];
        if (taken.Contains(score.Column, StringComparer.OrdinalIgnoreCase))
            throw new ArgumentException(
                $"the score '{score.Column}' cannot be registered: a group or a column of every table has that name",
                nameof(score)
            );
        Scores.Register(score);
    }

    /// <summary>Whether there is a column for each probed block.</summary>
    public bool OfEachBlock { get; init; }

    /// <summary>The scores named by their columns, by their groups or by <see cref="Everything"/>, in the order of
    /// <see cref="All"/>.</summary>
    /// <exception cref="ScoreException">A name is none of them.</exception>
    public static IReadOnlyList<ExtraScore> Named(IReadOnlyList<string> names)
    {
        foreach (string name in names.Where(name => !All.Any(score => score.Bears(name))))
            throw new ScoreException(
                $"Scores {name}: there is no such score; give {Everything}, {string.Join(", ", All.Select(score => score.Group).Distinct())}, or of {string.Join(", ", All.Select(score => score.Column))}"
            )
            {
                Options = [nameof(TeacherOptions.ExtraScores)],
            };
        return [.. All.Where(score => names.Any(score.Bears))];
    }

    /// <summary>The table's columns of it.</summary>
    public IReadOnlyList<string> Columns(IReadOnlyList<int> blocks) =>
        OfEachBlock ? [.. blocks.Select(block => Manifests.Columns.OfBlock(Column, block))] : [Column];

    private bool Bears(string name) => name == Everything || name == Group || name == Column;
}
