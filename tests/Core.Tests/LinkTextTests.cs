// Links that a copy left as their text.

using DataFreeKD.Testing;

namespace DataFreeKD.Core.Tests;

public sealed class LinkTextTests : IDisposable
{
    private readonly TempFolder folder = new();

    public LinkTextTests()
    {
        Directory.CreateDirectory(folder["blobs"]);
        Directory.CreateDirectory(folder["snapshots/rev"]);
        File.WriteAllText(folder["blobs/aa"], "weights");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_text_of_a_link_leads_to_the_file_that_is_there() =>
        Assert.Equal(folder["blobs/aa"], LinkText.Resolved(Written("../../blobs/aa")));

    [Theory]
    [InlineData("../../blobs/bb")]
    [InlineData("../../blobs")]
    [InlineData("../../blobs/aa\n")]
    [InlineData(" ../../blobs/aa")]
    [InlineData("link")]
    [InlineData("")]
    public void Any_other_text_is_what_it_is(string text)
    {
        string path = Written(text);
        Assert.Null(LinkText.TargetOf(path));
        Assert.Equal(path, LinkText.Resolved(path));
    }

    [Fact]
    public void An_absolute_path_is_not_followed() => Assert.Null(LinkText.TargetOf(Written(folder["blobs/aa"])));

    [Fact]
    public void What_is_not_there_leads_nowhere() => Assert.Null(LinkText.TargetOf(folder["nothing"]));

    private string Written(string text)
    {
        File.WriteAllText(folder["snapshots/rev/link"], text);
        return folder["snapshots/rev/link"];
    }
}
