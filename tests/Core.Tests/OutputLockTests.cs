// One owner an output.

using DataFreeKD.Testing;

namespace DataFreeKD.Core.Tests;

public sealed class OutputLockTests
{
    [Fact]
    public void The_second_owner_is_refused_and_told_who_is_the_first()
    {
        using TempFolder folder = new();
        using (OutputLock.Take(folder["a.csv"], "score"))
        {
            OutputException refused = Assert.Throws<OutputException>(() => OutputLock.Take(folder["a.csv"], "select"));
            Assert.Matches(
                $@"a\.csv is being written by \S+ score \(process {Environment.ProcessId} on \S+ since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\dZ\); wait for it, or name another output\z",
                refused.Message
            );
            OutputLock.Take(folder["b.csv"], "score").Dispose();
        }
        OutputLock.Take(folder["a.csv"], "select").Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void One_folder_is_one_output_however_it_is_spelled()
    {
        using TempFolder folder = new();
        using OutputLock held = OutputLock.Take(folder["out"], "distill");
        Assert.Throws<OutputException>(() => OutputLock.Take(folder["out/"], "distill"));
        Assert.Throws<OutputException>(() => OutputLock.Take(folder["x/../out"], "distill"));
    }

    [Fact]
    public void A_lock_that_nobody_holds_is_taken_over()
    {
        using TempFolder folder = new();
        // As a killed run leaves it.
        File.WriteAllText(
            folder[".a.csv.lock"],
            "DataFreeKD output lock\ndfkd score (process 1 on gone since 2020-01-01 00:00:00Z)\n0011223344556677\n"
        );
        OutputLock.Take(folder["a.csv"], "score").Dispose();
        File.WriteAllText(folder[".a.csv.lock"], "");
        OutputLock.Take(folder["a.csv"], "score").Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_file_that_is_no_lock_is_left_alone()
    {
        using TempFolder folder = new();
        File.WriteAllText(folder[".a.csv.lock"], "mine");
        Assert.Contains(
            ".a.csv.lock is in the way",
            Assert.Throws<OutputException>(() => OutputLock.Take(folder["a.csv"], "score")).Message,
            StringComparison.Ordinal
        );
        Assert.Equal("mine", File.ReadAllText(folder[".a.csv.lock"]));
        Directory.CreateDirectory(folder[".b.csv.lock"]);
        Assert.Contains(
            "in the way",
            Assert.Throws<OutputException>(() => OutputLock.Take(folder["b.csv"], "score")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Of_many_at_once_one_at_a_time_has_it()
    {
        using TempFolder folder = new();
        int inside = 0,
            most = 0,
            taken = 0;
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            for (int turn = 0; turn < 200; turn++)
            {
                try
                {
                    using OutputLock held = OutputLock.Take(folder["new/deep/a.csv"], "score");
                    int now = Interlocked.Increment(ref inside);
                    InterlockedMax(ref most, now);
                    Interlocked.Increment(ref taken);
                    Interlocked.Decrement(ref inside);
                }
                catch (OutputException)
                {
                    // Held by another.
                }
            }
        });
        Assert.Equal(1, most);
        Assert.True(taken > 0);
        // The folder's maker could not remove it while another's lock was in it.
        Assert.Empty(Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Folders_made_for_a_lock_go_with_it_unless_something_was_written()
    {
        using TempFolder folder = new();
        OutputLock.Take(folder["x/y/a.csv"], "score").Dispose();
        Assert.False(Directory.Exists(folder["x"]));
        using (OutputLock.Take(folder["x/y/a.csv"], "score"))
            File.WriteAllText(folder["x/y/a.csv"], "");
        Assert.Equal(["a.csv"], Directory.GetFileSystemEntries(folder["x/y"]).Select(Path.GetFileName));
    }

    [Fact]
    public void What_appeared_meanwhile_is_not_replaced_unless_told()
    {
        using TempFolder folder = new();
        using (OutputLock held = OutputLock.Take(folder["a.csv"], "score"))
        {
            held.RefuseAppeared(overwrite: false);
            File.WriteAllText(folder["a.csv"], "");
            Assert.Contains(
                "appeared",
                Assert.Throws<OutputException>(() => held.RefuseAppeared(overwrite: false)).Message,
                StringComparison.Ordinal
            );
            held.RefuseAppeared(overwrite: true);
        }
        using OutputLock again = OutputLock.Take(folder["a.csv"], "score");
        again.RefuseAppeared(overwrite: false);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a\0b")]
    public void A_name_that_no_file_can_have_is_refused(string output) =>
        Assert.Contains(
            "the output",
            Assert.Throws<OutputException>(() => OutputLock.Take(output, "score")).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_folder_that_takes_no_new_files_is_named()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc");
        Assert.Contains(
            "takes no new files",
            Assert.Throws<OutputException>(() => OutputLock.Take("/proc/self/a.csv", "score")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_link_and_what_it_leads_to_have_one_owner()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        using TempFolder folder = new();
        Directory.CreateDirectory(folder["real/deep"]);
        File.WriteAllText(folder["real/deep/a.csv"], "");
        File.CreateSymbolicLink(folder["near.csv"], "real/deep/a.csv");
        File.CreateSymbolicLink(folder["far.csv"], folder["near.csv"]);
        Directory.CreateSymbolicLink(folder["way"], folder["real"]);
        Directory.CreateSymbolicLink(folder["model"], "real/deep");
        using (OutputLock.Take(folder["real/deep/a.csv"], "score"))
        {
            foreach (string link in (string[])["near.csv", "far.csv", "way/deep/a.csv"])
                Assert.Throws<OutputException>(() => OutputLock.Take(folder[link], "score"));
        }
        using (OutputLock.Take(folder["far.csv"], "score"))
            Assert.Throws<OutputException>(() => OutputLock.Take(folder["real/deep/a.csv"], "score"));
        using (OutputLock.Take(folder["model"], "distill"))
            Assert.Throws<OutputException>(() => OutputLock.Take(folder["way/deep"], "distill"));
        Assert.Empty(Directory.GetFiles(folder.Path, "*.lock", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_link_that_leads_to_nothing_or_to_itself_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        using TempFolder folder = new();
        File.CreateSymbolicLink(folder["a.csv"], "nowhere.csv");
        File.CreateSymbolicLink(folder["b.csv"], "b.csv");
        Assert.Contains(
            "nowhere.csv, where nothing is",
            Assert.Throws<OutputException>(() => OutputLock.Take(folder["a.csv"], "score")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "without end",
            Assert.Throws<OutputException>(() => OutputLock.Take(folder["b.csv"], "score")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_device_is_no_output()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "has /dev/null");
        Assert.Contains(
            "device",
            Assert.Throws<OutputException>(() => OutputLock.Take("/dev/null", "score")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains("device", Assert.Throws<IOException>(() => new AtomicFile("/dev/null")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_beside_an_output_have_one_owner_too()
    {
        using TempFolder folder = new();
        using (OutputLock.Take(folder["a.csv"], "score", folder["a.json"], folder["a.csv"]))
        {
            Assert.Contains(
                "a.json is being written by",
                Assert.Throws<OutputException>(() => OutputLock.Take(folder["a.parquet"], "score", folder["a.json"])).Message,
                StringComparison.Ordinal
            );
            // What was taken on the way is let go.
            OutputLock.Take(folder["a.parquet"], "score").Dispose();
            Assert.Null(OutputLock.TryTake(folder["a.csv"], "score", out string? holder));
            Assert.Contains("a.csv is being written by", holder, StringComparison.Ordinal);
        }
        using OutputLock held = OutputLock.Take(folder["a.parquet"], "score", folder["a.json"]);
        File.WriteAllText(folder["a.json"], "");
        Assert.Contains(
            "a.json appeared",
            Assert.Throws<OutputException>(() => held.RefuseAppeared(overwrite: false)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_name_that_no_file_system_takes_is_refused()
    {
        using TempFolder folder = new();
        Assert.Contains(
            "256 bytes",
            Assert.Throws<OutputException>(() => OutputLock.Take(folder[new string('n', 256)], "score")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_long_name_is_held_too()
    {
        using TempFolder folder = new();
        string name = folder[new string('n', 250)];
        using OutputLock held = OutputLock.Take(name, "score");
        Assert.Throws<OutputException>(() => OutputLock.Take(name, "score"));
    }

    private static void InterlockedMax(ref int most, int now)
    {
        for (int seen = most; now > seen; seen = most)
            Interlocked.CompareExchange(ref most, now, seen);
    }
}
