// A teacher that is loaded once and used again and again: on images in memory, streams of them, and files.

using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Models;
using DataFreeKD.Probe.Corruptions;
using DataFreeKD.Probe.Scores;
using DataFreeKD.Probe.Teachers;

namespace DataFreeKD.Probe;

/// <summary>A loaded teacher that scores images: the figures are those that <see cref="ScoreRun"/> writes. One call at a time.</summary>
public sealed class Teacher : IDisposable
{
    private readonly TeacherPass pass;
    private bool fitted;
    private CorruptionFile.Trained? trained;

    /// <summary>Loads the teacher.</summary>
    /// <param name="options">The teacher, the blocks, the scores, the batch size, the workers and the device.</param>
    /// <exception cref="ScoreException">Options that this teacher does not fit.</exception>
    /// <exception cref="ModelException">A model that cannot be read.</exception>
    public Teacher(TeacherOptions options)
        : this(Loaded(options)) { }

    private Teacher(TeacherPass loaded)
    {
        pass = loaded;
        Columns =
        [
            .. pass.HasHead ? OutputScore.All.Select(score => score.Column) : [],
            .. pass.Blocks.Select(Manifests.Columns.ProbeVariance),
            .. pass.Blocks.Select(Manifests.Columns.ProbeCosine),
            .. pass.ExtraColumns,
        ];
    }

    /// <summary>Loads a teacher with the usual options.</summary>
    /// <param name="path">Model directory or checkpoint file.</param>
    /// <exception cref="ModelException">It cannot be read.</exception>
    public static Teacher Load(string path) => new(new TeacherOptions { Teacher = path });

