// Numbers as text: nothing is lost, whatever the culture.

using CsCheck;

namespace DataFreeKD.Manifests.Tests;

public sealed class NumbersTests
{
    private static readonly TableRow Row = new(new TableHeader(["x"], "t.csv"), [""], 2);

    [Fact]
    public void Every_single_parses_back_to_itself() =>
        Gen.Float.Sample(value => float.IsNaN(value) || (float)Numbers.Parse(Numbers.Format(value), Row, "x") == value);

    [Fact]
    public void Every_double_parses_back_to_itself() =>
        Gen.Double.Sample(value => double.IsNaN(value) || Numbers.Parse(Numbers.Format(value), Row, "x") == value);

    [Fact]
    public void Not_a_number_is_an_empty_field()
    {
        Assert.Equal("", Numbers.Format(float.NaN));
        Assert.Equal("", Numbers.Format(double.NaN));
        Assert.True(double.IsNaN(Numbers.Parse("", Row, "x")));
        Assert.True(double.IsNaN(Numbers.Parse(null, Row, "x")));
    }

    [Theory]
    [InlineData("1,5")]
    [InlineData("abc")]
    [InlineData("0x10")]
    public void Other_text_is_refused_by_line_and_column(string text)
    {
        TableException problem = Assert.Throws<TableException>(() => Numbers.Parse(text, Row, "x"));
        Assert.Contains("t.csv: line 2, column 'x'", problem.Message, StringComparison.Ordinal);
    }
}
