// Holds the table of docs/architecture.md: who may reference whom, over the built assemblies.

using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using static ArchUnitNET.Fluent.ArchRuleDefinition;
using Assembly = System.Reflection.Assembly;

namespace DataFreeKD.Architecture.Tests;

public sealed class ReferenceTableTests
{
    private static readonly string[] Stages = ["Crawler", "Probe", "Selector", "Packer", "Distiller", "Reporting"];
    private static readonly string[] Ours = ["Core", "Manifests", "Storage", "Imaging", "Models", "Onnx", "Fleet", .. Stages];

    /// <summary>Project, the projects of ours it may use, and the packages it must not use.</summary>
    public static TheoryData<string, string[], string[]> Rows { get; } =
        new()
        {
            { "Core", [], ["TorchSharp", "SkiaSharp", "Microsoft.ML", "CsvHelper"] },
            { "Manifests", [], ["TorchSharp", "SkiaSharp", "Microsoft.ML"] },
            { "Storage", [], ["TorchSharp", "SkiaSharp", "Microsoft.ML", "CsvHelper"] },
            { "Imaging", ["Manifests", "Storage"], ["TorchSharp", "CsvHelper", "Microsoft.ML"] },
            { "Models", [], ["CsvHelper", "Microsoft.ML", "SkiaSharp"] },
            { "Onnx", ["Models"], ["CsvHelper", "SkiaSharp"] },
            { "Crawler", ["Manifests", "Imaging", "Storage"], ["TorchSharp", "Microsoft.ML"] },
            { "Probe", ["Manifests", "Imaging", "Models", "Onnx", "Storage"], ["SkiaSharp"] },
            { "Selector", ["Manifests"], ["TorchSharp", "SkiaSharp"] },
            { "Packer", ["Manifests", "Imaging"], ["TorchSharp", "Microsoft.ML", "SkiaSharp"] },
            { "Distiller", ["Manifests", "Imaging", "Models", "Storage"], ["Microsoft.ML", "SkiaSharp"] },
            { "Reporting", ["Manifests", "Imaging"], ["TorchSharp", "SkiaSharp", "Microsoft.ML"] },
            { "Fleet", [], ["TorchSharp", "CsvHelper", "Microsoft.ML", "SkiaSharp"] },
            {
                "Toolkit",
                ["Manifests", "Imaging", "Models", "Onnx", .. Stages],
                ["CsvHelper", "SkiaSharp", "System.CommandLine", "Spectre.Console"]
            },
        };

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_project_references_only_what_the_table_allows(string project, string[] allowed, string[] forbiddenPackages)
    {
        // The compiler drops unused references, so this sees real use, also through a transitive package.
        string[] references = [.. Load(project).GetReferencedAssemblies().Select(reference => reference.Name!)];

        string[] ours =
        [
            .. references
                .Where(name => name.StartsWith("DataFreeKD.", StringComparison.Ordinal))
                .Select(name => name["DataFreeKD.".Length..]),
        ];
        // Core is the ground floor: all may stand on it.
        Assert.Empty(ours.Except(project == "Core" ? [] : [.. allowed, "Core"]));
        Assert.DoesNotContain(references, name =>
            forbiddenPackages.Any(package => name == package || name.StartsWith(package + ".", StringComparison.Ordinal))
        );
    }

    [Fact]
    public void Core_needs_no_package()
    {
        Assert.All(Load("Core").GetReferencedAssemblies(), reference =>
            Assert.StartsWith("System.", reference.Name, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Every_public_exception_of_a_library_derives_from_the_base()
    {
        System.Type[] exceptions =
        [
            .. Ours.Append("Toolkit")
                .SelectMany(project => Load(project).GetExportedTypes())
                .Where(type => type.IsSubclassOf(typeof(Exception))),
        ];

        Assert.True(exceptions.Length > 9, $"only {exceptions.Length} exceptions were found");
        Assert.All(exceptions, type =>
            Assert.True(
                type == typeof(DataFreeKDException) || type.IsSubclassOf(typeof(DataFreeKDException)),
                $"{type} does not derive from DataFreeKDException"
            )
        );
    }

    [Fact]
    public void No_source_is_compiled_into_two_libraries()
    {
        string[] twice =
        [
            .. Ours.SelectMany(project => Load(project).GetTypes())
                .Where(type =>
                    type is { IsNested: false, Namespace: not null } && type.Namespace.StartsWith("DataFreeKD.", StringComparison.Ordinal)
                )
                .GroupBy(type => type.FullName)
                .Where(group => group.Count() > 1)
                .Select(group => group.Key!),
        ];

        Assert.Empty(twice);
    }

    [Fact]
    public void Only_Fleet_knows_the_engine_and_no_library_knows_Fleet()
    {
        foreach (string project in Ours.Append("Toolkit"))
        {
            string[] references = [.. Load(project).GetReferencedAssemblies().Select(reference => reference.Name!)];
            Assert.DoesNotContain("DataFreeKD.Fleet", references);
            Assert.Equal(project == "Fleet", references.Any(name => name.StartsWith("NATS.", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Only_Storage_knows_the_library_of_S3()
    {
        foreach (string project in Ours.Append("Toolkit"))
        {
            string[] references = [.. Load(project).GetReferencedAssemblies().Select(reference => reference.Name!)];
            Assert.Equal(project == "Storage", references.Any(name => name.StartsWith("AWSSDK.", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [MemberData(nameof(StagePairs))]
    public void No_type_of_a_stage_depends_on_another_stage(string stage, string other)
    {
        ArchUnitNET.Domain.Architecture architecture = new ArchLoader().LoadAssemblies([.. Ours.Select(Load)]).Build();
        IObjectProvider<IType> from = Types().That().ResideInAssembly(Load(stage)).As(stage);
        IObjectProvider<IType> to = Types().That().ResideInAssembly(Load(other)).As(other);

        bool holds = Types().That().Are(from).Should().NotDependOnAny(to).HasNoViolations(architecture);

        Assert.True(holds, $"{stage} depends on {other}; compose them in Cli");
    }

    public static TheoryData<string, string> StagePairs()
    {
        TheoryData<string, string> pairs = new();
        foreach (string stage in Stages)
        {
            foreach (string other in Stages)
            {
                if (stage != other)
                    pairs.Add(stage, other);
            }
        }
        return pairs;
    }

    private static Assembly Load(string project) => Assembly.Load($"DataFreeKD.{project}");
}
