// ONNX Runtime's own log.

using Microsoft.ML.OnnxRuntime;

namespace DataFreeKD.Onnx.Running;

/// <summary>Where ONNX Runtime's log goes: to stderr, or to who asks for the reason of a failure. Its exceptions leave out why a library
/// did not load; the log has it.</summary>
internal static class OnnxLog
{
    private static readonly DOrtLoggingFunction Function = Write;

    [ThreadStatic]
    private static List<string>? heard;

    /// <summary>Starts the runtime with this log.</summary>
    /// <returns>The runtime; where other code of the process started it before, with the log of that code.</returns>
    public static OrtEnv Start()
    {
        if (OrtEnv.IsCreated)
            return OrtEnv.Instance();
        EnvironmentCreationOptions options = new()
        {
            logId = "onnxruntime",
            logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING,
            loggingFunction = Function,
        };
        return OrtEnv.CreateInstanceWithOptions(ref options);
    }

    /// <summary>Runs something and gives what the runtime logged on this thread meanwhile.</summary>
    /// <param name="logged">Filled with the lines as they come.</param>
    /// <param name="what">What to run.</param>
    public static void Hear(List<string> logged, Action what)
    {
        heard = logged;
        try
        {
            what();
        }
        finally
        {
            heard = null;
        }
    }

    private static void Write(nint parameter, OrtLoggingLevel severity, string category, string id, string location, string message)
    {
        if (heard is { } list)
            list.Add(message);
        else
            Console.Error.WriteLine($"onnxruntime: {message}");
    }
}
