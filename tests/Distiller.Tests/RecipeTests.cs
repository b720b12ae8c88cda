// Recipes: what is read, what is printed, what is refused and how.

using System.Globalization;
using DataFreeKD.Distiller.Losses;

namespace DataFreeKD.Distiller.Tests;

public sealed class RecipeTests
{
    [Theory]
    [InlineData("kd", "kd:T=4,head=mean,standardise=0,reduction=batchmean")]
    [InlineData("kd:T=2.50*1.0", "kd:T=2.5,head=mean,standardise=0,reduction=batchmean")]
    [InlineData(
        " kd : T = 1e1 * 2 + probe * 0.8 ",
        "kd:T=10,head=mean,standardise=0,reduction=batchmean*2+probe:variant=corrected,layers=all*0.8"
    )]
    [InlineData("kd+probe:0.8", "kd:T=4,head=mean,standardise=0,reduction=batchmean+probe:variant=corrected,layers=all*0.8")]
    [InlineData("probe:variant=official,0.5", "probe:variant=official,layers=all*0.5")]
    [InlineData("hidden:3", "hidden*3")]
    [InlineData("preset:attention-probe*2", "kd:T=4,head=mean,standardise=0,reduction=batchmean*2+probe:variant=corrected,layers=all*1.6")]
    [InlineData(
        "kd:teacher=02,T=1+hidden:teacher=agree",
        "kd:T=1,head=mean,standardise=0,reduction=batchmean,teacher=2+hidden:teacher=agree"
    )]
    [InlineData("preset:kd+hidden", "kd:T=4,head=mean,standardise=0,reduction=batchmean+hidden")]
    public void A_recipe_is_printed_with_every_parameter(string text, string printed) =>
        Assert.Equal(printed, Recipe.Parse(text).ToString());

    [Fact]
    public void Every_preset_and_every_loss_is_read_back_from_what_it_prints()
    {
        foreach (
            string text in RecipePresets.All.Keys.Select(name => "preset:" + name).Concat(LossCatalogue.All.Select(entry => entry.Name))
        )
        {
            string printed = Recipe.Parse(text).ToString();
            Assert.Equal(printed, Recipe.Parse(printed).ToString());
            Assert.DoesNotContain("preset", printed, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_recipe_remembers_the_presets_that_it_was_written_with() =>
        Assert.Equal(["dfnd", "tat"], Recipe.Parse("preset:dfnd+kd+preset:tat*2+preset:dfnd").Presets);

    [Fact]
    public void Presets_that_follow_a_program_have_a_value_computed_from_it()
    {
        string[] names = ["attention-probe-official", "dfnd", "deit-soft", "vitkd", "manifold", "tat-official"];
        HashSet<string> referenced = [.. Enumerable.Range(0, LossCase.Count).Select(LossCase.Name)];
        Assert.All(names, name => Assert.Contains("preset:" + name, referenced));
        Assert.All(names, name => Assert.Contains("code does", RecipePresets.All[name].Source, StringComparison.Ordinal));
        Assert.All(names, name => Assert.NotEqual("", RecipePresets.All[name].Differs));
    }

    [Theory]
    [InlineData("", 1, "a loss is missing")]
    [InlineData("kd+", 4, "a loss is missing")]
    [InlineData("kd+porbe", 4, "known: kd, ")]
    [InlineData("kd:t=3", 4, "'t' is no parameter of kd; known: T, head, standardise, reduction")]
    [InlineData("kd:T=0", 6, "above 0")]
    [InlineData("kd:T=warm", 6, "above 0")]
    [InlineData("kd:T=1,T=2", 8, "given twice")]
    [InlineData("kd:head=tail", 9, "mean or cls or dist")]
    [InlineData("kd:teacher=0", 12, "mean or confident or agree or a whole number from 1")]
    [InlineData("kd:", 4, "neither key=value nor a weight")]
    [InlineData("kd*0", 4, "leave the term out")]
    [InlineData("kd*-1", 4, "above 0")]
    [InlineData("kd*one", 4, "no number")]
    [InlineData("kd:2*3", 4, "'2' is no parameter of kd")]
    [InlineData("hidden:T=1", 8, "hidden has no parameters")]
    [InlineData("kd+preset:nobody", 11, "known: kd, attention-probe")]
    public void A_recipe_that_cannot_be_is_refused_with_place_and_cure(string text, int character, string cure)
    {
        string message = Assert.Throws<DistillException>(() => Recipe.Parse(text)).Message;
        Assert.Contains($"'{text}', character {character}:", message, StringComparison.Ordinal);
        Assert.Contains(cure, message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_second_loss_of_a_kind_has_a_name_of_its_own()
    {
        Recipe recipe = Recipe.Parse("kd:T=1+probe+kd:T=8");
        Assert.Equal(["kd", "probe", "kd_2"], recipe.Terms.Select(term => term.Label));
        Assert.Equal([1.0, 8.0], recipe.Terms.Where(term => term.Entry.Name == "kd").Select(term => term.Number("T")));
    }

    [Fact]
    public void Numbers_do_not_hang_on_the_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture,
            comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat.NumberDecimalSeparator = ",";
        try
        {
            CultureInfo.CurrentCulture = comma;
            Assert.Equal("kd:T=2.5,head=mean,standardise=0,reduction=batchmean*0.5", Recipe.Parse("kd:T=2.5*0.5").ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void A_recipe_made_in_code_is_the_one_written()
    {
        LossEntry kd = LossCatalogue.Find("kd")!,
            probe = LossCatalogue.Find("probe")!;
        Recipe made = Recipe.From(kd.Term(1, ("T", "4")), probe.Term(0.8), kd.Term(0.5, ("T", "1")));
        Recipe written = Recipe.Parse("kd:T=4+probe*0.8+kd:T=1*0.5");
        Assert.Equal(written.ToString(), made.ToString());
        Assert.Equal(written.Terms.Select(term => term.Label), made.Terms.Select(term => term.Label));
        Assert.Contains(
            "is no parameter of kd",
            Assert.Throws<DistillException>(() => kd.Term(1, ("colour", "red"))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains("must be above 0", Assert.Throws<DistillException>(() => kd.Term(0)).Message, StringComparison.Ordinal);
        Assert.Throws<DistillException>(() => Recipe.From());
    }
}
