// ONNX Runtime on a CUDA device.

using Microsoft.ML.OnnxRuntime;

namespace DataFreeKD.Onnx.Running;

/// <summary>CUDA in ONNX Runtime; only the package that a build with <c>-p:OnnxBackend=cuda</c> takes has it.</summary>
internal static class OnnxCuda
{
    /// <summary>Whether this build's package has CUDA; a device need not be there.</summary>
    public static bool InThisBuild => OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider");

    /// <summary>Lets a session run on a device.</summary>
    /// <exception cref="OnnxException">This build or machine has none of that number.</exception>
    public static void Use(SessionOptions options, int device)
    {
        if (!InThisBuild)
            throw new OnnxException(
                "ONNX Runtime is built without CUDA: build with -p:OnnxBackend=cuda, or use Device cpu or Runtime libtorch"
            )
            {
                Options = ["Device"],
            };
        List<string> logged = [];
        try
        {
            OnnxLog.Hear(logged, () => options.AppendExecutionProvider_CUDA(device));
        }
        catch (OnnxRuntimeException refused)
        {
            throw new OnnxException($"ONNX Runtime cannot use cuda:{device}: {Reason(logged) ?? refused.Message}", refused)
            {
                Options = ["Device"],
            };
        }
    }

    // The log says where in its source, " FAIL : " and then what failed and why.
    private static string? Reason(List<string> logged) => logged.Count == 0 ? null : logged[^1].Split(" FAIL : ")[^1].Trim().Split('\n')[0];
}
