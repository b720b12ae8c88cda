// The training algorithm, from the first step or a checkpoint to the last step.

using System.Diagnostics;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Distiller.Optimisation;
using DataFreeKD.Distiller.Output;
using DataFreeKD.Distiller.Ranks;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Training;

/// <summary>What a loop needs beside the options.</summary>
internal sealed record LoopParts
{
    public required ImageModel Model { get; init; }
    public required Objective Objective { get; init; }
    public required IReadOnlyList<TrainedTensor> Trained { get; init; }
    public required Func<int, int, BatchLoader> Batches { get; init; }
    public required SlotPredictor Predictor { get; init; }
    public required int[] HeldOut { get; init; }
    public required int TrainingImages { get; init; }
    public required RunFolder Folder { get; init; }
    public required string Identity { get; init; }
    public required torch.Device Device { get; init; }
    public required RankGroup Ranks { get; init; }
}

/// <summary>What the loop gave; the model holds its final (averaged) weights.</summary>
internal sealed record LoopResult(
    int Steps,
    bool StoppedEarly,
    int KeptStep,
    int ResumedFrom,
    double FinalLoss,
    double? HeldOut,
    double ImagesPerSecond,
    IReadOnlyList<StageTime> Stages
);

/// <summary>Minimises an objective with AdamW. Of several ranks all take the same steps; the first one logs, evaluates and saves.</summary>
internal sealed class TrainingLoop(LoopParts parts, LoopOptions options, IProgress<TrainProgress>? progress)
{
    private const int BatchColumns = 2; // total loss and gradient norm, before the terms
    private const int Exhausted = 1,
        Cancelled = 2;

    private readonly int steps = options.StepsFor(parts.TrainingImages);
    private int[]? heldOutTargets;
    private double heldOut = double.NaN;

