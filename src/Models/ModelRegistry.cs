// Names that a user of timm knows, and free specs, to architectures.

namespace DataFreeKD.Models;

/// <summary>Resolves a SPEC: <c>deit_tiny_patch16_224</c>, ... or <c>vit:img=32,patch=4,dim=96,depth=6,heads=3</c>.</summary>
public static class ModelRegistry
{
    /// <summary>All registered names, sorted.</summary>
    public static IReadOnlyList<string> Names => throw new NotImplementedException();

    /// <summary>The architecture of a name or free spec (keys img, patch, dim, depth, heads, mlp (ratio), classes, distilled, registers, layerscale, noembedclass).</summary>
    /// <exception cref="ModelException">Unknown name (with the nearest ones) or bad key (with the keys that exist).</exception>
    public static VitConfig Resolve(string spec) => throw new NotImplementedException();

    /// <summary>timm's default preprocessing of a registered name; for free specs and unknown names the default of the input size.</summary>
    public static PreprocessingConfig DefaultPreprocessing(string spec) => throw new NotImplementedException();
}
