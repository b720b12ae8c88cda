// What killed writers leave, and who may remove it.

using DataFreeKD.Testing;

namespace DataFreeKD.Core.Tests;

public sealed class LeftoverTests
{
    [Fact]
    public void The_next_writer_of_a_target_removes_what_a_killed_one_left()
    {
        using TempFolder folder = new();
        string left = TemporaryName.For(folder["a.csv"]);
        File.WriteAllText(left, "half");

        AtomicFile.WriteAllText(folder["a.csv"], "whole");

        Assert.Equal([folder["a.csv"]], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Leftovers_of_other_targets_stay()
    {
        using TempFolder folder = new();
        foreach (string target in (string[])["a.csv.json", "b.csv", "a"])
            File.WriteAllText(TemporaryName.For(folder[target]), "half");

        AtomicFile.WriteAllText(folder["a.csv"], "whole");

        Assert.Equal(4, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void What_is_still_written_stays()
    {
        using TempFolder folder = new();
        string held = TemporaryName.For(folder["a.csv"]);
        using (FileStream writer = new(held, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None))
            AtomicFile.WriteAllText(folder["a.csv"], "whole");

        Assert.True(File.Exists(held));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(2, false)]
    public void What_another_machine_wrote_is_left_over_only_when_it_is_old(int days, bool stays)
    {
        using TempFolder folder = new();
        string foreign = folder[".a.csv.elsewhere-1-0123456789abcdef.tmp"];
        File.WriteAllText(foreign, "half");
        File.SetLastWriteTimeUtc(foreign, DateTime.UtcNow.AddDays(-days));

        AtomicFile.WriteAllText(folder["a.csv"], "whole");

        Assert.Equal(stays, File.Exists(foreign));
    }

    [Theory]
    [InlineData("a.csv")]
    [InlineData("a.b-1.2.csv")]
    [InlineData("späce and ünicode.parquet")]
    public void A_temporary_name_says_its_target(string name)
    {
        Assert.Equal((name, TemporaryName.Host), TemporaryName.Read(Path.GetFileName(TemporaryName.For(Path.Combine("/folder", name)))));
    }

    [Theory]
    [InlineData(".a.csv.tmp")]
    [InlineData("a.csv.host-1-0123456789abcdef.tmp")]
    [InlineData(".a.csv.host-1-0123.tmp")]
    [InlineData(".a.csv.host-1-0123456789abcdef.tmp.csv")]
    public void Other_names_are_no_leftovers(string name) => Assert.Null(TemporaryName.Read(name));

    [Fact]
    public void A_target_may_be_as_long_as_the_file_system_takes()
    {
        using TempFolder folder = new();
        string target = folder[new string('x', 251) + ".csv"];

        AtomicFile.WriteAllText(target, "whole");

        Assert.Equal("whole", File.ReadAllText(target));
    }

    [Fact]
    public void Writers_with_one_process_number_have_names_of_their_own()
    {
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(_ => TemporaryName.For("/folder/a.csv")).Distinct().Count());
    }
}
