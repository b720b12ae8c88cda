// The passes before the first row: a sample of the pool, scored fully, from which the cascade is learned.

using System.Globalization;
using DataFreeKD.Imaging;
using DataFreeKD.Models;

namespace DataFreeKD.Probe.Cascade;

/// <summary>Learns the cascade for one pool.</summary>
internal static class CascadeRun
{
    // A cascade of a small pool may take so large a part of it as its sample, and of the sample to prune a student on.
    private const int PoolForEachOfSample = 16,
        SampleForEachPruned = 4;

    // A basis of few images is theirs alone, however many tokens each has.
    private const int LeastPruned = 100;

    private sealed record Seen(long Place, IReadOnlyList<string?> Row, float[][] Features);

    /// <summary>Deterministic in the images and options.</summary>
    /// <param name="options">Those of the run, with a cascade.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="inputs">The pool.</param>
    /// <param name="columns">The table's columns.</param>
    /// <param name="row">The table's row of an image.</param>
    /// <param name="cancel">Ends the pass.</param>
    /// <returns>The cascade, its student for whoever disposes it, and the sample's rows of the table.</returns>
    /// <exception cref="ScoreException">The table lacks what the ranking reads.</exception>
    public static (CascadeModel Model, LoadedModel? Student, IReadOnlyList<IReadOnlyList<string?>> Sample) Learn(
        ScoreOptions options,
        TeacherPass teacher,
        ScoreInputs inputs,
        IReadOnlyList<string> columns,
        Func<ScoredInput, IReadOnlyList<string?>> row,
        CancellationToken cancel
    )
    {
        CascadeOptions cascade = options.Cascade!;
        (IReadOnlyList<string> read, Func<IReadOnlyList<double[]>, double[]> score) = cascade.Ranking.Bind(columns);
        int[] at = [.. read.Select(column => columns.ToList().IndexOf(column))];
        (HashSet<long> places, long pool) = Drawn(inputs, cascade, cancel);

        bool prunes = cascade.Pruning is not null;
        int pruneOn = cascade.Pruning is { } how
            ? Math.Min(Math.Max(LeastPruned, how.Tokens / teacher.Tokens), places.Count / SampleForEachPruned)
            : 0;
        List<(long Place, MemoryImage Image)> toPrune = new();
        List<Seen> seen = Scored(teacher, Sampled(inputs, places, pruneOn, toPrune, cancel), row, withBlocks: !prunes, cancel);
        double[] scores =
            seen.Count == 0
                ? []
                : score([
                    .. at.Select(column => seen.Select(image => double.Parse(image.Row[column]!, CultureInfo.InvariantCulture)).ToArray()),
                ]);

        CascadeStudent made = prunes ? Pruned(cascade.Pruning!, teacher, toPrune, seen, cancel) : new CascadeStudent(null, null);
        CascadeModel model;
        if (made.Model is { } student)
        {
            // The student answers better on the images that it was made from than on others.
            HashSet<long> known = [.. toPrune.Select(image => image.Place)];
            int[] others = [.. Enumerable.Range(0, seen.Count).Where(i => !known.Contains(seen[i].Place))];
            StudentPass looks = new(student, teacher);
            Dictionary<long, float[]> features = Looked(teacher, looks, inputs, [.. others.Select(i => seen[i].Place)], cancel);
            double share = looks.ShareOf(teacher);
            model = CascadeLearning.Of(
                [CascadeCandidate.OfStudent(share, [.. others.Select(i => features[seen[i].Place])])],
                [.. others.Select(i => scores[i])],
                pool,
                cascade
            );
            model = model with
            {
                Verdict = model.Verdict with { Student = student.Model.Config.Spec, StudentShare = share, PrunedOn = toPrune.Count },
            };
        }
        else
        {
            if (prunes)
            {
                teacher.RequireFirstBlocks(made.Why ?? "");
                seen = Scored(teacher, Sampled(inputs, places, 0, [], cancel), row, withBlocks: true, cancel);
            }
            model = CascadeLearning.Of(
                [
                    .. teacher.CascadeCandidates.Select(
                        (blocks, which) =>
                            CascadeCandidate.OfBlocks(blocks, teacher.Depth, [.. seen.Select(image => image.Features[which])])
                    ),
                ],
                scores,
                pool,
                cascade
            );
            model = model with { Verdict = model.Verdict with { NoStudent = made.Why } };
        }
        return (model with { Teacher = teacher.Identity(options.Teacher, cancel) }, made.Model, [.. seen.Select(image => image.Row)]);
    }

