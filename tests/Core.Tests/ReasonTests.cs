// The codes of reasons are short, stable and told apart.

using System.Reflection;
using System.Text.RegularExpressions;

namespace DataFreeKD.Core.Tests;

public sealed partial class ReasonTests
{
    private static readonly string[] Codes =
    [
        .. typeof(Reason).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!),
    ];

    [Fact]
    public void Every_code_is_one_word_of_small_letters_and_there_once()
    {
        Assert.All(Codes, code => Assert.Matches(Form(), code));
        Assert.Equal(Codes.Length, Codes.Distinct().Count());
    }

    [Fact]
    public void An_answer_of_the_web_has_its_status() => Assert.Equal("http_404", Reason.Http(404));

    [GeneratedRegex("^[a-z]+[a-z0-9]*([_/][a-z][a-z0-9]*)*$")]
    private static partial Regex Form();
}
