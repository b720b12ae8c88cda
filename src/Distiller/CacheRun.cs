// Caching from end to end: selection and teacher in, one file with what the teacher says of every augmented image out (TinyViT, Wu et al.,
// ECCV 2022, section 3.1).

using System.Diagnostics;
using DataFreeKD.Distiller.Caching;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller;

/// <summary>Writes the teacher's outputs on exactly the batches that a training with the same options will see.</summary>
internal static class CacheRun
{
    // A record names a class in 16 bits.
    private const int MostClasses = 1 << 16;

    private const int UsualTopK = 10;

    /// <summary>Runs to the end, or to cancellation, which leaves a file to resume from.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Told every step.</param>
    /// <param name="cancel">Stops after the step in hand.</param>
    /// <exception cref="DistillException">Options, data or teacher that do not fit, in one line.</exception>
    /// <exception cref="OutputException">Another process is writing the output.</exception>
    /// <exception cref="ModelException">A teacher that cannot be read.</exception>
    /// <exception cref="TableException">A selection that cannot be read.</exception>
    public static CacheSummary Execute(CacheOptions options, IProgress<TrainProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        using OutputLock held = OutputLock.Take(options.Output, "cache", Provenance.PathBeside(options.Output));
        Stopwatch clock = Stopwatch.StartNew();
        torch.Device device = Devices.Of(options.Device);
        RefuseOccupied(options);
        Provenance.RefuseForeign(options.Output, options.Overwrite || options.Resume);
        CacheWriter.RefuseForeign(options.Output);
        using DisposeScope scope = torch.NewDisposeScope();
        using LiveTeacher teacher = new(options.Teacher, options.TeacherHeads, options.Preprocessing, options.TeacherPrecision);
        if (teacher.Classes > MostClasses)
            throw new DistillException($"{options.Teacher} has {teacher.Classes} classes; a cache holds at most {MostClasses}");
        if (options.TopK > teacher.Classes)
            throw new DistillException($"top-k is {options.TopK} and the teacher has {teacher.Classes} classes: must be at most that");
        SelectionImages selection = SelectionImages.Read(options.SelectionPath, cancel);
        Dictionary<string, string> key = CacheKey.OfOptions(options, options.SelectionPath, teacher.ImageSize, cancel);
        key[CacheKey.Teacher] = CacheKey.OfTeacher(options.Teacher, cancel);
        if (options.TeacherPrecision != Precision.Float32)
            key["teacher's precision"] = options.TeacherPrecision.ToString();
        using TrainingImages images = new(
            options,
            new ImageList(selection.Paths),
            teacher.Preprocessing,
            teacher.ImageSize,
            options.SelectionPath,
            progress,
            cancel
        );
        foreach ((string name, string value) in CacheKey.OfImages(images))
            key[name] = value;
        teacher.MoveTo(device, options.BatchSize);

        int steps = options.StepsFor(images.Train.Length);
        CacheHeader header = new()
        {
            Classes = teacher.Classes,
            TopK = options.TopK ?? Math.Min(UsualTopK, teacher.Classes),
            Images = images.Train.Length,
            HeldOut = images.HeldOut.Length,
            Records = (long)steps * options.BatchSize,
            Epochs = (double)steps * options.BatchSize / images.Train.Length,
            TeacherName = teacher.Name,
            TeacherParameters = teacher.Parameters,
            Preprocessing = teacher.Preprocessing with { ImageSize = teacher.ImageSize },
            ClassNames = teacher.ClassNames,
            Key = key,
        };
        long done = Write(options, held, header, images, teacher, steps, progress, cancel);
        new Provenance
        {
            Version = options.ToolVersion,
            Command = "cache",
            Options = OptionsText.All(options),
            Seed = options.Seed,
            Inputs = new Dictionary<string, string>
            {
                [options.SelectionPath] = key["selection (SHA-256)"],
                [teacher.WeightsPaths[0]] = key[CacheKey.Teacher],
            },
            Counts = new Dictionary<string, long>
            {
                ["records"] = header.Records,
                ["train"] = header.Images,
                ["held_out"] = header.HeldOut,
            },
            Seconds = clock.Elapsed.TotalSeconds,
        }.WriteBeside(options.Output);
        return new CacheSummary
        {
            Output = options.Output,
            Records = header.Records,
            ResumedFrom = done,
            Images = header.Images,
            HeldOutImages = header.HeldOut,
            Epochs = header.Epochs,
            Skipped = images.Skipped,
            Classes = header.Classes,
            TopK = header.TopK,
            BytesPerImage = new CacheRecord(header.Classes, header.TopK).Bytes,
            Bytes = new FileInfo(options.Output).Length,
            Seconds = clock.Elapsed.TotalSeconds,
        };
    }

