// How preprocessing is compared and written down.

using System.Text.Json;

namespace DataFreeKD.Core.Tests;

public sealed class PreprocessingTests
{
    [Fact]
    public void Two_are_equal_when_all_their_values_are()
    {
        Preprocessing first = new() { Mean = [0.1f, 0.2f, 0.3f] };
        Assert.Equal(first, new Preprocessing { Mean = [0.1f, 0.2f, 0.3f] });
        Assert.NotEqual(first, new Preprocessing { Mean = [0.1f, 0.2f, 0.4f] });
        Assert.NotEqual(first, first with { Interpolation = Interpolation.Bilinear });
    }

    [Theory]
    [InlineData(Interpolation.Bilinear, "bilinear")]
    [InlineData(Interpolation.Bicubic, "bicubic")]
    public void A_filter_has_one_name_in_words_and_in_json(Interpolation filter, string name)
    {
        Assert.Equal(name, filter.Name());
        Assert.Equal(filter, InterpolationNames.Find(name));
        Assert.Equal($"\"{name}\"", JsonSerializer.Serialize(filter));
        Assert.Equal(filter, JsonSerializer.Deserialize<Interpolation>($"\"{name}\""));
    }

    [Fact]
    public void Other_filters_are_not_known() => Assert.Null(InterpolationNames.Find("lanczos"));
}
