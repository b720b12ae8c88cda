// tdmrep.json files as people write them, and what they reserve.

using System.Text;
using CsCheck;
using DataFreeKD.Crawler.Politeness;

namespace DataFreeKD.Crawler.Tests;

public sealed class TdmFileTests
{
    [Theory]
    [InlineData("/directory-a/x.pdf", true)]
    [InlineData("/directory-b/html/index.html?a=1", true)]
    [InlineData("/directory-b/images/1.jpg", false)]
    [InlineData("/directory-b/images/1.png", false)]
    [InlineData("/Directory-A/x.pdf", false)]
    [InlineData("/exactly", true)]
    [InlineData("/exactly/not", false)]
    [InlineData("/price-$", true)]
    [InlineData("/%64irectory-a/x", true)]
    public void Paths_are_matched_as_the_protocol_says(string path, bool reserved)
    {
        // The example of the protocol, with two rules more.
        TdmFile file = Read(
            """
            [
              {"location": "/directory-a/", "tdm-reservation": 1},
              {"location": "/directory-b/html/", "tdm-reservation": 1, "tdm-policy": "https://provider.com/policies/policy.json"},
              {"location": "/directory-b/images/*.jpg", "tdm-reservation": 0},
              {"location": "/exactly$", "tdm-reservation": 1},
              {"location": "/price-%24", "tdm-reservation": 1}
            ]
            """
        );

        Assert.Equal(reserved, file.Reserves(path));
    }

    [Fact]
    public void The_first_rule_that_matches_decides()
    {
        TdmFile file = Read(
            """[{"location": "/free/", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": 1}, {"location": "/late/", "tdm-reservation": 0}]"""
        );

        Assert.Equal([false, true, true], new[] { "/free/a", "/a", "/late/a" }.Select(file.Reserves));
    }

    [Theory]
    [InlineData("\uFEFF[{\"location\": \"/\", \"tdm-reservation\": 1}]", true)]
    [InlineData("{\"location\": \"/\", \"tdm-reservation\": 1}", true)]
    [InlineData("[{\"location\": \"/\", \"tdm-reservation\": \"1\"},]", true)]
    [InlineData("[{\"location\": \"*\", \"tdm-reservation\": true}]", true)]
    [InlineData("[7, {\"location\": \"\", \"tdm-reservation\": 1}, {\"location\": \"/\"}, {\"tdm-reservation\": 1}]", false)]
    [InlineData("[{\"location\": [\"/\"], \"tdm-reservation\": 1}]", false)]
    [InlineData("[{\"location\": \"/\", \"tdm-reservation\": 2}]", false)]
    [InlineData("<html>not found</html>", false)]
    [InlineData("", false)]
    public void Files_that_are_not_quite_right_are_read_as_far_as_they_can_be(string text, bool reserved) =>
        Assert.Equal(reserved, Read(text).Reserves("/a"));

    [Fact]
    public void No_file_makes_the_reader_throw() =>
        Gen
            .Byte.Array[0, 200]
            .Sample(bytes =>
            {
                _ = TdmFile.Parse(bytes).Reserves("/a");
            });

    private static TdmFile Read(string text) => TdmFile.Parse(Encoding.UTF8.GetBytes(text));
}
