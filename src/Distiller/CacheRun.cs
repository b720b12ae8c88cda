// Caching from end to end: selection and teacher in, one file with what the teacher says of every augmented image out (TinyViT, Wu et al.,
// ECCV 2022, section 3.1).

using System.Diagnostics;
using DataFreeKD.Core.Sharding;
using DataFreeKD.Distiller.Caching;
using DataFreeKD.Distiller.Sharding;
using DataFreeKD.Manifests;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller;

/// <summary>Writes the teacher's outputs on exactly the batches that a training with the same options will see.</summary>
internal static class CacheRun
{
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
        using (IPlanPlace place = CachePlace.Of(options, joins: true, cancel))
        {
            if (!options.Overwrite && CachePlan.Read(place) is var (plan, _))
                return CacheShards.Resume(options, place, plan, held, progress, cancel);
            if (options.Parts is not null)
                throw new DistillException(Unplanned.Reason(place));
        }
        RefuseOccupied(options);
        Provenance.RefuseForeign(options.Output, options.Overwrite || options.Resume);
        CacheWriter.RefuseForeign(options.Output);
        if (options.Overwrite)
            CacheFolder.Remove(CacheFolder.Of(options.Output));
        using DisposeScope scope = torch.NewDisposeScope();
        using CacheSteps steps = new(options, cancel);
        steps.Load(progress, cancel);
        long done = Write(options, held, steps, progress, cancel);
        WriteProvenance(options, steps.Header, steps.Inputs, mixedNumerics: null, clock.Elapsed.TotalSeconds);
        return Summary(options, steps.Header, steps.Skipped, done, clock.Elapsed.TotalSeconds);
    }

    /// <summary>Names what the cache was made of, beside it.</summary>
    /// <param name="options">The run.</param>
    /// <param name="header">What it holds.</param>
    /// <param name="inputs">SHA-256 of what was read, by path.</param>
    /// <param name="mixedNumerics">The instructions, where its parts come from processors of several kinds.</param>
    /// <param name="seconds">Wall seconds.</param>
    internal static void WriteProvenance(
        CacheOptions options,
        CacheHeader header,
        IReadOnlyDictionary<string, string> inputs,
        string? mixedNumerics,
        double seconds
    )
    {
        SortedDictionary<string, string> all = OptionsText.Without([nameof(options.Parts)], options);
        if (mixedNumerics is not null)
            all["numerics"] = mixedNumerics;
        new Provenance
        {
            Version = options.ToolVersion,
            Command = "cache",
            Options = all,
            Seed = options.Seed,
            Inputs = inputs,
            Counts = new Dictionary<string, long>
            {
                ["records"] = header.Records,
                ["train"] = header.Images,
                ["held_out"] = header.HeldOut,
            },
            Seconds = seconds,
        }.WriteBeside(options.Output);
    }

    /// <summary>What a finished cache holds.</summary>
    internal static CacheSummary Summary(
        CacheOptions options,
        CacheHeader header,
        IReadOnlyDictionary<string, long> skipped,
        long done,
        double seconds
    ) =>
        new()
        {
            Output = options.Output,
            Records = header.Records,
            ResumedFrom = done,
            Images = header.Images,
            HeldOutImages = header.HeldOut,
            Epochs = header.Epochs,
            Skipped = skipped,
            Classes = header.Classes,
            TopK = header.TopK,
            BytesPerImage = new CacheRecord(header.Classes, header.TopK).Bytes,
            Bytes = new FileInfo(options.Output).Length,
            Seconds = seconds,
        };

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
        CacheSteps steps,
        IProgress<TrainProgress>? progress,
        CancellationToken cancel
    )
    {
        CacheHeader header = steps.Header;
        int[] decisions = steps.Decisions();
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
        steps.Write((int)(writer.Done / options.BatchSize), steps.Count, records => writer.Write(records), progress, cancel);
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
}
