// Which teacher a loss learns from, if there are several.

using System.Globalization;
using TorchSharp;

namespace DataFreeKD.Distiller.Losses;

/// <summary>The <c>teacher</c> of a term, which every loss knows: <c>mean</c>, <c>confident</c>, <c>agree</c>
/// (<see cref="TeacherMixture"/>), or a number, 1 for the first. With one teacher the words mean that one.</summary>
internal sealed class TeacherChoice
{
    private const string Mean = "mean",
        Confident = "confident",
        Agree = "agree";

    private readonly string? word;
    private readonly string name;

    /// <summary>The choice of a term.</summary>
    public TeacherChoice(RecipeTerm term)
    {
        ArgumentNullException.ThrowIfNull(term);
        (name, word) = (term.Entry.Name, term.Values.GetValueOrDefault(Key.Name));
        Number = int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
    }

    /// <summary>The key of a recipe. Unlike a loss's own keys it is printed only where it was given.</summary>
    public static LossKey Key { get; } = LossKey.WordOrWhole("teacher", "which of several teachers it learns from", Mean, Confident, Agree);

    /// <summary>The one teacher named, from 1; null for a mixture.</summary>
    public int? Number { get; }

    /// <summary>Index of the one teacher that is listened to, from 0; null for a mixture of several.</summary>
    /// <param name="teachers">How many there are, 1 or more.</param>
    /// <param name="features">Whether more than logits is read: features of several teachers cannot be mixed, so the first one's are taken
    /// unless another is named.</param>
    /// <exception cref="DistillException">There is no such teacher, or a mixture of features was asked for.</exception>
    public int? Among(int teachers, bool features)
    {
        if (Number > teachers)
            throw new DistillException(
                $"{name}:teacher={Number} does not exist: {(teachers == 1 ? "there is one teacher" : $"there are {teachers} teachers")}; give FurtherTeachers once for each, in the order of their numbers"
            )
            {
                Options = [nameof(DistillOptions.FurtherTeachers)],
            };
        if (teachers == 1)
            return 0;
        if (features && Number is null && word is not null)
            throw new DistillException(
                $"{name}:teacher={word} cannot be: the loss reads features, which several teachers cannot share; name one (teacher=1 to {teachers})"
            );
        return Number is { } number ? number - 1
            : features ? 0
            : null;
    }

    /// <summary>What several teachers say together.</summary>
    /// <param name="logits">Of each teacher, <c>[B, C]</c>.</param>
    /// <returns><c>[B, C]</c>, logarithms of probabilities.</returns>
    public torch.Tensor Mix(IReadOnlyList<torch.Tensor> logits) =>
        word switch
        {
            Confident => TeacherMixture.Confident(logits),
            Agree => TeacherMixture.Agreeing(logits),
            _ => TeacherMixture.Mean(logits),
        };
}
