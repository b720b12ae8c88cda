// Temporary files, and room for outputs of a known size.

using DataFreeKD.Testing;

namespace DataFreeKD.Core.Tests;

public sealed class ScratchFolderTests
{
    [Fact]
    public void New_files_and_folders_are_empty_and_differ()
    {
        string file = ScratchFolder.NewFile(),
            folder = ScratchFolder.NewFolder("dfkd-test-"),
            other = ScratchFolder.NewFolder("dfkd-test-");
        try
        {
            Assert.Equal(0, new FileInfo(file).Length);
            Assert.Empty(Directory.GetFileSystemEntries(folder));
            Assert.NotEqual(folder, other);
        }
        finally
        {
            File.Delete(file);
            Directory.Delete(folder);
            Directory.Delete(other);
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_both_sizes()
    {
        using TempFolder folder = new();
        FreeSpace.Require(folder["new/deep/a.bin"], 1);
        Assert.Matches(
            "a.bin will take .* MB, and .* has .* MB left",
            Assert.Throws<OutputException>(() => FreeSpace.Require(folder["new/deep/a.bin"], long.MaxValue / 2)).Message
        );
    }
}
