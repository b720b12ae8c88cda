// A teacher of your own: any network that a program has.

using DataFreeKD.Core;
using DataFreeKD.Models;
using DataFreeKD.Probe;
using DataFreeKD.Probe.Scores;
using static TorchSharp.torch;

namespace DataFreeKD.OwnParts;

/// <summary>Tells images by their mean colour: a linear head over three numbers. In its place stands a module of TorchSharp, an ensemble,
/// or a call of a service.</summary>
internal sealed class ColourTeacher : ITeacher, IDisposable
{
    // A row a class: red, green, blue.
    private readonly LinearHead head = new(8 * eye(3), zeros(3));

    public static Preprocessing Preprocessing { get; } =
        new()
        {
            ImageSize = 32,
            CropPct = 1,
            Mean = [0.5f, 0.5f, 0.5f],
            Std = [0.25f, 0.25f, 0.25f],
        };

    public static string[] ClassNames { get; } = ["red", "green", "blue"];

    public int Classes => ClassNames.Length;

    public int EmbeddingWidth => 3;

    public LinearHead? Head => head;

    public TeacherAnswer Answer(Tensor pixels)
    {
        Tensor colour = pixels.mean([2, 3]);
        return TeacherAnswer.From(colour.matmul(head.Weight.t()) + head.Bias, colour);
    }

    public void Dispose()
    {
        head.Weight.Dispose();
        head.Bias.Dispose();
    }
}
