// ONNX Runtime tells Microsoft that it runs, unless it is told not to before it starts.

using DataFreeKD.Onnx.Running;
using Microsoft.ML.OnnxRuntime;

namespace DataFreeKD.Onnx;

/// <summary>Turns ONNX Runtime's telemetry off; call it before anything else of ONNX Runtime.</summary>
/// <remarks>Official builds look up a host of Microsoft's, open TLS to it and keep a device id in the user's cache folder. Privacy.md of
/// the package names both switches below.</remarks>
internal static class OnnxTelemetry
{
    // Read once, when the native library starts: no id is made, nothing is stored and nothing is sent.
    private const string Switch = "ORT_DISABLE_TELEMETRY";

    private static readonly Lazy<OrtEnv> Silent = new(Silence);

    /// <summary>Turns it off for this process, and for those that it starts. Does nothing when called again.</summary>
    public static void TurnOff() => _ = Silent.Value;

    /// <summary>The version of ONNX Runtime, once it is silent.</summary>
    public static string Version => Silent.Value.GetVersionString();

    private static OrtEnv Silence()
    {
        if (!NativeEnvironment.Set(Switch, "1"))
            throw new InvalidOperationException($"{Switch} could not be set; set it to 1 before the program starts");
        OrtEnv runtime = OnnxLog.Start();
        // Where other code of the process started ONNX Runtime before us, this stops what is left to stop.
        runtime.DisableTelemetryEvents();
        return runtime;
    }
}
