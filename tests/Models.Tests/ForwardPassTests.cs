// Claims about the forward pass that hold whatever the weights.

using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Tests;

public sealed class ForwardPassTests
{
    private const string Spec = "vit:img=16,patch=4,dim=32,depth=3,heads=4,classes=5";

    public static TheoryData<string> Families { get; } =
    [
        Spec,
        Spec + ",distilled",
        Spec + ",layerscale,noembedclass",
        Spec + ",registers=3,layerscale,noembedclass",
        Spec + ",registers=2",
        "swiglu",
        "prenorm",
    ];

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_parameter_of_every_family_receives_a_gradient(string family)
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionTransformer model = new(Shape(family), 1);
        using Generator draw = new(2, CPU);
        model.train();
        ModelOutput output = model.Run(randn([2, 3, 16, 16], generator: draw), ModelCapture.None);
        output.Logits!.square().sum().backward();
        foreach ((string name, Tensor parameter) in model.StateDict())
            Assert.True(parameter.grad is { } grad && grad.isfinite().all().item<bool>(), name);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void The_shortened_last_block_changes_neither_logits_nor_cls_rows(string family)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using VisionTransformer model = new(Shape(family), 1);
        using Generator draw = new(2, CPU);
        Tensor pixels = randn([3, 3, 16, 16], generator: draw);
        ModelOutput full = model.Run(pixels, new ModelCapture { ClsRowBlocks = [2], HiddenBlocks = [2] }),
            shortened = model.Run(pixels, new ModelCapture { ClsRowBlocks = [2] });
        Assert.True(full.Logits!.allclose(shortened.Logits!, 1e-5, 1e-6));
        Assert.True(full.ClsRows[2].allclose(shortened.ClsRows[2], 1e-5, 1e-6));
        Assert.Equal([3, model.Config.Patches + model.Config.PrefixTokens, 32], full.Hidden[2].shape);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Packed_weights_change_nothing_but_last_digits(string family)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using VisionTransformer model = new(Shape(family), 1);
        using Generator draw = new(2, CPU);
        Tensor pixels = randn([3, 3, 16, 16], generator: draw);
        ModelCapture capture = new() { ClsRowBlocks = [0, 2], HiddenBlocks = [1] };
        ModelOutput plain = model.Run(pixels, capture);
        model.PackForInference(3);
        ModelOutput packed = model.Run(pixels, capture);
        Assert.True(plain.Logits!.allclose(packed.Logits!, 1e-5, 1e-6));
        Assert.True(plain.ClsRows[2].allclose(packed.ClsRows[2], 1e-5, 1e-6));
        Assert.True(plain.Hidden[1].allclose(packed.Hidden[1], 1e-5, 1e-5));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void In_bfloat16_outputs_stay_near_and_in_single_precision(string family)
    {
        Assert.SkipUnless(Inference.OneDnn.Operators is { BFloat16: true }, "this CPU has no bfloat16");
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using VisionTransformer model = new(Shape(family), 1);
        using Generator draw = new(2, CPU);
        Tensor pixels = randn([3, 3, 16, 16], generator: draw);
        ModelCapture capture = new()
        {
            ClsRowBlocks = [0, 2],
            HiddenBlocks = [1],
            QkvBlocks = [1],
            AttentionBlocks = [2],
        };
        ModelOutput plain = model.Run(pixels, capture);
        model.PackForInference(3, Precision.BFloat16);
        ModelOutput rounded = model.Run(pixels, capture);
        foreach (
            (Tensor expected, Tensor found) in new[]
            {
                (plain.Logits!, rounded.Logits!),
                (plain.Hidden[1], rounded.Hidden[1]),
                (plain.ClsRows[0], rounded.ClsRows[0]),
                (plain.ClsRows[2], rounded.ClsRows[2]),
                (plain.Attention[2], rounded.Attention[2]),
                (plain.Qkv[1].Keys, rounded.Qkv[1].Keys),
            }
        )
        {
            Assert.Equal(ScalarType.Float32, found.dtype);
            double error = (expected - found).norm().item<float>() / expected.norm().item<float>();
            Assert.InRange(error, 1e-9, 1e-2);
        }
    }

