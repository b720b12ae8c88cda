// What every part of a fit reads: the teacher, the images in batches, the settings.

using DataFreeKD.Distiller.Data;
using DataFreeKD.Models;
using TorchSharp;

namespace DataFreeKD.Distiller.Pruning;

/// <summary>The teacher and the images of a pruning.</summary>
/// <param name="teacher">On <paramref name="device"/>, in eval mode; not changed.</param>
/// <param name="pixels">Where images come from.</param>
/// <param name="slots">The images to fit on.</param>
/// <param name="settings">How.</param>
/// <param name="device">Where to compute.</param>
internal sealed class PruningSource(VisionTransformer teacher, SlotPixels pixels, int[] slots, FitSettings settings, torch.Device device)
{
    // Heads that keep more of their dimensions lose too little for a refit to pay for its time.
    private const int MuchNarrower = 4;

    private readonly IReadOnlyDictionary<string, torch.Tensor> weights = teacher.StateDict();
    private readonly int[][] batches = [.. slots.Chunk(settings.BatchSize)];

    /// <summary>The teacher.</summary>
    public VisionTransformer Teacher => teacher;

    /// <summary>Its blocks.</summary>
    public IReadOnlyList<VitBlock> Steps { get; } = teacher.Steps;

    /// <summary>How to fit.</summary>
    public FitSettings Settings => settings;

    /// <summary>Where to compute.</summary>
    public torch.Device Device => device;

    /// <summary>Told after every batch of every pass.</summary>
    public Action? AfterBatch { get; set; }

    /// <summary>Number of batches.</summary>
    public int Batches => batches.Length;

    /// <summary>Number of images.</summary>
    public int Images => slots.Length;

    /// <summary>Whether a head reads single tokens. Else it reads the mean of the patches, which then all matter alike.</summary>
    public bool ReadsTokens => teacher.Config.Pooling == Pooling.Token;

    /// <summary>How many tokens the heads read, at the front.</summary>
    public long HeadTokens => teacher.Config.Distilled ? 2 : 1;

    /// <summary>Whether more than plain regressions are wanted.</summary>
    public bool Refined => settings.Method == PruneMethod.Refined;

    /// <summary>Whether attention is refitted for a shape.</summary>
    public bool RefitsHeads(VitConfig shape) =>
        Refined && MuchNarrower * (shape.Width / shape.Heads) <= teacher.Config.Width / teacher.Config.Heads;

    /// <summary>Whether the teacher has a weight of this name.</summary>
    public bool Has(string name) => weights.ContainsKey(name);

    /// <summary>A weight of the teacher, float64.</summary>
    public torch.Tensor Weight(string name) => weights[name].to(torch.float64);

    /// <summary>Normalised images of a batch, <c>[B, 3, H, W]</c>.</summary>
    public torch.Tensor PixelsOf(int batch) => pixels.Of(batches[batch]);

    /// <summary>One pass over all batches, each in a scope of its own and without gradients.</summary>
    public void ForEachBatch(Action<int> work, CancellationToken cancel)
    {
        for (int batch = 0; batch < batches.Length; batch++)
        {
            cancel.ThrowIfCancellationRequested();
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable inference = torch.inference_mode();
            work(batch);
            AfterBatch?.Invoke();
        }
    }
}
