// What the processor can compute at once.

using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using DataFreeKD.Models;

namespace DataFreeKD.Cli.Doctor;

/// <summary>The processor's name and its instructions that matter to matrix products.</summary>
internal static class Processor
{
    // CPUID leaf 7 (Intel's manual, volume 2A): EBX, ECX and EDX of subleaf 0, EAX of subleaf 1.
    private const int Features = 7,
        Avx512 = 16,
        Vnni512 = 11,
        AmxBf16 = 22,
        AmxInt8 = 25,
        Vnni = 4,
        Bf16 = 5;

    /// <summary>What would be about twice as fast; null where the processor has no bfloat16, or it is in use.</summary>
    /// <param name="used">The precision of the run.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="flag">The verb's flag.</param>
    public static string? Hint(Precision used, string device, string flag) =>
        HasBFloat16 && used == Precision.Float32 && device == "cpu"
            ? $"hint: this processor has bfloat16: {flag} bf16 is about 2 times as fast, with slightly other figures"
            : null;

    /// <summary>Whether it has instructions for products of 8 bits.</summary>
    public static bool HasInt8 => Instructions.Any(name => name.Contains("VNNI", StringComparison.Ordinal) || name == "AMX-INT8");

    /// <summary>Whether two products of uint8 and int8 are added in 16 bits, which may be too few.</summary>
    public static bool Saturates => X86Base.IsSupported && !HasInt8;

    private static bool HasBFloat16 => Instructions.Any(name => name is "AVX-512-BF16" or "AMX-BF16");

    /// <summary>Names of instruction sets, the simplest first.</summary>
    public static IReadOnlyList<string> Instructions { get; } = [.. Found()];

    /// <summary>As the system calls it; the architecture where it does not.</summary>
    public static string Name
    {
        get
        {
            string architecture = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString();
            if (!File.Exists("/proc/cpuinfo"))
                return architecture;
            string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal));
            return line?.Split(':', 2)[1].Trim() ?? architecture;
        }
    }

    private static IEnumerable<string> Found()
    {
        if (AdvSimd.IsSupported)
            yield return "NEON";
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < Features)
            yield break;
        (_, int ebx, int ecx, int edx) = X86Base.CpuId(Features, 0);
        int more = X86Base.CpuId(Features, 1).Eax;
        if (Avx2.IsSupported)
            yield return "AVX2";
        // The system must save the wide registers too, which .NET has looked at.
        bool wide = Avx512F.IsSupported;
        foreach (
            (bool has, string name) in new[]
            {
                (wide && Has(ebx, Avx512), "AVX-512"),
                (wide && Has(ecx, Vnni512), "AVX-512-VNNI"),
                (Has(more, Vnni), "AVX-VNNI"),
                (wide && Has(more, Bf16), "AVX-512-BF16"),
                (wide && Has(edx, AmxInt8), "AMX-INT8"),
                (wide && Has(edx, AmxBf16), "AMX-BF16"),
            }
        )
        {
            if (has)
                yield return name;
        }
    }

    private static bool Has(int register, int bit) => (register >> bit & 1) != 0;

    /// <summary>Cores of the machine; those that this process may use can be fewer.</summary>
    public static int Cores =>
        File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").Count(line => line.StartsWith("processor", StringComparison.Ordinal))
            : Environment.ProcessorCount;
}
