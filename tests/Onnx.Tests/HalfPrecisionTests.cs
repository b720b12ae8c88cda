// float16 graphs: how far they are from the model, and what they refuse.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Quantisation;
using DataFreeKD.Onnx.Running;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Tests;

public sealed class HalfPrecisionTests(ITestOutputHelper output)
{
    public static TheoryData<string> Forms => OnnxWorld.All;

    [Theory]
    [MemberData(nameof(Forms))]
    public void Every_form_stays_near_the_model(string form)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using LoadedModel model = OnnxWorld.Model(form);
        PixelBatch batch = OnnxWorld.Pixels(model, 3);
        ModelOutput expected = OnnxWorld.Libtorch(model, batch);
        Tensor answer = expected.Logits ?? expected.Embedding;
        using OnnxModel onnx = OnnxModel.Open(OnnxGraph.Float16(model, new GraphOptions()).ToBytes(), 1);

        double error = OnnxWorld.Furthest(
                answer.contiguous(),
                onnx.Run(batch, expected.Logits is null ? OnnxNames.Embedding : OnnxNames.Logits)
            ),
            largest = answer.abs().max().item<float>();

        output.WriteLine($"{error:e2} of {largest:F2}");
        // Not exact, or nothing was rounded; not far, or the wrong thing was.
        Assert.InRange(error / largest, 1e-6, 0.02);
    }

    [Theory]
    [InlineData("one head")]
    [InlineData("resnet:depth=10,img=16,stem=3,width=8,classes=5")]
    public void Weights_are_float16_and_what_goes_in_and_out_is_float32(string form)
    {
        using LoadedModel model = OnnxWorld.Model(form);
        GraphOptions options = new() { Embedding = true };

        GraphProto graph = ModelProto.Parser.ParseFrom(OnnxGraph.Float16(model, options).ToBytes()).Graph;

        Assert.DoesNotContain(graph.Initializer, constant => constant.DataType == (int)TensorProto.Types.Element.Float);
        Assert.Contains(graph.Initializer, constant => constant.DataType == (int)TensorProto.Types.Element.Float16);
        Assert.All(graph.Input.Concat(graph.Output), value =>
            Assert.Equal((int)TensorProto.Types.Element.Float, value.Type.TensorType.ElemType)
        );
        Assert.InRange(OnnxGraph.Float16(model, options).Bytes, 1, OnnxGraph.Float(model, options).Bytes * 0.75);
    }

    [Fact]
    public void Preprocessing_keeps_single_precision()
    {
        using LoadedModel model = OnnxWorld.Model("one head");
        byte[] rgb = new byte[40 * 23 * 3];
        for (int i = 0; i < rgb.Length; i++)
            rgb[i] = (byte)(128 + (100 * Math.Sin(i / 3 % 40 * 0.3) * Math.Cos(i / 120 * 0.2 + i % 3)));
        using OnnxModel whole = OnnxModel.Open(OnnxGraph.Float(model, new GraphOptions { WithPreprocessing = true }).ToBytes(), 1),
            half = OnnxModel.Open(OnnxGraph.Float16(model, new GraphOptions { WithPreprocessing = true }).ToBytes(), 1);

        float[] expected = whole.RunBytes(rgb, 1, 23, 40, OnnxNames.Logits),
            found = half.RunBytes(rgb, 1, 23, 40, OnnxNames.Logits);

        Assert.Equal(expected, found, (a, b) => Math.Abs(a - b) < 0.02 * expected.Max(Math.Abs));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_reach_of_a_model_is_at_least_that_of_what_it_gives(string form)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using LoadedModel model = OnnxWorld.Model(form);
        PixelBatch batch = OnnxWorld.Pixels(model, 2);
        ModelOutput expected = OnnxWorld.Libtorch(model, batch);

        Reach reach = Reach.Of(model, [batch], 1, TestContext.Current.CancellationToken);

        output.WriteLine($"{reach.Tensor} {reach.Value:f2}");
        Assert.True(reach.FitsFloat16);
        Assert.InRange(reach.Value, 0.999f * (expected.Logits ?? expected.Embedding).abs().max().item<float>(), 65504);
    }

    [Fact]
    public void A_figure_that_float16_cannot_hold_is_found_with_its_layer()
    {
        using LoadedModel model = OnnxWorld.Model("one head");
        // Two halves that float16 holds, and their sum that it does not.
        using (no_grad())
        {
            model.Model.StateDict()["cls_token"].fill_(60_000);
            model.Model.StateDict()["blocks.0.mlp.fc2.bias"].fill_(20_000);
        }

        Reach reach = Reach.Of(model, [OnnxWorld.Pixels(model, 2)], 1, TestContext.Current.CancellationToken);

        Assert.False(reach.FitsFloat16);
        Assert.StartsWith("blocks.0", reach.Tensor, StringComparison.Ordinal);
        Assert.InRange(reach.Value, 79_000, 81_000);
    }

    [Fact]
    public void A_weight_beyond_float16_is_refused_by_name()
    {
        using LoadedModel model = OnnxWorld.Model("one head");
        using (no_grad())
            model.Model.StateDict()["blocks.0.mlp.fc2.bias"].fill_(70_000);

        string message = Assert.Throws<OnnxException>(() => OnnxGraph.Float16(model, new GraphOptions())).Message;

        Assert.StartsWith("blocks.0.mlp.fc2.bias holds 7e+04", message, StringComparison.Ordinal);
    }
}