    private static void RefuseOccupied(CacheOptions options)
    {
        if (Directory.Exists(options.Output))
            throw new DistillException($"{options.Output} is a folder; name a file");
        if (options.Overwrite || options.Resume)
            return;
        if (File.Exists(options.Output))
            throw new DistillException($"{options.Output} is there already; choose another name, or pass Overwrite to replace it")
            {
                Options = [nameof(CacheOptions.Overwrite)],
            };
        if (File.Exists(CacheWriter.PartOf(options.Output)))
            throw new DistillException(
                $"{CacheWriter.PartOf(options.Output)} is left by an interrupted run; pass Resume to go on or Overwrite to start again"
            )
            {
                Options = [nameof(CacheOptions.Resume), nameof(CacheOptions.Overwrite)],
            };
    }

    // Returns the records that were there already.
    private static long Write(
        CacheOptions options,
        OutputLock held,
        CacheHeader header,
        TrainingImages images,
        LiveTeacher teacher,
        int steps,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        int[] decisions = teacher.Decisions(new SlotPredictor(images.Pixels, options.BatchSize), images.HeldOut);
        if (options.Resume && File.Exists(options.Output) && IsFinished(options.Output, header, decisions))
            return header.Records;
        FreeSpace.Require(
            options.Output,
            header.Records * new CacheRecord(header.Classes, header.TopK).Bytes
                - (
                    options.Resume && File.Exists(CacheWriter.PartOf(options.Output))
                        ? new FileInfo(CacheWriter.PartOf(options.Output)).Length
                        : 0
                )
        );
        using CacheWriter writer = new(options.Output, header, decisions, options.BatchSize, options.Resume);
        CacheRecord record = new(header.Classes, header.TopK);
        byte[] records = new byte[options.BatchSize * record.Bytes];
        int start = (int)(writer.Done / options.BatchSize);
        Stopwatch clock = Stopwatch.StartNew();
        using (BatchLoader batches = images.Batches(start, steps))
        {
            for (int step = start; step < steps; step++)
            {
                cancel.ThrowIfCancellationRequested();
                using DisposeScope scope = torch.NewDisposeScope();
                Batch batch = batches.Next();
                Encode(
                    teacher.Outputs(batch, Mixing.Apply(batch.Pixels, options, step), [ModelCapture.None])[0].Logits!,
                    batch.Seeds,
                    record,
                    records
                );
                writer.Write(records);
                progress?.Report(
                    new TrainProgress
                    {
                        Phase = "cache",
                        Done = step + 1,
                        Total = steps,
                        Epoch = batch.Epoch,
                        ImagesPerSecond = (step + 1 - start) * (double)options.BatchSize / clock.Elapsed.TotalSeconds,
                    }
                );
            }
        }
        held.RefuseAppeared(options.Overwrite);
        writer.Commit();
        return writer.Done;
    }

    private static bool IsFinished(string path, CacheHeader header, int[] decisions)
    {
        using CacheFile file = CacheFile.Open(path);
        CacheKey.Check(path, file.Header.Identity(), header.Identity());
        return file.HeldOutDecisions.AsSpan().SequenceEqual(decisions);
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
}
