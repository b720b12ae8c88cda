// int8 graphs: how far they may be from the model, and what their parts promise.

using DataFreeKD.Models;
using DataFreeKD.Onnx.Format;
using DataFreeKD.Onnx.Quantisation;
using DataFreeKD.Onnx.Running;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Onnx.Tests;

public sealed class QuantisationTests(ITestOutputHelper output)
{
    public static TheoryData<string> Forms => OnnxWorld.All;

    [Theory]
    [MemberData(nameof(Forms))]
    public void Int8_stays_near_the_model_in_every_form(string form)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using LoadedModel model = OnnxWorld.Model(form);
        PixelBatch batch = OnnxWorld.Pixels(model, 16);
        ModelOutput expected = OnnxWorld.Libtorch(model, batch);
        Tensor answer = expected.Logits ?? expected.Embedding;
        string name = expected.Logits is null ? OnnxNames.Embedding : OnnxNames.Logits;
        double largest = answer.abs().max().item<float>();

        Dictionary<string, OnnxGraph> graphs = new() { ["dynamic"] = OnnxGraph.DynamicInt8(model, new GraphOptions()) };
        foreach (RangeRule rule in Enum.GetValues<RangeRule>())
        {
            foreach (
                ActivationType type in (ActivationType[])(
                    rule == RangeRule.LeastError ? [ActivationType.QUInt8, ActivationType.QInt8] : [ActivationType.QUInt8]
                )
            )
                graphs.Add(
                    $"static, {rule}, {type}",
                    OnnxGraph.StaticInt8(
                        model,
                        new GraphOptions(),
                        Calibration.Of(model, [batch], rule, type, 1, TestContext.Current.CancellationToken)
                    )
                );
        }
        foreach ((string kind, OnnxGraph graph) in graphs)
        {
            bool signed = kind.EndsWith($" {nameof(ActivationType.QInt8)}", StringComparison.Ordinal);
            // Weights of the whole range saturate on a processor without VNNI: what they are meant to give is computed in floating point.
            using OnnxModel onnx = OnnxModel.Open(
                graph.ToBytes(),
                1,
                signed ? GraphOptimizationLevel.ORT_DISABLE_ALL : GraphOptimizationLevel.ORT_ENABLE_ALL
            );
            double error = OnnxWorld.Furthest(answer.contiguous(), onnx.Run(batch, name));
            output.WriteLine($"{kind}: {error:e2} of {largest:F2}");
            // Not exact, or nothing was quantised; not far, or the wrong thing was. What a ReLU gives has half of the signed steps.
            Assert.InRange(error, 1e-5, (signed ? 0.25 : 0.1) * largest);
        }
    }

    [Theory]
    [InlineData(Int8Weight.Full)]
    [InlineData(Int8Weight.Reduced)]
    public void Weights_are_off_by_half_a_step_of_their_own_channel_at_most(int most)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator draw = new(5);
        Tensor weight = randn([7, 33], generator: draw) * torch.pow(10, linspace(-3, 3, 7)).unsqueeze(1);
        weight[3].zero_();

        Int8Weight quantised = Int8Weight.Of(weight, most);

        Tensor scales = tensor(quantised.Scales).unsqueeze(1);
        Tensor back = tensor(quantised.Values.Select(value => (float)value).ToArray(), [7, 33]) * scales;
        Assert.True(((back - weight).abs() <= scales * 0.5001).all().item<bool>());
        Assert.True(back[3].eq(0).all().item<bool>());
    }

    [Theory]
    [InlineData(false, 64)]
    [InlineData(true, 127)]
    public void Products_of_the_default_fit_sixteen_bits(bool fullRange, int most)
    {
        using DisposeScope scope = NewDisposeScope();
        using LoadedModel model = OnnxWorld.Model("epsilon");
        GraphOptions options = new() { FullRange = fullRange };

        foreach (OnnxGraph graph in new[] { OnnxGraph.DynamicInt8(model, options), OnnxGraph.StaticInt8(model, options, Calibrated()) })
        {
            sbyte[] weights =
            [
                .. ModelProto
                    .Parser.ParseFrom(graph.ToBytes())
                    .Graph.Initializer.Where(one => one.DataType == (int)TensorProto.Types.Element.Int8 && one.Dims.Count > 1)
                    .SelectMany(one => one.RawData.Select(value => (sbyte)value)),
            ];
            Assert.Equal((most, -most), (weights.Max(), weights.Min()));
        }

        Calibration Calibrated() =>
            Calibration.Of(
                model,
                [OnnxWorld.Pixels(model, 4)],
                RangeRule.MinMax,
                ActivationType.QUInt8,
                1,
                TestContext.Current.CancellationToken
            );
    }

    [Theory]
    [InlineData(-1.5f, 3f)]
    [InlineData(0.5f, 2f)]
    [InlineData(-3f, -1f)]
    public void Ranges_hold_zero_exactly_and_cover_what_was_seen(float low, float high)
    {
        (float step, byte zero) = new ValueRange(low, high).AsUInt8();

        Assert.InRange(low, (-zero - 0.5) * step, (255 - zero + 0.5) * step);
        Assert.InRange(high, (-zero - 0.5) * step, (255 - zero + 0.5) * step);
    }

    [Theory]
    [InlineData(-1.5f, 3f, 3f)]
    [InlineData(0.5f, 2f, 2f)]
    [InlineData(-3f, -1f, 3f)]
    public void Symmetric_ranges_reach_as_far_below_zero_as_above(float low, float high, float reach)
    {
        Assert.Equal(reach, 127 * new ValueRange(low, high).AsInt8(), 1e-5f);
    }

    [Fact]
    public void A_bias_that_would_overflow_its_steps_makes_them_longer()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = tensor(new float[] { 1e-12f, -1e-12f, 1, 2 }, [2, 2, 1, 1]),
            bias = tensor(new float[] { 5, 5 });

        Int8Weight held = Int8Weight.Of(weight, Int8Weight.Full).Holding(bias, 0.01f);

        Assert.InRange(5 / (held.Scales[0] * 0.01), 1, 1.001 * (1 << 30));
        Assert.Equal(2f / 127, held.Scales[1]);
        Assert.Equal((sbyte[])[0, 0, 64, 127], held.Values);
    }

    [Theory]
    [InlineData("resnet:depth=10,img=16,stem=3,width=8,classes=5")]
    [InlineData("resnet:depth=50,img=32,width=8,classes=5")]
    [InlineData("rednet:depth=26,img=16,stem=3,width=16,classes=5")]
    [InlineData("tinyvit:img=16,stem=1,dims=8/16/24/32,depths=1/1/1/1,heads=1/2/3/4,classes=5")]
    [InlineData("vit:img=16,patch=4,dim=32,depth=3,heads=4,classes=5,tokens=cls+conv+inv")]
    public void Onnx_runtime_makes_integer_layers_of_all_that_are_quantised(string form)
    {
        using LoadedModel model = OnnxWorld.Model(form);
        Calibration calibration = Calibration.Of(
            model,
            [OnnxWorld.Pixels(model, 4)],
            RangeRule.LeastError,
            ActivationType.QUInt8,
            1,
            TestContext.Current.CancellationToken
        );
        int convolutions = ModelProto
            .Parser.ParseFrom(OnnxGraph.Float(model, new GraphOptions()).ToBytes())
            .Graph.Node.Count(node => node.OpType == "Conv");

        Dictionary<string, int> made = OnnxWorld.Optimised(OnnxGraph.StaticInt8(model, new GraphOptions(), calibration)),
            dynamic = OnnxWorld.Optimised(OnnxGraph.DynamicInt8(model, new GraphOptions()));

        output.WriteLine(
            string.Join(", ", made.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value}"))
        );
        Assert.Equal(convolutions, made.GetValueOrDefault("QLinearConv"));
        Assert.Equal(convolutions, dynamic.GetValueOrDefault("ConvInteger"));
    }

    // What NVIDIA's documentation asks of an explicitly quantised graph.
    [Theory]
    [MemberData(nameof(Forms))]
    public void Signed_graphs_have_no_zero_point_but_0_no_unsigned_number_and_a_float_bias(string form)
    {
        using LoadedModel model = OnnxWorld.Model(form);
        Calibration calibration = Calibration.Of(
            model,
            [OnnxWorld.Pixels(model, 4)],
            RangeRule.LeastError,
            ActivationType.QInt8,
            1,
            TestContext.Current.CancellationToken
        );

        GraphProto graph = ModelProto.Parser.ParseFrom(OnnxGraph.StaticInt8(model, new GraphOptions(), calibration).ToBytes()).Graph;

        Dictionary<string, TensorProto> constants = graph.Initializer.ToDictionary(constant => constant.Name);
        Assert.DoesNotContain(constants.Values, constant =>
            (TensorProto.Types.Element)constant.DataType is TensorProto.Types.Element.Uint8 or TensorProto.Types.Element.Int32
        );
        NodeProto[] layers =
        [
            .. graph.Node.Where(node =>
                node.OpType == "Conv"
                || (node.OpType == "MatMul" && node.Input.Any(input => input.EndsWith(".weight", StringComparison.Ordinal)))
            ),
        ];
        Assert.NotEmpty(layers);
        foreach (NodeProto layer in layers)
        {
            Assert.EndsWith(".rounded", layer.Input[0], StringComparison.Ordinal);
            NodeProto weight = graph.Node.Single(node => node.Output[0] == layer.Input[1]);
            Assert.Equal("DequantizeLinear", weight.OpType);
            Assert.True(constants[weight.Input[1]].Dims.Single() > 1, $"{layer.Name}: one step for all channels");
        }
        foreach (NodeProto node in graph.Node.Where(node => node.OpType is "QuantizeLinear" or "DequantizeLinear" && node.Input.Count == 3))
            Assert.Equal((byte[])[0], constants[node.Input[2]].RawData.ToByteArray());
    }

    [Fact]
    public void A_lone_outlier_does_not_stretch_the_range_of_least_error_and_a_flat_spread_keeps_it()
    {
        float[] values = [.. Enumerable.Range(0, 2_000_000).Select(i => (i % 2000 - 1000) / 1000f)];
        ValueRange flat = new(-1, 1),
            stretched = new(-1, 100);
        Histogram plain = new(flat),
            outlier = new(stretched);
        plain.Add(values);
        outlier.Add([.. values, 100f]);

        Assert.InRange(plain.LeastError(ActivationType.QUInt8).High, 0.97f, 1.01f);
        Assert.InRange(plain.LeastError(ActivationType.QUInt8).Low, -1.01f, -0.97f);
        Assert.InRange(plain.LeastError(ActivationType.QInt8).AsInt8(), 0.97f / 127, 1.01f / 127);
        Assert.InRange(outlier.LeastError(ActivationType.QUInt8).High, 0.9f, 60f);
        Assert.InRange(outlier.LeastError(ActivationType.QInt8).AsInt8(), 0.9f / 127, 60f / 127);
        Assert.InRange(outlier.Percentile(0.9999).High, 0.9f, 1.1f);
    }

    [Fact]
    public void Calibrating_without_an_image_is_refused()
    {
        using LoadedModel model = OnnxWorld.Model("one head");
        Assert.Contains(
            "no image",
            Assert
                .Throws<OnnxException>(() =>
                    Calibration.Of(model, [], RangeRule.MinMax, ActivationType.QUInt8, 1, TestContext.Current.CancellationToken)
                )
                .Message,
            StringComparison.Ordinal
        );
    }
}
