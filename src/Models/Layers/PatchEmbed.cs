// Pixels to patch tokens.

using DataFreeKD.Models.Inference;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Layers;

/// <summary>The patch projection, kept as the convolution weight <c>proj.weight [D, 3, P, P]</c> that timm stores.</summary>
internal sealed class PatchEmbed : nn.Module
{
    private readonly Affine proj;
    private readonly Affine? norm;
    private readonly double epsilon;
    private readonly int patch;
    private PackedLinear? packed;

    public PatchEmbed(VitConfig config)
        : base(nameof(PatchEmbed))
    {
        (patch, epsilon) = (config.PatchSize, config.LayerNormEpsilon);
        // CLIP's pre-norm takes the bias's place, as in timm.
        proj = new Affine([config.Width, 3, patch, patch], withBias: !config.PreNorm);
        register_module(nameof(proj), proj);
        if (config.EmbedNorm)
            register_module(nameof(norm), norm = new Affine([config.Width], !config.RmsNorm));
    }

    public Affine Projection => proj;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            packed?.Dispose();
        base.Dispose(disposing);
    }

    private Tensor Flat => proj.weight.view(proj.weight.shape[0], -1);

    /// <summary>For inference alone, see <see cref="Affine.Pack"/>.</summary>
    public void Pack(Packing packing)
    {
        packed?.Dispose();
        packed = PackedLinear.TryOf(Flat, proj.bias, packing);
    }

    /// <summary><c>[B, 3, S, S]</c> to <c>[B, N, D]</c>. Stride equals kernel, so the convolution is one matrix product that writes tokens
    /// in their final order.</summary>
    public Tensor Forward(Tensor pixels)
    {
        long batch = pixels.shape[0],
            grid = pixels.shape[2] / patch;
        Tensor patches = pixels
            .view(batch, 3, grid, patch, grid, patch)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(batch, grid * grid, 3L * patch * patch);
        Tensor tokens =
            packed is not null && !is_grad_enabled()
                ? packed.Linear(patches).to(ScalarType.Float32)
                : nn.functional.linear(patches, Flat, proj.bias!);
        return norm is null ? tokens : norm.Norm(tokens, epsilon);
    }
}
