// ONNX Runtime is in one place, and so is each use of protocol buffers.

using Assembly = System.Reflection.Assembly;

namespace DataFreeKD.Architecture.Tests;

public sealed class OnnxRuntimeTests
{
    private static readonly string[] Projects =
    [
        "Manifests",
        "Imaging",
        "Models",
        "Onnx",
        "Crawler",
        "Probe",
        "Selector",
        "Packer",
        "Distiller",
        "Reporting",
    ];

    [Fact]
    public void Only_the_project_onnx_uses_onnx_runtime() => Assert.Equal(["Onnx"], UsersOf("Microsoft.ML.OnnxRuntime"));

    // Distiller: TensorBoard's events, whose classes TorchSharp brings.
    [Fact]
    public void Graphs_and_events_of_TensorBoard_are_the_protocol_buffers() =>
        Assert.Equal(["Onnx", "Distiller"], UsersOf("Google.Protobuf"));

    private static IEnumerable<string> UsersOf(string package) =>
        Projects.Where(project =>
            Assembly.Load($"DataFreeKD.{project}").GetReferencedAssemblies().Any(reference => reference.Name == package)
        );
}
