// Several networks in memory, each of which sees the same images in its own normalisation.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>Teachers in the order of their numbers. Batches, and the student, are normalised as the first one's.</summary>
internal sealed class SeveralTeachers : TeacherSource
{
    private readonly LiveTeacher[] teachers;
    private (torch.Tensor Scale, torch.Tensor Shift)?[] renormalise;

    /// <summary>Loads them.</summary>
    /// <exception cref="DistillException">One has no classification head, or they do not go together.</exception>
    public SeveralTeachers(IReadOnlyList<string> paths, int? heads, PreprocessingOverride? preprocessing, Precision precision)
    {
        List<LiveTeacher> loaded = [];
        try
        {
            foreach (string path in paths)
            {
                loaded.Add(new LiveTeacher(path, heads, preprocessing, precision));
                if (loaded.Count > 1)
                    RequireSame(paths[0], loaded[0], path, loaded[^1]);
            }
        }
        catch
        {
            loaded.ForEach(teacher => teacher.Dispose());
            throw;
        }
        teachers = [.. loaded];
        renormalise = new (torch.Tensor, torch.Tensor)?[teachers.Length];
    }

    public override string Name => string.Join(", ", teachers.Select(teacher => teacher.Name));

    public override int Classes => teachers[0].Classes;

    public override int ImageSize => teachers[0].ImageSize;

    public override long Parameters => teachers.Sum(teacher => teacher.Parameters);

    public override Preprocessing Preprocessing => teachers[0].Preprocessing;

    public override IReadOnlyList<string> ClassNames => teachers.FirstOrDefault(teacher => teacher.ClassNames.Count > 0)?.ClassNames ?? [];

    public override IReadOnlyList<string> WeightsPaths => [.. teachers.SelectMany(teacher => teacher.WeightsPaths)];

    public override IReadOnlyList<ImageModel> Models => [.. teachers.SelectMany(teacher => teacher.Models)];

    public override IEnumerable<(string Name, string Value)> Facts =>
        teachers.SelectMany((teacher, i) => teacher.Facts.Select(fact => ($"{fact.Name} {i + 1}", fact.Value)));

    public override IReadOnlyList<LossTerm> Losses(DistillOptions options, ModelConfig student, torch.Device device) =>
        RecipeLosses.Of(options, [.. Models.Select(model => model.Config)], student, device);

    public override void Check(TrainingImages images) { }

    public override void MoveTo(torch.Device device, int batch)
    {
        foreach (LiveTeacher teacher in teachers)
            teacher.MoveTo(device, batch);
        renormalise = [.. teachers.Select(teacher => Renormalisation(Preprocessing, teacher.Preprocessing, device))];
    }

    public override IReadOnlyList<ModelOutput> Outputs(Batch batch, Mixed mixed, IReadOnlyList<ModelCapture> captures) =>
        [.. teachers.SelectMany((teacher, i) => teacher.Outputs(batch, mixed with { Pixels = Seen(i, mixed.Pixels) }, [captures[i]]))];

    public override int[] Decisions(SlotPredictor predictor, int[] slots) =>
        predictor.Predict(
            pixels =>
                TeacherMixture.Mean([
                    .. teachers.Select((teacher, i) => teacher.Models[0].Run(Seen(i, pixels), ModelCapture.None).Logits!),
                ]),
            slots
        );

    public override void Dispose()
    {
        foreach (LiveTeacher teacher in teachers)
            teacher.Dispose();
        foreach ((torch.Tensor scale, torch.Tensor shift) in renormalise.OfType<(torch.Tensor, torch.Tensor)>())
        {
            scale.Dispose();
            shift.Dispose();
        }
    }

    /// <summary>Scale and shift <c>[1, 3, 1, 1]</c> from one normalisation to another; null where they are the same. (x − m)/s and (x −
    /// m′)/s′ are affine in each other, so mixed images stay the same mixture.</summary>
    internal static (torch.Tensor Scale, torch.Tensor Shift)? Renormalisation(Preprocessing from, Preprocessing to, torch.Device device)
    {
        if (from.Mean.SequenceEqual(to.Mean) && from.Std.SequenceEqual(to.Std))
            return null;
        return (Channels(c => from.Std[c] / to.Std[c]), Channels(c => (from.Mean[c] - to.Mean[c]) / to.Std[c]));

        torch.Tensor Channels(Func<int, float> value) =>
            torch.tensor([value(0), value(1), value(2)], [1, 3, 1, 1], device: device).DetachFromDisposeScope();
    }

    private torch.Tensor Seen(int teacher, torch.Tensor pixels) =>
        renormalise[teacher] is var (scale, shift) ? (pixels * scale) + shift : pixels;

    private static void RequireSame(string firstPath, LiveTeacher first, string path, LiveTeacher other)
    {
        if (other.Classes != first.Classes)
            throw new DistillException(
                $"{path} has {other.Classes} classes and {firstPath} {first.Classes}; teachers of one student must agree"
            );
        if (
            other.ClassNames.Count > 0
            && !other.ClassNames.SequenceEqual(first.ClassNames)
            && other.ClassNames.Order(StringComparer.Ordinal).SequenceEqual(first.ClassNames.Order(StringComparer.Ordinal))
        )
            throw new DistillException(
                $"{path} and {firstPath} have the same classes in another order; teachers of one student must number them alike"
            );
        if (other.ImageSize != first.ImageSize)
            throw new DistillException(
                $"{path} takes {other.ImageSize}x{other.ImageSize} images and {firstPath} {first.ImageSize}x{first.ImageSize}; teachers of one student must agree: give ImageSize"
            )
            {
                Options = [nameof(PreprocessingOverride.ImageSize)],
            };
        (Preprocessing a, Preprocessing b) = (first.Preprocessing, other.Preprocessing);
        if (!a.CropPct.Equals(b.CropPct) || a.Squash != b.Squash || a.Interpolation != b.Interpolation)
            throw new DistillException(
                $"{path} wants its images {Words(b)} and {firstPath} {Words(a)}; teachers of one student may differ in mean and deviation only: give CropPct and Interpolation"
            )
            {
                Options = [nameof(PreprocessingOverride.CropPct), nameof(PreprocessingOverride.Interpolation)],
            };
    }

    private static string Words(Preprocessing preprocessing) =>
        FormattableString.Invariant(
            $"{(preprocessing.Squash ? "squashed" : $"cropped to {preprocessing.CropPct}")}, {preprocessing.Interpolation.Name()}"
        );
}
