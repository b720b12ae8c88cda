// The forward pass for people: whole probe rows and probabilities, where the table has one figure of each.

using System.Runtime.InteropServices;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Probe;

internal sealed partial class TeacherPass
{
    /// <summary>Looks at images that <see cref="Transform"/> has resized and cropped.</summary>
    public IReadOnlyList<TeacherView> Look(IReadOnlyList<RgbImage> seen)
    {
        if (seen.Count == 0)
            return [];
        using DisposeScope scope = NewDisposeScope();
        using IDisposable inference = inference_mode();
        int side = Transform.ImageSize,
            length = 3 * side * side;
        Tensor batch = empty(seen.Count, 3, side, side);
        Span<float> pixels = MemoryMarshal.Cast<byte, float>(batch.bytes);
        for (int i = 0; i < seen.Count; i++)
            Transform.Normalise(seen[i], pixels.Slice(i * length, length));
        ModelOutput output = Network.Run(Upload.To(batch, Device), new ModelCapture { ClsRowBlocks = Blocks });

        float[][] probes = [.. Blocks.Select(block => TensorRows.Flat(AttentionProbe.FromClsRows(output.ClsRows[block])))];
        float[]? probabilities = output.Logits is { } logits ? TensorRows.Flat(logits.to(ScalarType.Float64).softmax(-1)) : null;
        int patches = Network.Config.Patches,
            classes = Network.Config.Classes;
        return
        [
            .. seen.Select(
                (image, row) =>
                    new TeacherView(
                        image,
                        Network.Config.Grid,
                        Blocks
                            .Index()
                            .ToDictionary(block => block.Item, block => probes[block.Index][(row * patches)..((row + 1) * patches)]),
                        probabilities?[(row * classes)..((row + 1) * classes)]
                    )
            ),
        ];
    }
}
