// srcset: the largest of the addresses.

using DataFreeKD.Crawler.Pages;

namespace DataFreeKD.Crawler.Tests;

public sealed class SrcsetTests
{
    [Theory]
    [InlineData("a.jpg", "a.jpg")]
    [InlineData("a.jpg 1x, b.jpg 2x, c.jpg 1.5x", "b.jpg")]
    [InlineData("a.jpg, b.jpg 2x", "b.jpg")]
    [InlineData("a.jpg, b.jpg 0.5x", "a.jpg")]
    [InlineData("a.jpg 320w, b.jpg 1280w, c.jpg 640w", "b.jpg")]
    [InlineData("a.jpg 320w 100h, b.jpg 640w 200h", "b.jpg")]
    [InlineData("a.jpg 3x, b.jpg 2w", "b.jpg")]
    [InlineData("a.jpg 1x,b.jpg 2x", "b.jpg")]
    [InlineData("a.jpg,b.jpg 2x", "a.jpg,b.jpg")]
    [InlineData("  a.jpg\n 1x ,\t b.jpg \r\n2x , ", "b.jpg")]
    [InlineData("/w_100,h_50/a.jpg 100w, /w_200,h_100/a.jpg 200w", "/w_200,h_100/a.jpg")]
    [InlineData("a.jpg, , ,b.jpg 2x,,", "b.jpg")]
    [InlineData("a.jpg 2x, b.jpg 2x", "a.jpg")]
    [InlineData("a.jpg bogus, b.jpg 2x", "b.jpg")]
    [InlineData("a.jpg w, b.jpg x", "a.jpg")]
    [InlineData("a.jpg -5w", "a.jpg")]
    [InlineData("a.jpg 1e999w, b.jpg 2x", "b.jpg")]
    [InlineData("a.jpg f(1, 2) 9w, b.jpg 8w", "a.jpg")]
    [InlineData("a.jpg f(1, 2", "a.jpg")]
    [InlineData("", null)]
    [InlineData(" , ,, ", null)]
    public void The_largest_is_taken_the_first_of_equals(string srcset, string? largest) => Assert.Equal(largest, Srcset.Largest(srcset));
}
