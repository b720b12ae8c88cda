// What is done for every step or batch reads a device in one place, which counts.

using System.Text.RegularExpressions;

namespace DataFreeKD.Architecture.Tests;

public sealed partial class HostReadTests
{
    private static readonly string[] Folders =
    [
        "src/Distiller/Training",
        "src/Distiller/Losses",
        "src/Distiller/Optimisation",
        "src/Distiller/Data",
        "src/Models/Layers",
        "src/Probe",
    ];

    // OnnxRuntime takes arrays of the CPU.
    private static readonly string[] OfTheHost = ["OnnxTeacher.cs", "OnnxClassifierTeacher.cs"];

    [Fact]
    public void Steps_and_batches_read_tensors_by_HostReads_alone()
    {
        string root = DocumentationTests.FindRoot();
        IEnumerable<string> files = Folders
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !OfTheHost.Contains(Path.GetFileName(file)))
            .Where(file => !Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));
        Assert.Empty(
            files.SelectMany(file =>
                File.ReadLines(file)
                    .Index()
                    .Where(line => Waits().IsMatch(line.Item))
                    .Select(line => $"{Path.GetRelativePath(root, file)}:{line.Index + 1} waits for the device; read it by HostReads")
            )
        );
    }

    // Sizes that depend on values (nonzero, a choice by mask) wait too.
    [GeneratedRegex(@"\.(item|data)<|\.cpu\(\)|\.ToDouble\(\)|\.ToSingle\(\)|\.(nonzero|masked_select|unique|argwhere)\(")]
    private static partial Regex Waits();
}
