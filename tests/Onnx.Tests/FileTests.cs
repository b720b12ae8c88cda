// What stands in the file beside the numbers, and what is refused.

using System.Text.Json;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using DataFreeKD.Onnx.Running;

namespace DataFreeKD.Onnx.Tests;

public sealed class FileTests
{
    [Fact]
    public void The_file_tells_how_images_become_pixels_and_logits_become_names()
    {
        using LoadedModel drawn = OnnxWorld.Model("one head");
        using LoadedModel model = drawn with
        {
            Preprocessing = new Preprocessing
            {
                ImageSize = 16,
                CropPct = 0.875,
                Squash = true,
                Interpolation = Interpolation.Bilinear,
                Mean = [0.1f, 0.2f, 0.3f],
                Std = [0.4f, 0.5f, 0.6f],
            },
        };
        using OnnxModel onnx = OnnxModel.Open(OnnxGraph.Float(model, new GraphOptions()).ToBytes(), 1);

        Assert.Equal(model.ClassNames, JsonSerializer.Deserialize<string[]>(onnx.Metadata["class_names"]));
        Assert.Equal(
            ["16", "0.875", "squash", "bilinear", "[0.1,0.2,0.3]", "[0.4,0.5,0.6]", "none", "DataFreeKD"],
            ((string[])["image_size", "crop_pct", "crop_mode", "interpolation", "mean", "std", "quantisation", "producer"]).Select(key =>
                onnx.Metadata[key]
            )
        );
        Assert.NotEqual("", onnx.Metadata["version"]);
    }

    [Fact]
    public void The_same_model_gives_the_same_bytes()
    {
        using LoadedModel model = OnnxWorld.Model("one head");
        Assert.Equal(OnnxGraph.Float(model, new GraphOptions()).ToBytes(), OnnxGraph.Float(model, new GraphOptions()).ToBytes());
    }

    [Theory]
    [InlineData(false, 0.875, Interpolation.Bicubic, 16, 16)]
    [InlineData(false, 0.875, Interpolation.Bilinear, 40, 23)]
    [InlineData(false, 1, Interpolation.Bicubic, 61, 90)]
    [InlineData(true, 1, Interpolation.Bilinear, 33, 17)]
    [InlineData(false, 0.9, Interpolation.Bicubic, 9, 11)]
    public void Preprocessing_in_the_graph_is_that_of_the_toolkit(
        bool squash,
        double crop,
        Interpolation interpolation,
        int width,
        int height
    )
    {
        Preprocessing transform = new()
        {
            ImageSize = 16,
            CropPct = crop,
            Squash = squash,
            Interpolation = interpolation,
        };
        using LoadedModel drawn = OnnxWorld.Model("one head");
        using LoadedModel model = drawn with { Preprocessing = transform };
        using OnnxModel whole = OnnxModel.Open(OnnxGraph.Float(model, new GraphOptions { WithPreprocessing = true }).ToBytes(), 1),
            bare = OnnxModel.Open(OnnxGraph.Float(model, new GraphOptions()).ToBytes(), 1);
        byte[] bytes = new byte[2 * width * height * 3];
        // Smooth, as photographs are: noise would be all rounding.
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)(128 + (100 * Math.Sin(i / 3 % width * 0.3) * Math.Cos(i / 3 / width * 0.2 + i % 3)));
        float[] pixels = new float[2 * 3 * 16 * 16];
        int each = pixels.Length / 2;
        for (int image = 0; image < 2; image++)
            transform.Normalise(
                transform.Apply(new RgbImage(width, height, bytes[(image * bytes.Length / 2)..((image + 1) * bytes.Length / 2)])),
                pixels.AsSpan(image * each, each)
            );

        float[] expected = bare.Run(new PixelBatch(pixels, 2), OnnxNames.Logits),
            found = whole.RunBytes(bytes, 2, height, width, OnnxNames.Logits);

        // A pixel may be one level of 255 off.
        Assert.Equal(expected, found, (a, b) => Math.Abs(a - b) < (width == 16 && height == 16 && crop == 1 ? 1e-5 : 0.02));
    }

    [Theory]
    [InlineData("resnet:depth=10,img=16,stem=3,width=8,classes=5", "ResNet")]
    [InlineData("rednet:depth=26,img=16,stem=3,width=16,classes=5", "RedNet")]
    [InlineData("tinyvit:img=16,stem=1,dims=8/16/24/32,depths=1/1/1/1,heads=1/2/3/4,classes=5", "TinyViT")]
    public void The_probe_of_a_family_without_tokens_is_refused_by_name(string spec, string family)
    {
        using LoadedModel model = OnnxWorld.Model(spec);
        Assert.Contains(
            $"{family}, which has no attention to probe",
            Assert.Throws<OnnxException>(() => OnnxGraph.Float(model, new GraphOptions { ProbeBlocks = [0] })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_block_that_is_not_there_is_refused()
    {
        using LoadedModel model = OnnxWorld.Model("one head");
        Assert.Contains(
            "blocks 0 to 0",
            Assert.Throws<OnnxException>(() => OnnxGraph.Float(model, new GraphOptions { ProbeBlocks = [1] })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Bytes_that_are_no_graph_are_refused()
    {
        Assert.Contains(
            "ONNX Runtime refuses",
            Assert.Throws<OnnxException>(() => OnnxModel.Open([1, 2, 3], 1)).Message,
            StringComparison.Ordinal
        );
    }
}