    /// <summary>Makes a teacher of a network that the program has.</summary>
    /// <param name="network">The network; it stays the caller's.</param>
    /// <param name="preprocessing">How it wants its images.</param>
    /// <param name="classNames">A name a class; null where they have none.</param>
    /// <param name="configure">Changes the usual options, as <c>options => options with { Scores = ["margin"] }</c>; those of a file of
    /// weights are refused.</param>
    /// <exception cref="ScoreException">Options, classes or class names that do not fit; while scoring, an answer of another shape than the
    /// network says.</exception>
    public static Teacher From(
        ITeacher network,
        Preprocessing preprocessing,
        IReadOnlyList<string>? classNames = null,
        Func<TeacherOptions, TeacherOptions>? configure = null
    )
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(preprocessing);
        TeacherOptions usual = new() { Teacher = network.GetType().Name };
        TeacherOptions options = configure is null ? usual : configure(usual);
        options.Validate();
        return new Teacher(new TeacherPass(options, new OwnTeacher(network, preprocessing, classNames ?? [], options)));
    }

    /// <summary>The figures of an image by their columns of the scores table; those of the logits only where the teacher has a
    /// head.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Columns of the scores asked for beyond the usual ones.</summary>
    public IReadOnlyList<string> ExtraColumns => pass.ExtraColumns;

    /// <summary>How the teacher sees an image.</summary>
    public Preprocessing Preprocessing => pass.Transform;

    /// <summary>D, the numbers of an embedding; 0 of a teacher that gives logits alone.</summary>
    public int EmbeddingWidth => pass.Width;

    /// <summary>What <c>react_energy</c> clips features at: given by the options or found by <see cref="Fit"/>; null before that.</summary>
    public double? ReactClip => pass.Fit.ReactClip;

    /// <summary>Learns what the scores asked for need of a pool: the clip of <c>react_energy</c>, the classifier of <c>intact</c>. What the
    /// options gave is kept. The same images in the same order make the same figures as <see cref="ScoreRun"/>.</summary>
    /// <param name="pool">The pool, enumerated once for each of the two; a sample of it is used.</param>
    /// <param name="cancel">Stops between batches.</param>
    public void Fit(IEnumerable<MemoryImage> pool, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(pool);
        PoolFit fit = pass.Fit;
        if (pass.Clips && fit.ReactClip is null)
            fit = fit with { ReactClip = ScorePrelude.ReactClip(pass, Places, cancel) };
        if (pass.NeedsCorruptionModel && fit.CorruptionModel is null)
        {
            (CorruptionModel learned, trained) = CorruptionRun.Learn(ScoreOptions.UsualCopySample, pass, Places, cancel);
            fit = fit with { CorruptionModel = learned };
            fitted = true;
        }
        pass.Use(fit);

        IEnumerable<ScoreInput> Places(CancellationToken cancel) => pool.Select((image, place) => Input(image) with { Place = place });
    }

    /// <summary>Writes the classifier that <see cref="Fit"/> learned: <see cref="TeacherOptions.CopyModelPath"/> of other teachers with the
    /// same weights reads it, and so does <c>dfkd score --intact-model</c>.</summary>
    /// <param name="path">A file, which is replaced.</param>
    /// <exception cref="InvalidOperationException">Nothing was learned.</exception>
    public void SaveIntactModel(string path)
    {
        if (!fitted)
            throw new InvalidOperationException("no classifier was learned; ask for the score 'intact' and call Fit");
        CorruptionFile.Save(path, pass.Fit.CorruptionModel!, trained);
    }

    /// <summary>Scores one image.</summary>
    /// <param name="image">The image.</param>
    /// <returns>Its figures, or the reason why there are none.</returns>
    public ScoredImage Score(MemoryImage image) => Score([image])[0];

    /// <summary>Scores images, several batches at a time.</summary>
    /// <param name="images">The images.</param>
    /// <param name="cancel">Stops between batches.</param>
    /// <returns>One result for each image, in the same order; an image that cannot be decoded has its reason.</returns>
    public IReadOnlyList<ScoredImage> Score(IEnumerable<MemoryImage> images, CancellationToken cancel = default) =>
        [.. Stream(images, cancel)];

    /// <summary>Scores images as they arrive. Results come in the images' order, a batch at a time, and the source is read no further ahead
    /// than some batches.</summary>
    /// <param name="images">The images; a source of your own is such a stream.</param>
    /// <param name="cancel">Stops between batches.</param>
    /// <returns>One result for each image; an image that cannot be decoded has its reason.</returns>
    public async IAsyncEnumerable<ScoredImage> ScoreAsync(
        IAsyncEnumerable<MemoryImage> images,
        [EnumeratorCancellation] CancellationToken cancel = default
    )
    {
        ArgumentNullException.ThrowIfNull(images);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Channel<ScoredImage> scored = Channel.CreateBounded<ScoredImage>(pass.BatchSize);
        // Reader and workers of the batches have threads of their own, which may wait for the source.
        Task scoring = Task.Run(() => Feed(scored.Writer, images, stop.Token), CancellationToken.None);
        try
        {
            await foreach (ScoredImage image in scored.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
                yield return image;
        }
        finally
        {
            // The caller may leave early: nothing may run on when the teacher is disposed.
            await stop.CancelAsync().ConfigureAwait(false);
            await scoring.ConfigureAwait(false);
        }
    }

    /// <summary>Scores image files.</summary>
    /// <returns>Their figures in the order of <see cref="Columns"/>; null for a file that cannot be scored.</returns>
    public IReadOnlyList<double[]?> ScoreFiles(IReadOnlyList<string> files, CancellationToken cancel = default)
    {
        IEnumerable<ScoreInput> inputs = ImageInputs.Read(files, cancel: cancel).Select(image => new ScoreInput(image, null));
        return
        [
            .. Batches(inputs, cancel)
                .Select(image => image.Scores)
                .Select(scores =>
                    scores is null
                        ? null
                        : Array.ConvertAll<float, double>(
                            [.. scores.Outputs ?? [], .. scores.Variances, .. scores.Cosines, .. scores.Extras],
                            figure => figure
                        )
                ),
        ];
    }

    /// <summary>Blocks probed, ascending.</summary>
    public IReadOnlyList<int> Blocks => pass.Blocks;

    /// <summary>Classes of the teacher's head; 0 without one.</summary>
    public int Classes => pass.Classes;

    /// <summary>The name of a class; empty where the checkpoint has none.</summary>
    public string ClassName(int prediction) => pass.ClassName(prediction);

    /// <summary>What the teacher attends to in image files, whole, so that it can be drawn.</summary>
    /// <returns>In the files' order; null for a file that cannot be read.</returns>
    internal IReadOnlyList<TeacherView?> Look(IReadOnlyList<string> files, CancellationToken cancel = default)
    {
        List<TeacherView?> looks = [];
        foreach (ImageInput[] batch in ImageInputs.Read(files, cancel: cancel).Chunk(pass.BatchSize))
        {
            RgbImage?[] seen =
            [
                .. batch.Select(input =>
                    input.Bytes is { } bytes && ImageDecoder.Decode(bytes, DecodeLimits.Local).Image is { } image
                        ? pass.Transform.Apply(image)
                        : null
                ),
            ];
            Queue<TeacherView> found = new(pass.Look([.. seen.OfType<RgbImage>()]));
            looks.AddRange(seen.Select(image => image is null ? null : found.Dequeue()));
        }
        return looks;
    }

    /// <summary>Frees the teacher's memory.</summary>
    public void Dispose() => pass.Dispose();

    private static TeacherPass Loaded(TeacherOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new TeacherPass(options);
    }

    private async Task Feed(ChannelWriter<ScoredImage> scored, IAsyncEnumerable<MemoryImage> images, CancellationToken cancel)
    {
        try
        {
            foreach (ScoredImage image in Stream(images.ToBlockingEnumerable(cancel), cancel))
                await scored.WriteAsync(image, cancel).ConfigureAwait(false);
            scored.Complete();
        }
        catch (Exception error)
        {
            scored.Complete(error);
        }
    }

    private IEnumerable<ScoredImage> Stream(IEnumerable<MemoryImage> images, CancellationToken cancel)
    {
        // An image is wanted again with its figures, and is on its way while later ones are read.
        ConcurrentQueue<MemoryImage> underWay = new();
        foreach (ScoredInput scored in Batches(images.Select(image => Input(image, underWay)), cancel))
        {
            underWay.TryDequeue(out MemoryImage? image);
            yield return Result(image!, scored);
        }
    }

    private IEnumerable<ScoredInput> Batches(IEnumerable<ScoreInput> inputs, CancellationToken cancel)
    {
        if (pass.Clips && pass.Fit.ReactClip is null)
            throw new ScoreException(
                "react_energy of single files needs the clip of the pool that they are compared with: the pool's provenance has it as react-clip"
            );
        if (pass.NeedsCorruptionModel && pass.Fit.CorruptionModel is null)
            throw new ScoreException(
                "intact of single files needs the classifier of the pool that they are compared with: the .intact.zip beside the pool's table"
            );
        return BatchWorkers.Run(pass.Bounded(inputs), pass.BatchSize, pass.Workers, pass.Score, cancel).SelectMany(batch => batch);
    }

    private static ScoreInput Input(MemoryImage image, ConcurrentQueue<MemoryImage> underWay)
    {
        ScoreInput input = Input(image);
        underWay.Enqueue(image);
        return input;
    }

    private static ScoreInput Input(MemoryImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return new ScoreInput(new ImageInput(image.Name, image.File ?? [], null), null) { Pixels = image.Pixels };
    }

    private ScoredImage Result(MemoryImage image, ScoredInput scored)
    {
        ScoredImage result = new()
        {
            Image = image,
            Reason = scored.Image.Reason,
            Sha256 = scored.Image.Sha256,
            Width = scored.Image.Width,
            Height = scored.Image.Height,
        };
        if (scored.Scores is not { } scores)
            return result;
        if (scores.Prediction is { } prediction && scores.Outputs is { } outputs)
        {
            result = result with
            {
                Prediction = (int)prediction,
                ClassName = pass.ClassName(prediction),
                Confidence = outputs[OutputScore.PlaceOf("confidence")],
                Entropy = outputs[OutputScore.PlaceOf("entropy")],
                Energy = outputs[OutputScore.PlaceOf("energy")],
                PseudoLabelCrossEntropy = outputs[OutputScore.PlaceOf("pseudo_label_ce")],
            };
        }
        return result with
        {
            Probes = [.. pass.Blocks.Select((block, at) => new ProbeScore(block, scores.Variances[at], scores.Cosines[at]))],
            Extras = pass
                .ExtraColumns.Select((column, at) => (column, scores.Extras[at]))
                .ToDictionary(pair => pair.column, pair => (double)pair.Item2, StringComparer.Ordinal),
            Embedding = scores.Embedding ?? [],
        };
    }
}
