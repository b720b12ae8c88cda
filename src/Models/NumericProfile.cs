// Which vector instructions the native libraries may use: sums of other widths are other sums in their last digits.

using System.Diagnostics;
using System.Runtime.Intrinsics.X86;

namespace DataFreeKD.Models;

/// <summary>The instructions that libtorch, oneDNN and MKL are held to.</summary>
public enum NumericProfile
{
    /// <summary>Whatever the processor has: the fastest, and the same bytes on processors of one kind only.</summary>
    Native,

    /// <summary>AVX2.</summary>
    Avx2,

    /// <summary>AVX-512.</summary>
    Avx512,
}

/// <summary>Sets and tells numeric profiles.</summary>
internal static class NumericProfiles
{
    private const string Native = "native",
        Avx2Name = "avx2",
        Avx512Name = "avx512",
        Library = "torch_cpu",
        Option = "Numerics",
        Capability = "ATEN_CPU_CAPABILITY";

    /// <summary>The name on the command line.</summary>
    public static string Name(this NumericProfile profile) =>
        profile switch
        {
            NumericProfile.Avx2 => Avx2Name,
            NumericProfile.Avx512 => Avx512Name,
            _ => Native,
        };

    /// <summary>The widest vectors that the libraries use under a profile on this processor: <c>avx512</c>, <c>avx2</c> or
    /// <c>other</c>.</summary>
    public static string InstructionsOf(NumericProfile profile) =>
        profile != NumericProfile.Avx2 && HasAvx512 ? Avx512Name
        : Avx2.IsSupported && Fma.IsSupported ? Avx2Name
        : "other";

    /// <summary>Holds the libraries to a profile, for this process. They read it once, when they are loaded.</summary>
    /// <exception cref="ModelException">The processor lacks the instructions, or the libraries are loaded already, under another
    /// profile.</exception>
    public static void Apply(NumericProfile profile)
    {
        if (profile == NumericProfile.Native)
            return;
        if (profile == NumericProfile.Avx512 ? !HasAvx512 : !(Avx2.IsSupported && Fma.IsSupported))
            throw new ModelException(
                $"{Option} {profile.Name()}: this processor lacks {(profile == NumericProfile.Avx512 ? "AVX-512 (F, BW, DQ, VL)" : "AVX2")}; take a machine that has it, or another profile"
            )
            {
                Options = [Option],
            };
        (string Name, string Value)[] wanted = [.. Settings(profile)];
        if (wanted.All(setting => NativeEnvironment.Get(setting.Name) == setting.Value))
            return;
        if (IsLoaded())
            throw new ModelException(
                $"{Option} {profile.Name()}: libtorch is loaded in this process already; start with {Capability}={profile.Name()} and its kind set, or in a process of its own"
            )
            {
                Options = [Option],
            };
        foreach ((string name, string value) in wanted)
            NativeEnvironment.Set(name, value);
    }

    /// <summary>The environment of a profile.</summary>
    internal static IEnumerable<(string Name, string Value)> Settings(NumericProfile profile)
    {
        if (profile == NumericProfile.Native)
            yield break;
        bool wide = profile == NumericProfile.Avx512;
        yield return (Capability, profile.Name());
        yield return ("ONEDNN_MAX_CPU_ISA", wide ? "AVX512_CORE" : "AVX2");
        yield return ("MKL_CBWR", wide ? "AVX512,STRICT" : "AVX2,STRICT");
    }

    private static bool HasAvx512 => Avx512BW.VL.IsSupported && Avx512DQ.VL.IsSupported;

    private static bool IsLoaded()
    {
        using Process own = Process.GetCurrentProcess();
        return own.Modules.Cast<ProcessModule>().Any(module => module.ModuleName.Contains(Library, StringComparison.OrdinalIgnoreCase));
    }
}
