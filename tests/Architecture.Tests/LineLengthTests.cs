// Lines of code that fit a screen.

namespace DataFreeKD.Architecture.Tests;

public sealed class LineLengthTests
{
    private const int Longest = 140;

    [Fact]
    public void No_line_of_code_is_longer_than_140_characters_string_literals_apart()
    {
        string root = DocumentationTests.FindRoot();
        string[] folders = ["src", "tests", "samples", "bench"];
        IEnumerable<string> files = folders
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));
        Assert.Empty(
            files.SelectMany(file =>
                TooLong(File.ReadLines(file))
                    .Select(number => $"{Path.GetRelativePath(root, file)}:{number} is too long; build/format.sh breaks it")
            )
        );
    }

    [Theory]
    [InlineData("    throw new E($\"{0}\");", 0)]
    [InlineData("    Call({0});", 1)]
    [InlineData("    // {0} \"quoted\"", 1)]
    [InlineData("    string page = \"\"\"\n{0}\n\"\"\";\n    Call({0});", 4)]
    public void Only_literals_may_be_long(string code, int line) =>
        Assert.Equal(line == 0 ? [] : [line], TooLong(code.Replace("{0}", new string('x', Longest), StringComparison.Ordinal).Split('\n')));

    // The numbers of lines that are too long where their text, from its first quote to its last, is left out.
    private static IEnumerable<int> TooLong(IEnumerable<string> lines)
    {
        bool withinRaw = false;
        foreach ((int number, string line) in lines.Index())
        {
            bool raw = withinRaw;
            if (line.Split("\"\"\"").Length % 2 == 0)
                withinRaw = !withinRaw;
            if (line.Length <= Longest || raw)
                continue;
            bool comment = line.TrimStart().StartsWith("//", StringComparison.Ordinal);
            int text = comment ? 0 : Math.Max(0, line.LastIndexOf('"') - line.IndexOf('"', StringComparison.Ordinal));
            if (line.Length - text > Longest)
                yield return number + 1;
        }
    }
}
