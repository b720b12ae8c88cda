// Files appear whole or not at all.

using DataFreeKD.Testing;
using Microsoft.Win32.SafeHandles;

namespace DataFreeKD.Core.Tests;

public sealed class AtomicFileTests
{
    [Fact]
    public void A_file_appears_only_on_commit()
    {
        using TempFolder folder = new();
        string path = folder["sub/new.txt"];
        using (AtomicFile file = new(path))
        {
            file.Stream.Write("text"u8);
            Assert.False(File.Exists(path));
            file.Commit();
        }
        Assert.Equal("text", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void An_abandoned_write_leaves_the_old_file_and_no_other()
    {
        using TempFolder folder = new();
        AtomicFile.WriteAllText(folder["a.txt"], "old");
        using (AtomicFile file = new(folder["a.txt"]))
            file.Stream.Write("new"u8);
        Assert.Equal("old", File.ReadAllText(folder["a.txt"]));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_target_can_be_opened_at_any_moment_while_it_is_replaced()
    {
        using TempFolder folder = new();
        AtomicFile.WriteAllText(folder["a.txt"], "first");
        Task writer = Task.Run(
            () =>
            {
                for (int turn = 0; turn < 500; turn++)
                    AtomicFile.WriteAllText(folder["a.txt"], "later");
            },
            TestContext.Current.CancellationToken
        );
        while (!writer.IsCompleted)
        {
            using SafeFileHandle handle = File.OpenHandle(
                folder["a.txt"],
                FileMode.Open,
                FileAccess.ReadWrite,
                FileShare.ReadWrite | FileShare.Delete
            );
        }
        Assert.True(writer.IsCompletedSuccessfully);
    }

    [Fact]
    public void Two_writers_of_one_target_do_not_mix()
    {
        using TempFolder folder = new();
        Parallel.For(0, 50, turn => AtomicFile.WriteAllText(folder["a.txt"], new string((char)('a' + turn % 26), 10_000)));
        string text = File.ReadAllText(folder["a.txt"]);
        Assert.Equal(10_000, text.Length);
        Assert.Single(text.Distinct());
    }

    [Fact]
    public void A_folder_is_not_written_over()
    {
        using TempFolder folder = new();
        Assert.Throws<IOException>(() => new AtomicFile(folder.Path));
    }
}