    /// <summary>Runs to the end. On cancellation a checkpoint of the last whole step is left.</summary>
    public LoopResult Run(CancellationToken cancel)
    {
        bool writes = parts.Ranks.Writes;
        BestWeights? best =
            writes && (options.KeepBest == true && parts.HeldOut.Length > 0 || options.Patience > 0)
                ? new BestWeights(parts.Folder.Best, options)
                : null;
        using AdamW optimiser = new(parts.Trained, options);
        using RunningStatistics statistics = new(parts.Model, options.Ema);
        LossScale? scale = options.Amp == MixedPrecision.Float16 ? new LossScale() : null;
        LearningRateSchedule schedule = new(
            options.LearningRate ?? LoopOptions.RateFromRandom,
            options.WarmupSteps ?? Math.Min(500, steps / 10),
            steps
        );
        byte[] fingerprint = Checkpoint.Fingerprint($"{parts.Identity}\nsteps={steps}\n{optimiser.Layout}");
        double[] sums = new double[parts.Objective.Terms.Count + BatchColumns + 1];
        int start = writes && options.Resume ? Checkpoint.Load(parts.Folder.Checkpoint, fingerprint, sums, Restore) : 0;
        start = RankState.Share(parts.Ranks, start, optimiser, scale);
        using RunLog? log = writes
            ? new RunLog(
                parts.Folder.Training,
                ["loss", "gradient_norm", .. parts.Objective.Terms],
                ["loss", .. parts.Objective.Terms, "gradient_norm", "learning_rate", "epoch", parts.Objective.HeldOutName],
                start
            )
            : null;
        if (log is not null)
            sums.CopyTo(log.Sums, 0);
        using PendingFigures? pending = log is null ? null : new PendingFigures(log);
        StageClock stages = parts.Objective.Clock;
        Microbatches? microbatches = Microbatches.Of(options, parts.Ranks.Reducer);
        BatchShare share = microbatches?.ShareOf(options.BatchSize) ?? new BatchShare(0, options.BatchSize);
        StepGradients gradients = new(parts.Objective, parts.Model, [.. optimiser.Leaves], options.Accumulate, stages, microbatches);
        if (best is not null && start == 0)
            best.Offer(0, parts.Model, heldOut = Score());
        parts.Model.train();
        int last = steps;
        Stopwatch clock = Stopwatch.StartNew();
        (double time, int at) reported = (0, start);
        using (BatchLoader batches = parts.Batches(start, steps))
        {
            for (int step = start; step < steps; step++)
            {
                stages.Start();
                int ends = parts.Ranks.Either((best?.Exhausted == true ? Exhausted : 0) | (cancel.IsCancellationRequested ? Cancelled : 0));
                if (parts.Ranks.Several)
                    stages.Mark("reduce");
                if ((ends & Exhausted) != 0)
                {
                    last = step;
                    break;
                }
                if ((ends & Cancelled) != 0)
                {
                    Save(step);
                    // The process that ends first ends the others: none before the checkpoint is there.
                    parts.Ranks.Either(0);
                    cancel.ThrowIfCancellationRequested();
                    throw new RankInterruptedException();
                }
                using DisposeScope scope = torch.NewDisposeScope();
                Batch batch = batches.Next();
                stages.Mark("wait");
                Mixed mixed = Mixing.Apply(batch.Pixels, options, step, batch.PartnerPixels);
                torch.Tensor? kept = parts.Model.Config is VitConfig vit
                    ? KeptPatches.Choose(
                        options.BatchSize,
                        vit.Patches,
                        KeptPatches.ShareDropped(options, step, steps),
                        options.Seed,
                        step,
                        parts.Device
                    )
                    : null;

                if (share.Count < options.BatchSize)
                    kept = kept?.narrow(0, share.First, share.Count);

                StepResult result = gradients.Of(batch, mixed, kept, new StepPosition(step, steps), scale?.Value ?? 1);
                if (scale?.Accepts(result.Gradients, step) != false)
                {
                    torch.Tensor norm = optimiser.Step(result.Gradients, schedule.At(step), step);
                    statistics.Follow(step);
                    pending?.Add(step, [result.Loss.Total, norm, .. result.Loss.Terms]);
                }
                stages.Mark("optimiser");

                int done = step + 1;
                if (done % options.LogEvery == 0 || done == steps)
                    Report(done, batch.Epoch, schedule.At(step));
                stages.Mark("figures");
                bool mark = done == steps || (options.CheckpointEvery > 0 && done % options.CheckpointEvery == 0);
                if (mark)
                    RankState.RequireSame(parts.Ranks, optimiser, done);
                if (mark || best?.Exhausted == true)
                {
                    Save(done);
                    stages.Mark("checkpoint");
                }
            }
        }
        double seconds = clock.Elapsed.TotalSeconds,
            speed = (last - start) * (double)options.BatchSize / seconds;
        if (log is null)
            return new LoopResult(last, last < steps, last, start, double.NaN, null, speed, stages.Stages);
        optimiser.KeepAverage();
        statistics.KeepAverage();
        parts.Model.eval();
        double? score = parts.HeldOut.Length > 0 ? Score() : null;
        int written = last;
        if (options.KeepBest == true && best is not null && score is { } ended && best.Restore(parts.Model, ended) is { } better)
            (written, score) = better;
        return new LoopResult(last, last < steps, written, start, log.Last?.Values["loss"] ?? double.NaN, score, speed, stages.Stages);

        void Save(int done)
        {
            if (log is null || pending is null)
                return;
            pending.Read();
            log.Flush();
            Checkpoint.Save(
                parts.Folder.Checkpoint,
                done,
                fingerprint,
                log.Sums,
                new Dictionary<string, torch.Tensor>(
                    optimiser.State.Concat(statistics.State).Concat(best?.State ?? []).Concat(scale is null ? [] : [scale.State])
                )
            );
        }

        void Restore(IReadOnlyDictionary<string, torch.Tensor> saved)
        {
            optimiser.Load(saved);
            statistics.Load(saved);
            best?.Load(saved);
            scale?.Load(saved);
        }

        void Report(int done, int epoch, double rate)
        {
            if (log is null || pending is null)
                return;
            pending.Read();
            bool scored = ScoresAt(done);
            if (scored)
            {
                optimiser.WithAverage(() =>
                    statistics.WithAverage(() =>
                    {
                        heldOut = Score();
                        best?.Offer(done, parts.Model, heldOut);
                    })
                );
            }
            double now = clock.Elapsed.TotalSeconds,
                speed = (done - reported.at) * (double)options.BatchSize / (now - reported.time);
            reported = (now, done);
            MetricsRow row = log.Write(
                done,
                new Dictionary<string, double>
                {
                    ["learning_rate"] = rate,
                    ["epoch"] = epoch,
                    [parts.Objective.HeldOutName] = scored ? heldOut : double.NaN,
                },
                new Dictionary<string, double> { ["images_per_second"] = speed }
            );
            progress?.Report(
                new TrainProgress
                {
                    Phase = "train",
                    Done = done,
                    Total = steps,
                    Epoch = epoch,
                    Loss = row.Values["loss"],
                    LearningRate = rate,
                    ImagesPerSecond = speed,
                    HeldOut = heldOut,
                    Terms = parts.Objective.Terms.ToDictionary(term => term, term => row.Values[term]),
                }
            );
        }
    }

    // The held-out slice is scored at the first row at or after each mark, and always at the end.
    private bool ScoresAt(int done)
    {
        if (parts.HeldOut.Length == 0)
            return false;
        int every = options.EvaluateEvery ?? Math.Max(1, steps / 10);
        return done == steps || (every > 0 && done / every > Math.Max(0, done - options.LogEvery) / every);
    }

    /// <summary>Share of held-out images on which the model decides as the target says.</summary>
    private double Score()
    {
        heldOutTargets ??= parts.Objective.HeldOutTargets(parts.HeldOut);
        parts.Model.eval();
        int[] decisions = parts.Predictor.Predict(parts.Model, parts.HeldOut);
        parts.Model.train();
        return decisions.Zip(heldOutTargets).Count(pair => pair.First == pair.Second) / (double)decisions.Length;
    }
}
