// Feature matching through a learned projection (FitNets, 2015; TinyBERT, 2020).

using DataFreeKD.Distiller.Data;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>MSE(F_s·W, F_t) over CLS and patches, one learned W for each pair of layers, layers mapped evenly.</summary>
public sealed class HiddenStates : LossTerm
{
    private readonly IReadOnlyList<(int Student, int Teacher)> layers;
    private readonly ModelPair pair;
    private readonly LossParameter[] projections;

    /// <summary>For a pair of models.</summary>
    /// <param name="weight">Weight in the total.</param>
    /// <param name="pair">Both architectures, with the same number of patches.</param>
    /// <param name="seed">Seed of the projections.</param>
    /// <param name="device">Where they live.</param>
    /// <exception cref="RunException">The patch grids differ.</exception>
    public HiddenStates(double weight, ModelPair pair, long seed, torch.Device device) : base("hidden", weight)
    {
        if (pair.Teacher.Patches != pair.Student.Patches)
            throw new RunException($"hidden-state matching needs the same patches: the teacher has {pair.Teacher.Grid}x{pair.Teacher.Grid}, the student {pair.Student.Grid}x{pair.Student.Grid}; choose the student's img and patch to match, or drop the hidden loss");
        this.pair = pair;
        layers = LayerMap.Evenly(pair.Student.Depth, pair.Teacher.Depth);
        projections = [.. layers.Select((layer, i) => new LossParameter($"hidden.{layer.Student}.weight", Projection(pair.Student.Width, pair.Teacher.Width, seed, i, device), Decay: true))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<int> TeacherBlocks => [.. layers.Select(layer => layer.Teacher)];

    /// <inheritdoc/>
    public override IReadOnlyList<int> StudentBlocks => [.. layers.Select(layer => layer.Student)];

    /// <inheritdoc/>
    public override IReadOnlyList<LossParameter> Parameters => projections;

    /// <summary>Mean squared error over tokens and teacher features, mean over the batch.</summary>
    /// <param name="student">Student tokens <c>[B, T, Ds]</c>.</param>
    /// <param name="teacher">Teacher tokens <c>[B, T, Dt]</c>; no gradient flows to them.</param>
    /// <param name="projection">W <c>[Ds, Dt]</c>.</param>
    /// <param name="weights">Weight of each image <c>[B]</c>; null for 1.</param>
    public static torch.Tensor Loss(torch.Tensor student, torch.Tensor teacher, torch.Tensor projection, torch.Tensor? weights = null) =>
        Reduction.BatchMean((student.matmul(projection) - teacher.detach()).square().mean([1, 2]), weights);

    /// <inheritdoc/>
    public override torch.Tensor Compute(LossInputs inputs)
    {
        torch.Tensor? total = null;
        for (int i = 0; i < layers.Count; i++)
        {
            torch.Tensor student = PatchTokens.ClsAndPatches(inputs.Student.Hidden[layers[i].Student], pair.Student.PrefixTokens, kept: null);
            torch.Tensor teacher = PatchTokens.ClsAndPatches(inputs.Teacher.Hidden[layers[i].Teacher], pair.Teacher.PrefixTokens, inputs.KeptPatches);
            torch.Tensor loss = Loss(student, teacher, projections[i].Value, inputs.Weights);
            total = total is null ? loss : total + loss;
        }
        return total! / layers.Count;
    }

    // Normal of deviation 1/√Ds keeps the features' scale at the start.
    private static torch.Tensor Projection(int from, int to, long seed, int layer, torch.Device device)
    {
        Randomness random = new(seed, Purpose.Projection, layer);
        float[] values = new float[from * to];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(random.NextNormal() / Math.Sqrt(from));
        return torch.tensor(values, [from, to], device: device).requires_grad_(true);
    }
}
