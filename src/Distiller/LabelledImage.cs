// An image in memory with its class.

using DataFreeKD.Imaging;

namespace DataFreeKD.Distiller;

/// <summary>A labelled image, to evaluate a model on.</summary>
/// <param name="Image">The image.</param>
/// <param name="Label">Its class, 0-based, in the model's order.</param>
public sealed record LabelledImage(MemoryImage Image, int Label);
