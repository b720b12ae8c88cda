// Every teacher position learns from all student positions (target-aware transformer, TaT).

using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>One-to-all spatial matching of the last blocks' patches. The grids may differ in the paper's form.</summary>
/// <remarks>
/// γ and φ map the student to the teacher's width, each a convolution without bias and a batch normalisation by the batch in hand; θ is the
/// identity and nothing divides by √d, as in the paper.
/// The published code swaps the roles: the student's positions ask, the softmax is over the teacher's positions, and the student's values
/// are taken at those (<c>form=official</c>); it needs equal grids.
/// For large maps <c>groups</c> attends inside the cells of a g×g division only, and <c>anchor</c> averages both maps over a×a cells first;
/// both cut the B·Nt·Ns attention.
/// </remarks>
internal sealed class TargetAwareTransformer : LossTerm
{
    private const double Epsilon = 1e-5;

    /// <summary>Its line of the catalogue.</summary>
    public static LossEntry Entry { get; } =
        new()
        {
            Name = "tat",
            Equation = "mean (Σ_j softmax_j(f_t,i · γ(f_s)_j)·φ(f_s)_j − f_t,i)² over batch, positions and features",
            Source = "TaT, Lin et al., CVPR 2022 (published weight about 0.1)",
            Needs = "form=official: the same patch grid; conv=3, groups, anchor, official: every patch",
            Keys =
            [
                LossKey.Choice("form", "the paper's, or the published code's", "paper", "official"),
                LossKey.Choice("conv", "kernel of γ and φ: 1 (a linear map of tokens) or 3", "1", "3"),
                LossKey.Whole("groups", 1, "patch groups: cells a side that attend apart"),
                LossKey.Whole("anchor", 1, "anchor points: side of the cells that are averaged first"),
            ],
            ComparesImages = _ => true,
            Build = (term, context) => new TargetAwareTransformer(term, context),
        };

    private readonly ModelPair pair;
    private readonly bool official;
    private readonly int kernel,
        groups,
        anchor;
    private readonly LossParameter[] key,
        value;

    private TargetAwareTransformer(RecipeTerm term, LossContext context)
        : base(term)
    {
        pair = context.Pair;
        (official, kernel, groups, anchor) = (
            term.Word("form") == "official",
            term.Whole("conv"),
            term.Whole("groups"),
            term.Whole("anchor")
        );
        if (official)
            PatchTokens.RequireSameGrid(term, pair);
        foreach ((string who, int grid) in (ReadOnlySpan<(string, int)>)[("student", pair.Student.Grid), ("teacher", pair.Teacher.Grid)])
        {
            if (grid % (anchor * groups) != 0)
                throw new DistillException(
                    $"{Name}:anchor={anchor},groups={groups} does not fit: their product must divide the {who}'s grid of {grid}x{grid} patches"
                );
        }
        Layers = [new LayerPair(pair.Student.Depth - 1, pair.Teacher.Depth - 1)];
        (key, value) = (Map("key"), Map("value"));

        LossParameter[] Map(string part)
        {
            long s = pair.Student.Width,
                t = pair.Teacher.Width;
            return
            [
                Learned.Normal($"{Name}.{part}.weight", [t, s, kernel, kernel], 1 / Math.Sqrt(s * kernel * kernel), context),
                Learned.Constant($"{Name}.{part}.scale", [t], 1, context),
                Learned.Constant($"{Name}.{part}.shift", [t], 0, context),
            ];
        }
    }

    /// <inheritdoc/>
    internal override IReadOnlyList<LayerPair> Layers { get; }

    /// <inheritdoc/>
    public override ModelCapture TeacherCapture => new() { HiddenBlocks = [Layers[0].Teacher] };

    /// <inheritdoc/>
    public override ModelCapture StudentCapture => new() { HiddenBlocks = [Layers[0].Student] };

    /// <inheritdoc/>
    public override IReadOnlyList<LossParameter> Parameters => [.. key, .. value];

    /// <inheritdoc/>
    public override bool NeedsEveryPatch => official || kernel > 1 || groups > 1 || anchor > 1;

    /// <summary>The student seen from each teacher position, <c>[B, Nt, D]</c>: Σ_j softmax_j(t_i·k_j)·v_j.</summary>
    /// <param name="teacher">θ(f_t) <c>[B, Nt, D]</c>.</param>
    /// <param name="keys">γ(f_s) <c>[B, Ns, D]</c>.</param>
    /// <param name="values">φ(f_s) <c>[B, Ns, D]</c>.</param>
    public static torch.Tensor Reconfigured(torch.Tensor teacher, torch.Tensor keys, torch.Tensor values) =>
        teacher.matmul(keys.transpose(-2, -1)).softmax(-1).matmul(values);

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs)
    {
        torch.Tensor student = PatchTokens.Patches(inputs.Student.Hidden[Layers[0].Student], pair.Student.PrefixTokens, kept: null);
        torch.Tensor teacher = PatchTokens.Patches(
            inputs.Teacher.Hidden[Layers[0].Teacher].detach(),
            pair.Teacher.PrefixTokens,
            kept: null
        );
        (student, teacher) = (Anchors(student, pair.Student.Grid), Anchors(teacher, pair.Teacher.Grid));
        int studentGrid = pair.Student.Grid / anchor,
            teacherGrid = pair.Teacher.Grid / anchor;
        torch.Tensor keys = Grouped(Mapped(student, studentGrid, key), studentGrid),
            values = Grouped(Mapped(student, studentGrid, value), studentGrid),
            target = Grouped(teacher, teacherGrid);
        // The published code: student positions ask, teacher positions answer, with the student's own values.
        torch.Tensor output = official ? Reconfigured(keys, target, values) : Reconfigured(target, keys, values);
        return Reduction.BatchMean((output - target).square().mean([1, 2, 3]), inputs.Weights);
    }

    // Convolution over the grid (a kernel of 1 needs none), then batch normalisation over images and positions.
    private torch.Tensor Mapped(torch.Tensor tokens, int grid, LossParameter[] map)
    {
        torch.Tensor weight = map[0].Value;
        torch.Tensor mapped =
            kernel == 1
                ? tokens.matmul(weight.view(weight.shape[0], weight.shape[1]).t())
                : torch.nn.functional.conv2d(Spread(tokens, grid), weight, padding: [1, 1]).flatten(2).transpose(1, 2);
        torch.Tensor centred = mapped - mapped.mean([0, 1], keepdim: true);
        torch.Tensor variance = centred.square().mean([0, 1], keepdim: true);
        return (centred / (variance + Epsilon).sqrt() * map[1].Value) + map[2].Value;
    }

    private torch.Tensor Anchors(torch.Tensor tokens, int grid) =>
        anchor == 1 ? tokens : torch.nn.functional.avg_pool2d(Spread(tokens, grid), anchor).flatten(2).transpose(1, 2);

    // [B, N, D] to [B, g², N/g², D].
    private torch.Tensor Grouped(torch.Tensor tokens, int grid)
    {
        if (groups == 1)
            return tokens.unsqueeze(1);
        long batch = tokens.shape[0],
            width = tokens.shape[2],
            side = grid / groups;
        return tokens
            .view(batch, groups, side, groups, side, width)
            .permute(0, 1, 3, 2, 4, 5)
            .reshape(batch, groups * groups, side * side, width);
    }

    private static torch.Tensor Spread(torch.Tensor tokens, int grid) =>
        tokens.transpose(1, 2).reshape(tokens.shape[0], tokens.shape[2], grid, grid);
}
