// What a program adds to a catalogue is there, and takes no other entry's place.

namespace DataFreeKD.Core.Tests;

public sealed class CatalogueTests
{
    [Fact]
    public void An_entry_of_one_s_own_comes_after_the_others()
    {
        Catalogue<string> colours = new("colour", name => name, "red", "green");
        colours.Register("dark-blue_2.0");
        Assert.Equal(["red", "green", "dark-blue_2.0"], colours.All);
    }

    [Theory]
    [InlineData("red", "already")]
    [InlineData("", "cannot be registered")]
    [InlineData("light blue", "cannot be registered")]
    [InlineData("blue*2", "cannot be registered")]
    [InlineData("blue+red", "cannot be registered")]
    public void A_name_that_is_taken_or_cannot_be_named_is_refused(string name, string said)
    {
        Catalogue<string> colours = new("colour", name => name, "red");
        Assert.Contains(said, Assert.Throws<ArgumentException>(() => colours.Register(name)).Message, StringComparison.Ordinal);
        Assert.Equal(["red"], colours.All);
    }

    [Fact]
    public void Entries_that_are_added_at_the_same_time_are_all_there()
    {
        Catalogue<string> numbers = new("number", name => name);
        Parallel.For(0, 200, number => numbers.Register($"n{number}"));
        Assert.Equal(200, numbers.All.Distinct().Count());
    }
}
