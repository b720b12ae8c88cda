// Folders of a project do not lean on each other in circles, of two or of more.

using System.Text.RegularExpressions;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Assembly = System.Reflection.Assembly;

namespace DataFreeKD.Architecture.Tests;

public sealed class FolderCircleTests
{
    [Theory]
    [InlineData("Core")]
    [InlineData("Manifests")]
    [InlineData("Storage")]
    [InlineData("Imaging")]
    [InlineData("Models")]
    [InlineData("Onnx")]
    [InlineData("Crawler")]
    [InlineData("Probe")]
    [InlineData("Selector")]
    [InlineData("Packer")]
    [InlineData("Distiller")]
    [InlineData("Reporting")]
    [InlineData("Fleet")]
    [InlineData("Toolkit")]
    public void No_folders_of_a_project_need_each_other(string project)
    {
        (string, string, string)[] needs = [.. NeedsOfTypes(project), .. NeedsOfUsings(project)];

        IReadOnlyList<string> circles = FolderCircles.Of(needs);
        Assert.True(circles.Count == 0, string.Join('\n', circles));
    }

    [Fact]
    public void A_circle_is_found_whatever_its_length()
    {
        (string, string, string)[] needs =
        [
            ("A", "B", "a -> b"),
            ("B", "C", "b -> c"),
            ("C", "A", "c -> a"),
            ("C", "A", "d -> a"),
            ("Above", "A", "above -> a"),
            ("B", "Below", "b -> below"),
            ("X", "Y", "x -> y"),
            ("Y", "X", "y -> x"),
        ];

        Assert.Equal(
            ["A, B, C: A needs B (a -> b), B needs C (b -> c), C needs A (c -> a, d -> a)", "X, Y: X needs Y (x -> y), Y needs X (y -> x)"],
            FolderCircles.Of(needs)
        );
    }

    [Fact]
    public void The_namespace_of_a_file_is_its_folder()
    {
        string[] strays =
        [
            .. SourceFiles()
                .Where(file =>
                    File.ReadLines(file.Path).FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal)) is { } line
                    && line != $"namespace DataFreeKD.{string.Join('.', file.Folders)};"
                )
                .Select(file => file.Path),
        ];
        Assert.Empty(strays);
    }

    private static IEnumerable<(string From, string To, string Why)> NeedsOfTypes(string project) =>
        from type in new ArchLoader().LoadAssemblies(Assembly.Load($"DataFreeKD.{project}")).Build().Types
        let folder = Folder(type, project)
        where folder is not null
        from dependency in type.Dependencies
            // The loader takes parameters of the same name for one, whoever declares them.
        where dependency.Target is not GenericParameter
        let other = Folder(dependency.Target, project)
        where other is not null && other != folder
        select (folder, other, $"{type.Name} -> {dependency.Target.Name}");

    // A constant of another folder leaves no trace in the assembly.
    private static IEnumerable<(string From, string To, string Why)> NeedsOfUsings(string project)
    {
        Regex used = new($@"^using (?:static )?DataFreeKD\.{project}\.(\w+)");
        return from file in SourceFiles()
               where file.Folders.Length > 1 && file.Folders[0] == project
               from line in File.ReadLines(file.Path)
               let match = used.Match(line)
               where match.Success && match.Groups[1].Value != file.Folders[1]
               select (file.Folders[1], match.Groups[1].Value, Path.GetFileName(file.Path));
    }

    // Every file of src, and the folders that lead to it.
    private static IEnumerable<(string Path, string[] Folders)> SourceFiles()
    {
        string source = Path.Combine(DocumentationTests.FindRoot(), "src");
        return from path in Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
               let folders = Path.GetRelativePath(source, path).Split(Path.DirectorySeparatorChar)[..^1]
               where !folders.Any(folder => folder is "obj" or "bin")
               select (path, folders);
    }

    // Null for what is at the project's root: a stage's options and run, which know every folder.
    private static string? Folder(IType type, string project)
    {
        string prefix = $"DataFreeKD.{project}.",
            space = type.Namespace?.FullName ?? "";
        return space.StartsWith(prefix, StringComparison.Ordinal) ? space[prefix.Length..].Split('.')[0] : null;
    }
}
