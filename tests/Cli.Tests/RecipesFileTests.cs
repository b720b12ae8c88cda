// recipes.yaml: entries are command lines, and every complaint names file, line and column.

using DataFreeKD.Cli.Recipes;
using DataFreeKD.Distiller;
using DataFreeKD.Testing;

namespace DataFreeKD.Cli.Tests;

public sealed class RecipesFileTests
{
    private const string Good = """
        seeds: [0, 1, 5]
        baseline: plain
        tests:
          shapes: test
        defaults:
          selection: selected.csv
          teacher: teacher
          student: vit:img=16,patch=4,dim=16,depth=2,heads=2
          steps: 400
          lr: 2e-3
        recipes:
          - name: plain
          - name: probe
            loss: kd:T=2+probe*0.8
            flip: 0.25
            lr:
          - name: labels
            kind: train
            data: train
            label-smoothing: 0
        """;

    [Fact]
    public void Entries_become_the_options_of_their_command_over_the_defaults()
    {
        using TempFolder folder = World();
        ComparisonOptions options = Read(folder, Good);
        Assert.Equal([0L, 1, 5], options.Seeds);
        Assert.Equal("plain", options.Baseline);
        Assert.Equal(folder["test"], Assert.Single(options.TestSets).Labelled);
        Assert.Equal(["plain", "probe", "labels"], options.Recipes.Select(recipe => recipe.Name));

        DistillOptions plain = Assert.IsType<DistillOptions>(options.Recipes[0].Options),
            probe = Assert.IsType<DistillOptions>(options.Recipes[1].Options);
        Assert.Equal(
            (folder["selected.csv"], folder["teacher"], 400, 2e-3),
            (plain.Selection, plain.Teacher, plain.Steps!.Value, plain.LearningRate!.Value)
        );
        Assert.Null(plain.Loss);
        // An empty value takes the command's own default back.
        Assert.Equal(
            (DataFreeKD.Distiller.Losses.Recipe.Parse("kd:T=2+probe*0.8").ToString(), (double?)null),
            (probe.Loss!.ToString(), probe.LearningRate)
        );
        TrainOptions labels = Assert.IsType<TrainOptions>(options.Recipes[2].Options);
        Assert.Equal(
            (folder["train"], plain.Student, 0.0, 400),
            (labels.Labelled, labels.Model, labels.LabelSmoothing, labels.Steps!.Value)
        );
        options.Validate();
    }

    [Fact]
    public void Images_to_validate_on_are_relative_to_the_file_as_every_path_in_it()
    {
        using TempFolder folder = World();
        ComparisonOptions options = Read(
            folder,
            Good.Replace("steps: 400", "steps: 400\n  validation: held-out.csv", StringComparison.Ordinal)
        );
        Assert.Equal(folder["held-out.csv"], Assert.IsType<DistillOptions>(options.Recipes[0].Options).ValidationPath);
    }

    [Theory]
    [InlineData('[', 200_000)]
    [InlineData('{', 5_000)]
    public void Brackets_without_end_are_one_line_and_no_crash(char bracket, int count)
    {
        using TempFolder folder = World();
        UsageException problem = Assert.Throws<UsageException>(() => Read(folder, new string(bracket, count)));
        Assert.Contains("deep", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem.Message);
        Assert.Throws<UsageException>(() =>
            Read(folder, string.Concat(Enumerable.Range(0, 300).Select(depth => $"{new string(' ', depth)}a:\n")))
        );
    }

    [Fact]
    public void Lists_become_options_given_several_times()
    {
        using TempFolder folder = World();
        ComparisonOptions options = Read(
            folder,
            Good.Replace("flip: 0.25", "teacher: [teacher, train]\n    student: test", StringComparison.Ordinal)
        );
        DistillOptions several = (DistillOptions)options.Recipes[1].Options;
        Assert.Equal(
            (folder["teacher"], folder["train"], folder["test"]),
            (several.Teacher, Assert.Single(several.FurtherTeachers), several.Student)
        );
        options = Read(
            folder,
            Good.Replace("flip: 0.25", "via: [train, 'vit:img=32,patch=8,dim=16,depth=2,heads=2']", StringComparison.Ordinal)
        );
        Assert.Equal([folder["train"], "vit:img=32,patch=8,dim=16,depth=2,heads=2"], ((DistillOptions)options.Recipes[1].Options).Via);
    }

