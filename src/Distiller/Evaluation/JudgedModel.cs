// A model under evaluation: its transform, its clock, its counts.

using System.Diagnostics;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Evaluation;

/// <summary>Runs images through one model in batches.</summary>
internal sealed class JudgedModel : IDisposable
{
    private readonly LoadedModel loaded;
    private readonly torch.Device device;
    private readonly Func<float[], int, float[]>? export;
    private readonly Stopwatch clock = new();
    private readonly bool owned;
    private long forwarded;

    /// <param name="path">The model.</param>
    /// <param name="heads">Heads where the checkpoint does not tell.</param>
    /// <param name="preprocessing">Preprocessing against its own.</param>
    /// <param name="device">Where it is to run.</param>
    /// <param name="export">What computes its logits in its place; see <see cref="EvaluateOptions.Logits"/>.</param>
    public JudgedModel(
        string path,
        int? heads,
        PreprocessingOverride? preprocessing,
        torch.Device device,
        Func<float[], int, float[]>? export = null
    )
        : this(Load(path, heads, preprocessing), path, device, export) => owned = true;

    /// <param name="loaded">The model; whoever loaded it disposes it.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="device">Where it is to run.</param>
    /// <param name="export">What computes its logits in its place.</param>
    public JudgedModel(LoadedModel loaded, string name, torch.Device device, Func<float[], int, float[]>? export = null)
    {
        (this.loaded, this.device, this.export) = (loaded, device, export);
        if (loaded.Model.Config.Classes == 0)
            throw new DistillException($"{name} has no classification head: there is no decision to evaluate");
        loaded.Model.MoveTo(device);
        loaded.Model.eval();
        Transform = loaded.Preprocessing;
        Tally = new Tally(Classes);
        (Parameters, Macs) = (loaded.Model.ParameterCount(), ModelSummary.Macs(loaded.Model.Config));
    }

    public Preprocessing Transform { get; }

    public Tally Tally { get; }

    public long Parameters { get; }

    public long Macs { get; }

    public int Classes => loaded.Model.Config.Classes;

    public IReadOnlyList<string> ClassNames => loaded.ClassNames;

    /// <summary>Speed of forward passes alone. The first batch, which warms caches, is left out where there are more.</summary>
    public double ImagesPerSecond => clock.Elapsed.TotalSeconds > 0 ? forwarded / clock.Elapsed.TotalSeconds : 0;

    /// <summary>Log-probabilities <c>[B, C]</c>, row-major, of normalised pixels <c>[B, 3, S, S]</c>.</summary>
    public float[] Judge(float[] pixels, int images, bool warm) => Outputs(pixels, images, warm, logits => logits.log_softmax(-1));

    /// <summary>Logits <c>[B, C]</c>, row-major, of normalised pixels <c>[B, 3, S, S]</c>.</summary>
    public float[] Logits(float[] pixels, int images) => Outputs(pixels, images, warm: true, logits => logits.contiguous());

    public void Dispose()
    {
        if (owned)
            loaded.Dispose();
    }

    private static LoadedModel Load(string path, int? heads, PreprocessingOverride? preprocessing)
    {
        LoadedModel own = ModelStore.Load(path, heads);
        return preprocessing?.Apply(own) ?? own;
    }

    private float[] Outputs(float[] pixels, int images, bool warm, Func<torch.Tensor, torch.Tensor> finish)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable inference = torch.inference_mode();
        torch.Tensor? input = export is null
            ? torch.tensor(pixels, [images, 3, Transform.ImageSize, Transform.ImageSize], device: device)
            : null;
        if (warm)
            clock.Start();
        torch.Tensor logits = input is null
            ? torch.tensor(export!(pixels, images), [images, Classes])
            : loaded.Model.Run(input, ModelCapture.None).Logits!;
        float[] result = HostReads.Floats(finish(logits));
        clock.Stop();
        if (warm)
            forwarded += images;
        return result;
    }
}
