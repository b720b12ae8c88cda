// A teacher that is there: it looks at every batch itself.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>A network in memory.</summary>
internal sealed class LiveTeacher : TeacherSource
{
    private readonly LoadedModel loaded;
    private readonly string path;
    private readonly Precision precision;

    /// <summary>Loads it.</summary>
    /// <exception cref="DistillException">It has no classification head, or is no Vision Transformer and asked for in bfloat16.</exception>
    public LiveTeacher(string path, int? heads, PreprocessingOverride? preprocessing, Precision precision)
    {
        (this.path, this.precision) = (path, precision);
        LoadedModel own = ModelStore.Load(path, heads);
        loaded = preprocessing?.Apply(own) ?? own;
        string? reason =
            loaded.Model.Config.Classes == 0 ? "has no classification head, so it has nothing to teach by outputs; give a classifier"
            : precision != Precision.Float32 && Model is not VisionTransformer
                ? "is no Vision Transformer, and others compute in float32 alone; leave the teacher's precision out"
            : null;
        if (reason is null)
            return;
        loaded.Dispose();
        throw new DistillException($"{path} {reason}");
    }

    private ImageModel Model => loaded.Model;

    public override string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(path));

    public override int Classes => Model.Config.Classes;

    public override int ImageSize => Model.Config.ImageSize;

    public override long Parameters => Model.ParameterCount();

    public override Preprocessing Preprocessing => loaded.Preprocessing;

    public override IReadOnlyList<string> ClassNames => loaded.ClassNames;

    public override IReadOnlyList<string> WeightsPaths => [loaded.WeightsPath];

    public override IReadOnlyList<ImageModel> Models => [Model];

    public override IReadOnlyList<LossTerm> Losses(DistillOptions options, ModelConfig student, torch.Device device) =>
        RecipeLosses.Of(options, [Model.Config], student, device);

    public override void Check(TrainingImages images) { }

    public override void MoveTo(torch.Device device, int batch)
    {
        Model.MoveTo(device);
        Model.eval();
        if (Model is VisionTransformer vit)
            vit.PackForInference(batch, precision);
    }

    public override IReadOnlyList<ModelOutput> Outputs(Batch batch, Mixed mixed, IReadOnlyList<ModelCapture> captures)
    {
        using IDisposable off = torch.no_grad();
        return [Model.Run(mixed.Pixels, captures[0])];
    }

    public override int[] Decisions(SlotPredictor predictor, int[] slots) => predictor.Predict(Model, slots);

    public override void Dispose() => loaded.Dispose();
}
