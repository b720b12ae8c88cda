// Holds the table of docs/architecture.md: who may reference whom, over the built assemblies.

using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using static ArchUnitNET.Fluent.ArchRuleDefinition;
using Assembly = System.Reflection.Assembly;

namespace DataFreeKD.Architecture.Tests;

public sealed class ReferenceTableTests
{
    private static readonly string[] Stages = ["Crawler", "Probe", "Selector", "Packer", "Distiller", "Reporting"];
    private static readonly string[] Ours = ["Manifests", "Imaging", "Models", "Onnx", .. Stages];

    /// <summary>Project, the projects of ours it may use, and the packages it must not use.</summary>
    public static TheoryData<string, string[], string[]> Rows { get; } = new()
    {
        { "Manifests", [], ["TorchSharp", "SkiaSharp", "Microsoft.ML"] },
        { "Imaging", [], ["TorchSharp", "CsvHelper", "Microsoft.ML"] },
        { "Models", [], ["CsvHelper", "Microsoft.ML", "SkiaSharp"] },
        { "Onnx", ["Models"], ["CsvHelper", "SkiaSharp"] },
        { "Crawler", ["Manifests", "Imaging"], ["TorchSharp", "Microsoft.ML"] },
        { "Probe", ["Manifests", "Imaging", "Models", "Onnx"], ["SkiaSharp"] },
        { "Selector", ["Manifests"], ["TorchSharp", "SkiaSharp"] },
        { "Packer", ["Manifests", "Imaging"], ["TorchSharp", "Microsoft.ML", "SkiaSharp"] },
        { "Distiller", ["Manifests", "Imaging", "Models"], ["Microsoft.ML", "SkiaSharp"] },
        { "Reporting", ["Manifests", "Imaging"], ["TorchSharp", "SkiaSharp", "Microsoft.ML"] },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_project_references_only_what_the_table_allows(string project, string[] allowed, string[] forbiddenPackages)
    {
        // The compiler drops unused references, so this sees real use, also through a transitive package.
        string[] references = [.. Load(project).GetReferencedAssemblies().Select(reference => reference.Name!)];

        string[] ours = [.. references.Where(name => name.StartsWith("DataFreeKD.", StringComparison.Ordinal)).Select(name => name["DataFreeKD.".Length..])];
        Assert.Empty(ours.Except(allowed));
        Assert.DoesNotContain(references, name => forbiddenPackages.Any(package => name == package || name.StartsWith(package + ".", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(StagePairs))]
    public void No_type_of_a_stage_depends_on_another_stage(string stage, string other)
    {
        ArchUnitNET.Domain.Architecture architecture = new ArchLoader().LoadAssemblies([.. Ours.Select(Load)]).Build();
        IObjectProvider<IType> from = Types().That().ResideInAssembly(Load(stage)).As(stage);
        // Types are told apart by their full names here, and source compiled into both has the same in both.
        IObjectProvider<IType> to = Types().That().ResideInAssembly(Load(other)).And().DoNotResideInNamespace("DataFreeKD.Shared").As(other);

        bool holds = Types().That().Are(from).Should().NotDependOnAny(to).HasNoViolations(architecture);

        Assert.True(holds, $"{stage} depends on {other}; compose them in Cli");
    }

    public static TheoryData<string, string> StagePairs()
    {
        var pairs = new TheoryData<string, string>();
        foreach (string stage in Stages)
        {
            foreach (string other in Stages)
            {
                if (stage != other) pairs.Add(stage, other);
            }
        }
        return pairs;
    }

    private static Assembly Load(string project) => Assembly.Load($"DataFreeKD.{project}");
}
