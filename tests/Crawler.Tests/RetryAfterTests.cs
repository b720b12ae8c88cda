// Retry-After in seconds and in HTTP's three forms of a date.

using DataFreeKD.Crawler.Politeness;

namespace DataFreeKD.Crawler.Tests;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(1994, 11, 6, 8, 48, 37, TimeSpan.Zero);

    [Theory]
    [InlineData("120", 120)]
    [InlineData(" 7 ", 7)]
    [InlineData("0", 0)]
    [InlineData("-5", 0)]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT", 60)]
    [InlineData("Sunday, 06-Nov-94 08:49:37 GMT", 60)]
    [InlineData("Sun Nov  6 08:49:37 1994", 60)]
    [InlineData("Sun Nov 13 08:48:37 1994", 7 * 86400)]
    [InlineData("Sun, 06 Nov 1994 08:47:37 GMT", 0)]
    [InlineData("Mon, 06 Nov 1994 08:49:37 GMT", 60)]
    [InlineData("Sun, 6 Nov 1994 08:49:37 GMT", 60)]
    public void Every_form_is_read(string header, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), RetryAfter.Parse(header, Now));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("-")]
    [InlineData("--5")]
    [InlineData("1.5")]
    [InlineData("5 s")]
    [InlineData("+5")]
    [InlineData("Sun, 06 Nov 1994 08:49:37")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 EST")]
    [InlineData("Sun, 31 Feb 1994 08:49:37 GMT")]
    [InlineData("Sun, 06 Nov 1994 25:49:37 GMT")]
    [InlineData("Sunday, 06-Nov-1994 08:49:37 GMT")]
    [InlineData("1994-11-06T08:49:37Z")]
    [InlineData(", ")]
    public void What_is_neither_is_null(string? header) => Assert.Null(RetryAfter.Parse(header, Now));

    [Theory]
    [InlineData(2026, "Friday, 01-Jan-27 00:00:00 GMT", 2027)]
    [InlineData(2026, "Friday, 01-Jan-76 00:00:00 GMT", 2076)]
    [InlineData(2026, "Friday, 01-Jan-77 00:00:00 GMT", 1977)]
    [InlineData(2099, "Friday, 01-Jan-00 00:00:00 GMT", 2100)]
    public void A_year_of_two_digits_is_at_most_fifty_years_ahead(int now, string header, int year)
    {
        DateTimeOffset start = new(now, 6, 1, 0, 0, 0, TimeSpan.Zero);
        TimeSpan expected = new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero) - start;
        Assert.Equal(expected > TimeSpan.Zero ? expected : TimeSpan.Zero, RetryAfter.Parse(header, start));
    }

    [Fact]
    public void A_number_beyond_all_bounds_is_a_long_time() =>
        Assert.InRange(RetryAfter.Parse(new string('9', 5000), Now)!.Value.TotalDays, 365, 36600);
}
