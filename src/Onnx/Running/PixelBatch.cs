namespace DataFreeKD.Onnx.Running;

/// <summary>Normalised pixels of some images.</summary>
/// <param name="Pixels"><c>[B, 3, S, S]</c>, row-major.</param>
/// <param name="Images">B.</param>
internal sealed record PixelBatch(Memory<float> Pixels, int Images);