    [Fact]
    public void Packed_weights_are_left_aside_where_gradients_are_wanted()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionTransformer model = new(Shape(Spec), 1);
        model.PackForInference(2);
        model.Run(randn(2, 3, 16, 16), ModelCapture.None).Logits!.square().sum().backward();
        foreach ((string name, Tensor parameter) in model.StateDict())
            Assert.True(parameter.grad is not null, name);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_pass_in_two_parts_is_a_whole_pass_of_the_images_that_went_on(string family)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable mode = inference_mode();
        using VisionTransformer model = new(Shape(family), 1);
        using Generator draw = new(2, CPU);
        Tensor pixels = randn([4, 3, 16, 16], generator: draw),
            some = tensor(new long[] { 1, 3 });
        ModelOutput whole = model.Run(pixels.index_select(0, some), new ModelCapture { ClsRowBlocks = [0, 2] });
        VitPartial first = model.RunFirst(pixels, 1, [0, 2]);
        ModelOutput rest = model.RunRest(first.Select(some), [0, 2]);
        Assert.True(whole.Logits!.allclose(rest.Logits!, 1e-5, 1e-6));
        Assert.True(whole.ClsRows[0].allclose(rest.ClsRows[0], 1e-5, 1e-6) && whole.ClsRows[2].allclose(rest.ClsRows[2], 1e-5, 1e-6));
        Assert.Equal(4, first.Tokens.shape[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.RunFirst(pixels, 3, []));
    }

    [Fact]
    public void A_pass_leaves_nothing_but_its_outputs()
    {
        using VisionTransformer model = new(Shape(Spec));
        using Tensor pixels = zeros(2, 3, 16, 16);
        using DisposeScope scope = NewDisposeScope();
        ModelOutput output = model.Run(pixels, new ModelCapture { ClsRowBlocks = [0, 2], HiddenBlocks = [1] });
        Assert.Equal(6, scope.DisposablesView.Count); // logits, embedding, what the heads read, two rows, one block
        Assert.False(output.Hidden[1].IsInvalid);
    }

    [Fact]
    public void Dropped_patches_are_gone_and_all_kept_patches_change_nothing()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable off = no_grad();
        using VisionTransformer model = new(Shape(Spec), 3);
        using Generator draw = new(2, CPU);
        Tensor pixels = randn([2, 3, 16, 16], generator: draw);
        Tensor all = arange(16, ScalarType.Int64).expand(2, 16);
        Assert.True(model.Run(pixels, new ModelCapture { KeptPatches = all }).Logits!.allclose(model.forward(pixels), 1e-5, 1e-6));
        model.train();
        Assert.Equal([2, 9, 32], model.Run(pixels, new ModelCapture { PatchDropout = 0.5, HiddenBlocks = [0] }).Hidden[0].shape);
        model.eval();
        Assert.Equal([2, 17, 32], model.Run(pixels, new ModelCapture { PatchDropout = 0.5, HiddenBlocks = [0] }).Hidden[0].shape);
    }

    [Fact]
    public void A_seed_decides_the_weights_and_the_global_random_state_does_not()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionTransformer one = new(Shape(Spec), 7);
        rand(100);
        using VisionTransformer same = new(Shape(Spec), 7),
            other = new(Shape(Spec), 8);
        Assert.True(one.StateDict().All(p => p.Value.eq(same.StateDict()[p.Key]).all().item<bool>()));
        Assert.False(one.StateDict()["head.weight"].eq(other.StateDict()["head.weight"]).all().item<bool>());
    }

    [Fact]
    public void Fresh_matrices_are_spread_by_a_fiftieth_around_zero()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionTransformer model = new((VitConfig)ModelRegistry.Resolve(Spec) with { Width = 128 }, 7);
        foreach (
            (string name, Tensor tensor) in model
                .StateDict()
                .Where(p => p.Key == "pos_embed" || (p.Key.StartsWith("blocks.", StringComparison.Ordinal) && p.Value.shape.Length == 2))
        )
        {
            Assert.InRange(tensor.std().item<float>(), 0.018f, 0.022f);
            Assert.InRange(tensor.mean().item<float>(), -0.002f, 0.002f);
        }
    }

    [Fact]
    public void Another_input_size_keeps_all_but_the_position_embedding()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionTransformer model = new(Shape(Spec + ",distilled"), 7),
            larger = model.WithImageSize(32);
        Assert.Equal((32, 64), (larger.Config.ImageSize, larger.Config.Patches));
        foreach ((string name, Tensor tensor) in model.StateDict())
        {
            if (name != "pos_embed")
                Assert.True(tensor.eq(larger.StateDict()[name]).all().item<bool>(), name);
        }
        Assert.Equal([1, 66, 32], larger.StateDict()["pos_embed"].shape);
    }

    private static VitConfig Shape(string family) =>
        family switch
        {
            "swiglu" => (VitConfig)ModelRegistry.Resolve(Spec) with { SwiGlu = true },
            "prenorm" => (VitConfig)ModelRegistry.Resolve(Spec) with { PreNorm = true },
            _ => (VitConfig)ModelRegistry.Resolve(family),
        };
}
