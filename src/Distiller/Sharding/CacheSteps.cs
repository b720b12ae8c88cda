// What a cache is made of: the teacher, the images in their batches, and the records of any range of steps.

using System.Diagnostics;
using DataFreeKD.Distiller.Caching;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Sharding;

/// <summary>Asks the teacher. Batches are functions of seed and step, so that the records of steps do not depend on who computes which,
/// or in what order.</summary>
internal sealed class CacheSteps : IDisposable
{
    // A record names a class in 16 bits.
    private const int MostClasses = 1 << 16;

    private const int UsualTopK = 10;

    private readonly CacheOptions options;
    private readonly LiveTeacher teacher;
    private TrainingImages? images;
    private CacheHeader? header;

    /// <summary>Loads the teacher, and hashes it and the selection. No image is read.</summary>
    /// <exception cref="DistillException">A teacher or options that do not fit.</exception>
    /// <exception cref="ModelException">A teacher that cannot be read.</exception>
    public CacheSteps(CacheOptions options, CancellationToken cancel)
    {
        this.options = options;
        Devices.Of(options.Device);
        teacher = new LiveTeacher(options.Teacher, options.TeacherHeads, options.Preprocessing, options.TeacherPrecision);
        try
        {
            if (teacher.Classes > MostClasses)
                throw new DistillException($"{options.Teacher} has {teacher.Classes} classes; a cache holds at most {MostClasses}");
            if (options.TopK > teacher.Classes)
                throw new DistillException($"top-k is {options.TopK} and the teacher has {teacher.Classes} classes: must be at most that");
            OptionsKey = CacheKey.OfOptions(options, options.Selection, teacher.ImageSize, cancel);
            OptionsKey[CacheKey.Teacher] = CacheKey.OfTeacher(options.Teacher, cancel);
            if (options.TeacherPrecision != Precision.Float32)
                OptionsKey["teacher's precision"] = options.TeacherPrecision.ToString();
            // A process that is held to no instructions says nothing of them.
            if (options.Numerics != NumericProfile.Native)
                OptionsKey["numerics"] = options.Numerics.Name();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What teacher, selection and options decide.</summary>
    public Dictionary<string, string> OptionsKey { get; }

    /// <summary>How the teacher wants its images.</summary>
    public Preprocessing Preprocessing => teacher.Preprocessing with { ImageSize = teacher.ImageSize };

    /// <summary>Probabilities kept an image.</summary>
    public int TopK => options.TopK ?? Math.Min(UsualTopK, teacher.Classes);

    /// <summary>SHA-256 of selection and teacher, by path.</summary>
    public IReadOnlyDictionary<string, string> Inputs =>
        new Dictionary<string, string>
        {
            [options.Selection] = OptionsKey["selection (SHA-256)"],
            [teacher.WeightsPaths[0]] = OptionsKey[CacheKey.Teacher],
        };

    /// <summary>What the cache holds; once the images are there.</summary>
    public CacheHeader Header => header ?? throw NotLoaded();

    /// <summary>Steps in all; once the images are there.</summary>
    public int Count => options.StepsFor(Images.Train.Length);

    /// <summary>Images that could not be used, by reason; once the images are there.</summary>
    public IReadOnlyDictionary<string, long> Skipped => Images.Skipped;

    private TrainingImages Images => images ?? throw NotLoaded();

    /// <summary>Decodes the images: a batch may hold any of them.</summary>
    /// <exception cref="DistillException">No image could be used.</exception>
    /// <exception cref="TableException">A selection that cannot be read.</exception>
    public void Load(IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        if (images is not null)
            return;
        SelectionImages selection = SelectionImages.Read(options.Selection, cancel);
        images = new TrainingImages(
            options,
            new ImageList(selection.Paths),
            teacher.Preprocessing,
            teacher.ImageSize,
            options.Selection,
            progress,
            cancel
        );
        Dictionary<string, string> key = new(OptionsKey, StringComparer.Ordinal);
        foreach ((string name, string value) in CacheKey.OfImages(images))
            key[name] = value;
        teacher.MoveTo(Devices.Of(options.Device), options.BatchSize);
        header = new CacheHeader
        {
            Classes = teacher.Classes,
            TopK = TopK,
            Images = images.Train.Length,
            HeldOut = images.HeldOut.Length,
            Records = (long)Count * options.BatchSize,
            Epochs = (double)Count * options.BatchSize / images.Train.Length,
            TeacherName = teacher.Name,
            TeacherParameters = teacher.Parameters,
            Preprocessing = Preprocessing,
            ClassNames = teacher.ClassNames,
            Key = key,
        };
    }

    /// <summary>The teacher's decisions on the held-out images.</summary>
    public int[] Decisions() => teacher.Decisions(new SlotPredictor(Images.Pixels, options.BatchSize), Images.HeldOut);

    /// <summary>Computes the records of the steps <paramref name="from"/> (inclusive) to <paramref name="to"/> (exclusive).</summary>
    /// <param name="from">The first step.</param>
    /// <param name="to">The step behind the last.</param>
    /// <param name="write">Takes the records of one step; they are its own only until it returns.</param>
    /// <param name="progress">Told every step.</param>
    /// <param name="cancel">Stops after the step in hand.</param>
    public void Write(int from, int to, Action<byte[]> write, IProgress<TrainProgress>? progress, CancellationToken cancel)
    {
        CacheRecord record = new(Header.Classes, Header.TopK);
        byte[] records = new byte[options.BatchSize * record.Bytes];
        Stopwatch clock = Stopwatch.StartNew();
        using BatchLoader batches = Images.Batches(from, to);
        for (int step = from; step < to; step++)
        {
            cancel.ThrowIfCancellationRequested();
            using DisposeScope one = torch.NewDisposeScope();
            Batch batch = batches.Next();
            Encode(
                teacher.Outputs(batch, Mixing.Apply(batch.Pixels, options, step), [ModelCapture.None])[0].Logits!,
                batch.Seeds,
                record,
                records
            );
            write(records);
            progress?.Report(
                new TrainProgress
                {
                    Phase = "cache",
                    Done = step + 1,
                    Total = to,
                    Epoch = batch.Epoch,
                    ImagesPerSecond = (step + 1 - from) * (double)options.BatchSize / clock.Elapsed.TotalSeconds,
                }
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        images?.Dispose();
        teacher.Dispose();
    }

    private static void Encode(torch.Tensor logits, ulong[] seeds, CacheRecord record, Span<byte> records)
    {
        if (record.Whole)
        {
            ReadOnlySpan<float> values = HostReads.Floats(logits);
            for (int i = 0; i < seeds.Length; i++)
                CacheRecord.WriteWhole(
                    records.Slice(i * record.Bytes, record.Bytes),
                    seeds[i],
                    values.Slice(i * record.Classes, record.Classes)
                );
            return;
        }
        (torch.Tensor probabilities, torch.Tensor classes) = logits.softmax(-1).topk(record.TopK);
        ReadOnlySpan<float> kept = HostReads.Floats(probabilities);
        ReadOnlySpan<long> indices = HostReads.Longs(classes);
        for (int i = 0; i < seeds.Length; i++)
            CacheRecord.WriteTop(
                records.Slice(i * record.Bytes, record.Bytes),
                seeds[i],
                indices.Slice(i * record.TopK, record.TopK),
                kept.Slice(i * record.TopK, record.TopK)
            );
    }

    private static InvalidOperationException NotLoaded() => new("the images are not loaded");
}
