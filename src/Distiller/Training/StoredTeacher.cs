// A teacher whose answers were stored: nothing of it is in memory.

using DataFreeKD.Distiller.Caching;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>A cache: outputs only, of known batches only.</summary>
internal sealed class StoredTeacher : TeacherSource
{
    private readonly CacheFile cache;
    private readonly DistillOptions options;
    private torch.Device device = torch.CPU;

    private StoredTeacher(CacheFile cache, DistillOptions options) => (this.cache, this.options) = (cache, options);

    public override string Name => cache.Header.TeacherName;

    public override int Classes => cache.Header.Classes;

    public override int ImageSize => cache.Header.Preprocessing.ImageSize;

    public override long Parameters => cache.Header.TeacherParameters;

    public override Preprocessing Preprocessing => cache.Header.Preprocessing;

    public override IReadOnlyList<string> ClassNames => cache.Header.ClassNames;

    public override IReadOnlyList<string> WeightsPaths => [cache.Path];

    public override IReadOnlyList<ImageModel> Models => [];

    /// <summary>Opens a cache and compares what it was made with; a teacher that the options name beside it is hashed, not
    /// loaded.</summary>
    public static StoredTeacher Open(string path, DistillOptions options, CancellationToken cancel)
    {
        CacheFile cache = CacheFile.Open(path);
        try
        {
            Dictionary<string, string> key = CacheKey.OfOptions(
                options,
                options.SelectionPath,
                cache.Header.Preprocessing.ImageSize,
                cancel
            );
            if (options.Teacher.Length > 0)
                key[CacheKey.Teacher] = CacheKey.OfTeacher(options.Teacher, cancel);
            CacheKey.Check(path, cache.Header.Key, key);
            return new StoredTeacher(cache, options);
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    // Only outputs are stored, so the teacher's shape is nobody's business: a loss that asks for more is refused.
    public override IReadOnlyList<LossTerm> Losses(DistillOptions options, ModelConfig student, torch.Device device)
    {
        IReadOnlyList<LossTerm> losses = RecipeLosses.Of(options, [student], student, device);
        return losses.FirstOrDefault(loss => loss.ReadsTeacherFeatures) is { } loss
            ? throw new DistillException(
                $"the loss {loss.Name} needs the teacher's features, and a cache holds its outputs only; drop Cache, or use losses on outputs (kd, dkd, dist, hard, noise)"
            )
            {
                Options = [nameof(DistillOptions.Cache)],
            }
            : losses;
    }

    public override Recipe OutputRecipe => CacheNotes.OutputRecipe(cache.Header);

    public override IReadOnlyList<string> Notes(Recipe recipe) => CacheNotes.Of(cache.Header, recipe);

    public override void Check(TrainingImages images)
    {
        CacheKey.Check(cache.Path, cache.Header.Key, CacheKey.OfImages(images));
        long wanted = (long)options.StepsFor(images.Train.Length) * options.BatchSize;
        if (wanted > cache.Header.Records)
            throw new DistillException(
                $"{cache.Path} holds {cache.Header.Records:N0} augmented images ({cache.Header.Epochs:0.##} epochs) and this run needs {wanted:N0}; give Steps {cache.Header.Records / options.BatchSize} or fewer, or make a longer cache"
            )
            {
                Options = [nameof(DistillOptions.Steps)],
            };
    }

    public override void MoveTo(torch.Device device, int batch) => this.device = device;

    public override IReadOnlyList<ModelOutput> Outputs(Batch batch, Mixed mixed, IReadOnlyList<ModelCapture> captures)
    {
        float[] logits = new float[batch.Seeds.Length * Classes];
        for (int i = 0; i < batch.Seeds.Length; i++)
            cache.ReadLogits(batch.Start + i, batch.Seeds[i], logits.AsSpan(i * Classes, Classes));
        // The embedding was not stored: a tensor of width 0.
        return
        [
            new ModelOutput
            {
                Logits = Upload.To(torch.tensor(logits, [batch.Seeds.Length, Classes]), device),
                Embedding = torch.empty([batch.Seeds.Length, 0], device: device),
            },
        ];
    }

    public override int[] Decisions(SlotPredictor predictor, int[] slots) => cache.HeldOutDecisions;

    public override void Dispose() => cache.Dispose();
}
