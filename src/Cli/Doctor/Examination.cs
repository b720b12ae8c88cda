// What dfkd doctor looks at.

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using DataFreeKD.Onnx.Running;
using TorchSharp;

namespace DataFreeKD.Cli.Doctor;

/// <summary>Everything that was found, and whether the forward pass is right.</summary>
/// <param name="Findings">In the order of printing.</param>
/// <param name="Error">Largest error of the self-check's logits.</param>
/// <param name="Healthy">Whether it is within <see cref="SelfCheck.Limit"/>.</param>
internal sealed record Examination(IReadOnlyList<Finding> Findings, double Error, bool Healthy)
{
    private const double MiB = 1 << 20,
        LittleMemory = 2048;

    /// <summary>Looks at this machine; takes about two seconds.</summary>
    /// <param name="version">The tool's.</param>
    public static Examination Of(string version)
    {
        double error = SelfCheck.LargestError();
        bool healthy = error <= SelfCheck.Limit;
        double memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / MiB;
        bool cuda = torch.cuda.is_available();
        string[] instructions = [.. Processor.Instructions];
        int cores = Processor.Cores;
        string? waiting = NativeEnvironment.Get("OMP_WAIT_POLICY");
        Finding[] findings =
        [
            new("dfkd", $"{version}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}"),
            new("processor", $"{Processor.Name}: {(instructions.Length > 0 ? string.Join(", ", instructions) : "no wide instructions")}"),
            new(
                "cores",
                cores == Environment.ProcessorCount ? $"{cores}" : $"{Environment.ProcessorCount} of {cores}",
                cores > Environment.ProcessorCount ? "a quota or an affinity holds the others back; --threads follows it" : null
            ),
            new(
                "memory",
                $"{Show(memory, "N0")} MiB",
                memory < LittleMemory ? "little for large teachers: --batch-size 8 takes less" : null
            ),
            new("libtorch", $"{torch.__version__}, {torch.get_num_threads()} threads"),
            Cuda(cuda),
            new(
                "OpenMP",
                waiting is null ? "idle threads wait as the library does by itself" : $"idle threads wait {waiting.ToLowerInvariant()}ly"
            ),
            BFloat16(),
            new(
                "int8",
                Processor.HasInt8 ? "computed by the processor's own instructions" : "no instructions of its own",
                "score --runtime onnx --int8 dynamic for teachers of several ten million parameters"
            ),
            new(
                "JPEG",
                ImageDecoder.HasTurboJpeg ? "libjpeg-turbo" : "Skia's own decoder",
                ImageDecoder.HasTurboJpeg
                    ? "--fast-decode reads large photographs at a reduced scale"
                    : "libturbojpeg decodes faster; install it"
            ),
            new("ONNX Runtime", OnnxClassifier.RuntimeVersion),
            new(
                "self-check",
                healthy
                    ? $"the logits of a known network are right (error {Show(error, "0.0e0")})"
                    : $"the logits of a known network are off by {Show(error, "0.0e0")}",
                healthy ? null : "do not trust scores of this machine; install the packages anew"
            ),
        ];
        return new Examination(findings, error, healthy);
    }

    private static Finding Cuda(bool available)
    {
        if (available)
            return new("CUDA", $"{torch.cuda.device_count()} devices", "--device cuda");
        bool driver = File.Exists("/proc/driver/nvidia/version");
        return new(
            "CUDA",
            driver ? "a driver, but libtorch is built without CUDA" : "no device",
            driver ? "build with a CUDA package of libtorch (docs/install.md)" : null
        );
    }

    // Measured: instructions alone do not tell what the library makes of them.
    private static Finding BFloat16()
    {
        using IDisposable inference = torch.inference_mode();
        using DisposeScope scope = torch.NewDisposeScope();
        double ratio = Seconds(torch.float32) / Seconds(torch.bfloat16);
        string value = $"products of matrices {Show(ratio, ratio < 1 ? "0.00" : "0.0")} times as fast as in single precision, measured";
        return new("bfloat16", value, ratio >= 1.5 ? "score --precision bf16, distill --teacher-precision bf16" : null);
    }

    private static double Seconds(torch.ScalarType type)
    {
        const int side = 768,
            rounds = 5;
        torch.Tensor a = torch.ones(side, side, type),
            b = torch.ones(side, side, type);
        double best = double.PositiveInfinity;
        for (int round = 0; round <= rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            torch.matmul(a, b).Dispose();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }

    private static string Show(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
