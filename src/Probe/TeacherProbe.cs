// The teacher's figures of single files, for those who need no table.

using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Probe.Scores;

namespace DataFreeKD.Probe;

/// <summary>A loaded teacher that looks at image files: the figures are those that <see cref="ScoreRun"/> writes.</summary>
public sealed class TeacherProbe : IDisposable
{
    private readonly ScoreOptions options;
    private readonly TeacherPass teacher;

    /// <summary>Loads the teacher.</summary>
    /// <param name="options">The teacher, the blocks, the batch size, the workers and the device; the paths in it are not used.</param>
    /// <exception cref="ScoreException">The teacher lacks a block asked for.</exception>
    public TeacherProbe(ScoreOptions options)
    {
        this.options = options;
        teacher = new TeacherPass(options);
        if (teacher.Clips && teacher.ReactClip is null)
        {
            teacher.Dispose();
            throw new ScoreException("react_energy of single files needs the clip of the pool that they are compared with: the pool's provenance has it as react-clip");
        }
        if (teacher.JudgesCopies && teacher.Copies is null)
        {
            teacher.Dispose();
            throw new ScoreException("intact of single files needs the classifier of the pool that they are compared with: the .intact.zip beside the pool's table");
        }
        Columns = [.. teacher.HasHead ? OutputScore.All.Select(score => score.Column) : [], .. teacher.Blocks.Select(Manifests.Columns.ProbeVariance), .. teacher.Blocks.Select(Manifests.Columns.ProbeCosine), .. teacher.ExtraColumns];
    }

    /// <summary>The figures, by their columns of the scores table; those of the logits only where the teacher has a head.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Looks at files.</summary>
    /// <returns>Their figures in the order of <see cref="Columns"/>; null for a file that cannot be scored.</returns>
    public IReadOnlyList<double[]?> Score(IReadOnlyList<string> files, CancellationToken cancel = default)
    {
        IEnumerable<ScoreInput> inputs = ImageInputs.Read(files, cancel: cancel).Select(image => new ScoreInput(image, null));
        return [.. BatchWorkers.Run(teacher.Bounded(inputs), teacher.BatchSize, teacher.Workers, teacher.Score, cancel)
            .SelectMany(batch => batch)
            .Select(image => image.Scores)
            .Select(scores => scores is null ? null : Array.ConvertAll<float, double>([.. scores.Outputs ?? [], .. scores.Variances, .. scores.Cosines, .. scores.Extras], figure => figure))];
    }

    /// <summary>Blocks probed, ascending.</summary>
    public IReadOnlyList<int> Blocks => teacher.Blocks;

    /// <summary>Classes of the teacher's head; 0 without one.</summary>
    public int Classes => teacher.Classes;

    /// <summary>The name of a class; empty where the checkpoint has none.</summary>
    public string ClassName(int prediction) => teacher.ClassName(prediction);

    /// <summary>Looks at files in a way that can be drawn.</summary>
    /// <returns>What it saw, in the files' order; null for a file that cannot be read.</returns>
    public IReadOnlyList<TeacherLook?> Look(IReadOnlyList<string> files, CancellationToken cancel = default)
    {
        List<TeacherLook?> looks = [];
        foreach (ImageInput[] batch in ImageInputs.Read(files, cancel: cancel).Chunk(teacher.BatchSize))
        {
            RgbImage?[] seen = [.. batch.Select(input => input.Bytes is { } bytes && ImageDecoder.Decode(bytes, DecodeLimits.Local).Image is { } image ? teacher.Transform.Apply(image) : null)];
            Queue<TeacherLook> found = new(teacher.Look([.. seen.OfType<RgbImage>()]));
            looks.AddRange(seen.Select(image => image is null ? null : found.Dequeue()));
        }
        return looks;
    }

    /// <summary>Lets the teacher go.</summary>
    public void Dispose() => teacher.Dispose();
}
