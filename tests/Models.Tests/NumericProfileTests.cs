// What a numeric profile sets, and when it is refused.

namespace DataFreeKD.Models.Tests;

public sealed class NumericProfileTests
{
    [Fact]
    public void Each_profile_holds_all_three_libraries_to_one_width()
    {
        Assert.Empty(NumericProfiles.Settings(NumericProfile.Native));
        Assert.Equal(
            [("ATEN_CPU_CAPABILITY", "avx2"), ("ONEDNN_MAX_CPU_ISA", "AVX2"), ("MKL_CBWR", "AVX2,STRICT")],
            NumericProfiles.Settings(NumericProfile.Avx2)
        );
        Assert.Equal(
            [("ATEN_CPU_CAPABILITY", "avx512"), ("ONEDNN_MAX_CPU_ISA", "AVX512_CORE"), ("MKL_CBWR", "AVX512,STRICT")],
            NumericProfiles.Settings(NumericProfile.Avx512)
        );
    }

    [Fact]
    public void A_profile_that_comes_after_libtorch_is_refused_and_native_never_is()
    {
        Assert.SkipUnless(System.Runtime.Intrinsics.X86.Avx2.IsSupported, "this processor has no AVX2");
        TorchSharp.torch.zeros(1).Dispose();
        NumericProfiles.Apply(NumericProfile.Native);
        Assert.Contains(
            "loaded in this process already",
            Assert.Throws<ModelException>(() => NumericProfiles.Apply(NumericProfile.Avx2)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Under_avx2_no_processor_counts_as_wider() => Assert.NotEqual("avx512", NumericProfiles.InstructionsOf(NumericProfile.Avx2));
}