    public static TheoryData<string, string, string> Bad =>
        new()
        {
            { "seeds: [0, 1, 5]", "seeds: [0, one]", "recipes.yaml:1:12: seeds: 'one' is not a whole number" },
            { "seeds: [0, 1, 5]", "seeds: 3", "recipes.yaml:1:8: seeds: expected a list" },
            { "seeds: [0, 1, 5]", "seed: [0]", "recipes.yaml:1:1: unknown key 'seed'" },
            { "seeds: [0, 1, 5]", "equal-steps: true", "recipes.yaml:1:1: 'seeds' is missing" },
            { "  shapes: test", "  shapes: elsewhere", "recipes.yaml:4:3: test set 'shapes': there is nothing at" },
            { "  teacher: teacher", "  teecher: teacher", "recipes.yaml:7:3: defaults: unknown key 'teecher'" },
            { "  lr: 2e-3", "  seed: 3", "recipes.yaml:10:3: defaults: 'seed' is set for the whole comparison" },
            { "  lr: 2e-3", "  ranks: mpi", "recipes.yaml:10:3: defaults: 'ranks' is for one training" },
            { "    flip: 0.25", "    flop: 0.25", "recipes.yaml:15:5: recipe 'probe': unknown key 'flop'" },
            { "    flip: 0.25", "    flip: much", "recipes.yaml:15:5: recipe 'probe': --flip much: expected a number" },
            { "    loss: kd:T=2+probe*0.8", "    loss: kd+nothing", "recipes.yaml:13:5: recipe 'probe': " },
            { "    loss: kd:T=2+probe*0.8", "    loss: {a: 1}", "recipes.yaml:14:11: loss: expected a single value" },
            { "    flip: 0.25", "    epochs: 3", "recipes.yaml:13:5: recipe 'probe': --steps and --epochs exclude each other" },
            { "    flip: 0.25", "    flip: 1\n    flip: 0", "recipes.yaml:16:" },
            { "  - name: plain", "  - probe: 1", "recipes.yaml:12:5: a recipe has no name" },
            { "    kind: train", "    kind: learn", "recipes.yaml:18:11: kind 'learn': expected distill or train" },
            { "    data: train", "    ema: 0.5", "recipes.yaml:17:5: recipe 'labels': 'data' is missing" },
            { "    label-smoothing: 0", "    teacher: t", "recipes.yaml:20:5: recipe 'labels': unknown key 'teacher'" },
            { "  selection: selected.csv", "  selection: [", "recipes.yaml:6:" },
        };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_mistake_is_one_line_with_file_line_and_column(string line, string instead, string expected)
    {
        using TempFolder folder = World();
        Assert.Contains(line, Good, StringComparison.Ordinal);
        string message = Assert.Throws<UsageException>(() => Read(folder, Good.Replace(line, instead, StringComparison.Ordinal))).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_file_that_is_no_mapping_is_refused()
    {
        using TempFolder folder = World();
        Assert.Contains("one mapping", Assert.Throws<UsageException>(() => Read(folder, "- a\n- b\n")).Message, StringComparison.Ordinal);
        Assert.Contains("one mapping", Assert.Throws<UsageException>(() => Read(folder, "")).Message, StringComparison.Ordinal);
    }

    private static TempFolder World()
    {
        TempFolder folder = new();
        foreach (string name in (string[])["test", "train", "teacher"])
            Directory.CreateDirectory(folder[name]);
        return folder;
    }

    private static ComparisonOptions Read(TempFolder folder, string text)
    {
        File.WriteAllText(folder["recipes.yaml"], text);
        return RecipesFile.Read(folder["recipes.yaml"], folder["out"], "cpu", 2);
    }
}
