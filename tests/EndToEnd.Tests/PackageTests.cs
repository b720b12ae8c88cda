// What the libraries' packages hold. build/check-packages.sh installs and uses them all; that takes minutes.

using System.IO.Compression;
using System.Xml.Linq;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class PackageTests
{
    [Fact]
    public void A_library_packs_with_its_readme_docs_licence_and_symbols()
    {
        using TempFolder folder = new();
        string project = Path.Combine(Programs.Root, "src", "Manifests", "Manifests.csproj");
        Programs
            .Run(
                "dotnet",
                "pack",
                project,
                "-c",
                Programs.Configuration,
                "--no-build",
                "-o",
                folder.Path,
                "-v",
                "quiet",
                "--nologo",
                "-nodeReuse:false"
            )
            .Succeeds();

        using ZipArchive package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(folder.Path, "DataFreeKD.Manifests.*.nupkg")));
        string[] names = [.. package.Entries.Select(entry => entry.FullName)];
        Assert.Contains("README.md", names);
        Assert.Contains("lib/net10.0/DataFreeKD.Manifests.dll", names);
        Assert.Contains("lib/net10.0/DataFreeKD.Manifests.xml", names);

        using Stream specification = package.GetEntry("DataFreeKD.Manifests.nuspec")!.Open();
        XElement metadata = XDocument.Load(specification).Root!.Elements().First();
        Assert.Equal("MIT", Value(metadata, "license"));
        Assert.Equal("README.md", Value(metadata, "readme"));
        Assert.NotEmpty(Value(metadata, "description"));
        Assert.Contains("knowledge-distillation", Value(metadata, "tags"), StringComparison.Ordinal);

        using ZipArchive symbols = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(folder.Path, "*.snupkg")));
        Assert.Contains("lib/net10.0/DataFreeKD.Manifests.pdb", symbols.Entries.Select(entry => entry.FullName));
    }

    [Fact]
    public void Models_packs_the_cure_of_TorchSharps_loader_for_every_program_downstream()
    {
        string folder = Path.Combine(Programs.Root, "src", "Models");
        string[] packed =
        [
            .. XDocument
                .Load(Path.Combine(folder, "Models.csproj"))
                .Descendants("None")
                .Where(item => (string?)item.Attribute("Pack") == "true" && (string?)item.Attribute("PackagePath") == "buildTransitive/")
                .SelectMany(item => ((string)item.Attribute("Include")!).Split(';')),
        ];

        // NuGet imports the file that is named after the package, and that one imports the cure beside it.
        Assert.Equal(["DataFreeKD.Models.targets", "relax-torchsharp-native.targets"], packed.Select(Path.GetFileName).Order());
        Assert.All(packed, file => Assert.True(File.Exists(Path.Combine(folder, file)), file));
        string entry = File.ReadAllText(
            Path.Combine(folder, packed.Single(file => file.EndsWith("Models.targets", StringComparison.Ordinal)))
        );
        Assert.Contains("$(MSBuildThisFileDirectory)relax-torchsharp-native.targets", entry, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_library_has_a_readme_and_is_packed()
    {
        string packed = File.ReadAllText(Path.Combine(Programs.Root, "build", "libraries.slnf"));
        foreach (
            string folder in Directory
                .GetDirectories(Path.Combine(Programs.Root, "src"))
                .Where(folder => Directory.GetFiles(folder, "*.csproj").Length > 0)
        )
        {
            string name = Path.GetFileName(folder);
            Assert.True(File.Exists(Path.Combine(folder, "README.md")), $"src/{name}/README.md, which goes into the package, is missing");
            Assert.True(
                name == "Cli" || packed.Contains($@"src\\{name}\\{name}.csproj", StringComparison.Ordinal),
                $"build/libraries.slnf does not name {name}"
            );
        }
    }

    private static string Value(XElement metadata, string name) =>
        metadata.Elements().Single(element => element.Name.LocalName == name).Value;
}
