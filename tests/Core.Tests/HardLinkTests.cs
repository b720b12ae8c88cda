// Of several who give one name, one succeeds.

using DataFreeKD.Testing;

namespace DataFreeKD.Core.Tests;

public sealed class HardLinkTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Of_many_at_once_one_is_first_and_its_bytes_stay()
    {
        const int racers = 16;
        for (int round = 0; round < 20; round++)
        {
            string name = folder[$"name-{round}"];
            using Barrier start = new(racers);
            bool[] first = await Task.WhenAll(
                Enumerable
                    .Range(0, racers)
                    .Select(racer =>
                        Task.Factory.StartNew(
                            () =>
                            {
                                string own = folder[$"{round}-{racer}"];
                                File.WriteAllText(own, $"{racer}");
                                start.SignalAndWait();
                                return HardLink.TryCreate(own, name);
                            },
                            TestContext.Current.CancellationToken,
                            TaskCreationOptions.LongRunning,
                            TaskScheduler.Default
                        )
                    )
            );
            Assert.Equal($"{Array.IndexOf(first, true)}", await File.ReadAllTextAsync(name, TestContext.Current.CancellationToken));
            Assert.Single(first, won => won);
        }
    }

    [Fact]
    public void A_file_or_folder_that_is_gone_is_told()
    {
        File.WriteAllText(folder["a"], "");
        Assert.Throws<FileNotFoundException>(() => HardLink.TryCreate(folder["missing"], folder["b"]));
        Assert.Throws<FileNotFoundException>(() => HardLink.TryCreate(folder["a"], folder["missing/b"]));
        Assert.True(HardLink.TryCreate(folder["a"], folder["b"]));
        Assert.False(HardLink.TryCreate(folder["a"], folder["b"]));
    }
}
