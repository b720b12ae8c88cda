// ONNX Runtime is in one place.

using Assembly = System.Reflection.Assembly;

namespace DataFreeKD.Architecture.Tests;

public sealed class OnnxRuntimeTests
{
    [Fact]
    public void Only_the_project_onnx_uses_onnx_runtime_and_protocol_buffers()
    {
        string[] users =
        [
            .. (
                (string[])["Manifests", "Imaging", "Models", "Onnx", "Crawler", "Probe", "Selector", "Packer", "Distiller", "Reporting"]
            ).Where(project =>
                Assembly
                    .Load($"DataFreeKD.{project}")
                    .GetReferencedAssemblies()
                    .Any(reference => reference.Name is "Microsoft.ML.OnnxRuntime" or "Google.Protobuf")
            ),
        ];

        Assert.Equal(["Onnx"], users);
    }
}
