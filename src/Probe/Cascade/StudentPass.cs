// The small network of a cascade, ready to look at images.

using DataFreeKD.Models;
using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.Probe.Cascade;

/// <summary>A student that looks at what its teacher would see.</summary>
internal sealed class StudentPass
{
    // Norms, softmax and copies shrink less than products do: about so large a part of a full pass remains, whatever the width.
    private const double Rest = 0.05;

    private readonly VisionTransformer network;
    private readonly int[] blocks;

    /// <param name="student">Stays the caller's.</param>
    /// <param name="teacher">Whose batches and precision it takes.</param>
    public StudentPass(LoadedModel student, TeacherPass teacher)
    {
        network = student.Model.AsVisionTransformer("cannot be the student of a cascade");
        network.eval();
        network.MoveTo(teacher.Device);
        network.PackForInference(teacher.BatchSize, teacher.Precision);
        // Where depths agree, its blocks tell what the teacher's would.
        blocks = network.Config.Depth == teacher.Depth ? [.. teacher.Blocks] : [.. Enumerable.Range(0, network.Config.Depth)];
    }

    /// <summary>Features <c>[B, F]</c>, float64, on the CPU.</summary>
    public Tensor Features(Tensor pixels) => HostReads.ToHost(CascadeFeatures.OfStudent(TeacherAnswer.Of(network, pixels, blocks)));

    /// <summary>Its work as a share of a teacher's.</summary>
    public double ShareOf(TeacherPass teacher) =>
        Rest + ((1 - Rest) * ModelSummary.Macs(network.Config) / ModelSummary.Macs(teacher.Loaded.Model.Config));
}
