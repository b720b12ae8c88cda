// Folders of a project do not lean on each other in circles.

using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Assembly = System.Reflection.Assembly;

namespace DataFreeKD.Architecture.Tests;

public sealed class FolderCircleTests
{
    // Still to be opened; nothing may join them.
    private static readonly string[] Known =
    [
    ];

    [Theory]
    [InlineData("Core")]
    [InlineData("Manifests")]
    [InlineData("Imaging")]
    [InlineData("Models")]
    [InlineData("Onnx")]
    [InlineData("Crawler")]
    [InlineData("Probe")]
    [InlineData("Selector")]
    [InlineData("Packer")]
    [InlineData("Distiller")]
    [InlineData("Reporting")]
    [InlineData("Toolkit")]
    public void No_folders_of_a_project_need_each_other(string project)
    {
        ArchUnitNET.Domain.Architecture architecture = new ArchLoader().LoadAssemblies(Assembly.Load($"DataFreeKD.{project}")).Build();
        IEnumerable<(string From, string To, string Why)> needs =
            from type in architecture.Types
            let folder = Folder(type, project)
            where folder is not null
            from dependency in type.Dependencies
            // The loader takes parameters of the same name for one, whoever declares them.
            where dependency.Target is not GenericParameter
            let other = Folder(dependency.Target, project)
            where other is not null && other != folder
            select (folder, other, $"{type.Name} -> {dependency.Target.Name}");
        ILookup<(string, string), string> edges = needs.Distinct().ToLookup(need => (need.From, need.To), need => need.Why);
        string[] circles =
        [
            .. edges
                .Select(edge => edge.Key)
                .Where(edge => string.CompareOrdinal(edge.Item1, edge.Item2) < 0 && edges.Contains((edge.Item2, edge.Item1)))
                .Select(edge => $"{project}: {edge.Item1}, {edge.Item2}")
                .Order(StringComparer.Ordinal),
        ];
        string[] known = [.. Known.Where(circle => circle.StartsWith($"{project}:", StringComparison.Ordinal))];
        Assert.True(
            circles.SequenceEqual(known),
            $"new circles: {Reasons(circles.Except(known))}; circles that are gone, to be taken off the list: {string.Join(" and ", known.Except(circles))}"
        );

        string Reasons(IEnumerable<string> pairs) =>
            string.Join(
                "; ",
                pairs.Select(pair =>
                {
                    string[] folders = pair[(project.Length + 2)..].Split(", ");
                    return $"{pair} ({string.Join(", ", edges[(folders[0], folders[1])].Take(3))}; {string.Join(", ", edges[(folders[1], folders[0])].Take(3))})";
                })
            );
    }

    // Null for what is at the project's root: a stage's options and run, which know every folder.
    private static string? Folder(IType type, string project)
    {
        string prefix = $"DataFreeKD.{project}.",
            space = type.Namespace?.FullName ?? "";
        return space.StartsWith(prefix, StringComparison.Ordinal) ? space[prefix.Length..].Split('.')[0] : null;
    }
}