    // The pool is counted first: a sample drawn while it is scored would be scored several times over.
    private static (HashSet<long> Places, long Pool) Drawn(ScoreInputs inputs, CascadeOptions cascade, CancellationToken cancel)
    {
        long pool = inputs.Count(cancel);
        double wanted = Math.Min(cascade.Sample, Math.Max(CascadeOptions.LeastSample, (double)pool / PoolForEachOfSample));
        ulong bound = wanted >= pool ? ulong.MaxValue : (ulong)(wanted / pool * ulong.MaxValue);
        HashSet<long> places = [];
        for (long place = 0; place < pool; place++)
        {
            if (PlaceSample<long>.Key(place) <= bound)
                places.Add(place);
        }
        return (places, pool);
    }

    // The sample's images, of which the first that can be decoded are kept to prune on.
    private static IEnumerable<ScoreInput> Sampled(
        ScoreInputs inputs,
        HashSet<long> places,
        int pruneOn,
        List<(long, MemoryImage)> toPrune,
        CancellationToken cancel
    )
    {
        foreach (ScoreInput input in inputs.Enumerate(cancel).Where(input => places.Contains(input.Place)))
        {
            if (toPrune.Count < pruneOn && input.Image.Bytes is { } bytes)
                toPrune.Add((input.Place, new MemoryImage(input.Image.Path, bytes)));
            yield return input;
        }
    }

    private static List<Seen> Scored(
        TeacherPass teacher,
        IEnumerable<ScoreInput> images,
        Func<ScoredInput, IReadOnlyList<string?>> row,
        bool withBlocks,
        CancellationToken cancel
    )
    {
        List<Seen> seen = new();
        foreach (
            IReadOnlyList<(ScoredInput Image, float[][]? Features)> batch in BatchWorkers.Run(
                teacher.Bounded(images),
                teacher.BatchSize,
                teacher.Workers,
                some => teacher.CascadeSample(some, withBlocks),
                cancel
            )
        )
        {
            cancel.ThrowIfCancellationRequested();
            foreach ((ScoredInput image, float[][]? features) in batch)
            {
                if (features is not null && image.Scores is not null)
                    seen.Add(new Seen(image.Image.Input.Place, row(image), features));
            }
        }
        return seen;
    }

    private static CascadeStudent Pruned(
        CascadePruning pruning,
        TeacherPass teacher,
        List<(long Place, MemoryImage Image)> images,
        List<Seen> seen,
        CancellationToken cancel
    )
    {
        HashSet<long> usable = [.. seen.Select(image => image.Place)];
        images.RemoveAll(image => !usable.Contains(image.Place));
        return images.Count < 2
            ? new CascadeStudent(null, $"{images.Count} images are too few to prune a student on")
            : pruning.Make(teacher.Loaded, [.. images.Select(image => image.Image)], cancel);
    }

    private static Dictionary<long, float[]> Looked(
        TeacherPass teacher,
        StudentPass looks,
        ScoreInputs inputs,
        HashSet<long> places,
        CancellationToken cancel
    )
    {
        Dictionary<long, float[]> features = new();
        foreach (
            IReadOnlyList<(long Place, float[] Features)> batch in BatchWorkers.Run(
                teacher.Bounded(inputs.Enumerate(cancel).Where(input => places.Contains(input.Place))),
                teacher.BatchSize,
                teacher.Workers,
                some => teacher.Glanced(some, looks),
                cancel
            )
        )
        {
            cancel.ThrowIfCancellationRequested();
            foreach ((long place, float[] of) in batch)
                features[place] = of;
        }
        return features;
    }
}
