// Estimates of a student's accuracy on a tiny world: the images that were held out, the truth beside, and what is refused.

using System.Globalization;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Evaluation;
using DataFreeKD.Distiller.Training;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class EstimateTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(true, 5L)]
    public void The_slice_is_the_one_that_the_distillation_held_out(bool broken, long? dataSeed)
    {
        using TempFolder folder = new();
        string selection = broken ? BrokenSelection(folder) : world.Selection;
        DistillOptions options = Student(folder["s"]) with { Selection = selection, Seed = 3, DataSeed = dataSeed };
        DistillRun.Execute(options, cancel: Cancel);

        HeldOutSlice slice = HeldOutSlice.Of(folder["s"], 2, null, Cancel);

        IReadOnlyList<string> paths = SelectionImages.Read(selection, Cancel).Paths;
        using LoadedModel teacher = ModelStore.Load(world.Teacher);
        using TrainingImages images = new(options, new ImageList(paths), teacher.Preprocessing, 16, selection, null, Cancel);
        Assert.Equal(images.HeldOut.Select(slot => paths[slot]), slice.Paths);
        Assert.Equal((36, selection), (slice.Paths.Count, slice.Selection));
        Assert.Equal(broken, images.Skipped.Count > 0);
    }

    [Fact]
    public void An_estimate_tells_the_truth_beside_where_labels_exist()
    {
        using TempFolder folder = new();
        DistillRun.Execute(Student(folder["s"]), cancel: Cancel);
        EvaluationReport truth = EvaluateRun.Execute(
            new EvaluateOptions
            {
                Model = folder["s"],
                Labelled = world.Images,
                Against = world.Teacher,
            },
            cancel: Cancel
        );

        EstimateReport report = Run(folder["s"], options =>
            options with
            {
                Images = world.Images,
                Labelled = world.Images,
                TeacherAccuracy = 0.9,
                BatchSize = 50,
            }
        );

        Assert.Equal((120, false, world.Images), (report.Images, report.HeldOut, report.Source));
        Assert.Equal(truth.Against!.Agreement, report.Agreement, 12);
        Assert.Equal(report.Agreement * 0.9, report.AgreementTimesAccuracy!.Value, 12);
        Assert.Equal((120, truth.Top1), (report.Labelled!.Images, report.Labelled.Top1));
        Assert.Equal(report.Estimate - truth.Top1, report.Labelled.Error, 12);
        Assert.Equal(truth.Top1 >= report.Low && truth.Top1 <= report.High, report.Labelled.Held);
        Assert.True(report.Low <= report.Estimate && report.Estimate <= report.High);
        Assert.Equal((120, 60, 60), (report.All.Images, report.Familiar.Images, report.Unfamiliar.Images));
    }

    [Fact]
    public void The_teacher_as_its_own_student_is_expected_to_be_as_good_as_said()
    {
        EstimateReport report = Run(world.Teacher, options => options with { Images = world.Selection, TeacherAccuracy = 0.75 });
        Assert.Equal(1, report.Agreement);
        Assert.Equal(0.75, report.Estimate, 1e-6);
        Assert.Equal(1, report.Retained, 1e-6);
        Assert.DoesNotContain(report.Warnings, warning => warning.Contains("calibration", StringComparison.Ordinal));

        EstimateReport plain = Run(world.Teacher, options => options with { Images = world.Selection });
        EvaluationReport measured = EvaluateRun.Execute(
            new EvaluateOptions { Model = world.Teacher, Labelled = world.Images },
            cancel: Cancel
        );
        Assert.Equal(measured.MeanConfidence, plain.Estimate, 1e-5);
        Assert.Null(plain.AgreementTimesAccuracy);
        // As good as itself, however sure it is of either half.
        Assert.Equal((1.0, 1.0, 1.0), (plain.Retained, plain.RetainedLow, plain.RetainedHigh));
        Assert.Contains(plain.Warnings, warning => warning.Contains("--teacher-accuracy", StringComparison.Ordinal));
    }

    [Fact]
    public void Images_that_cannot_be_used_are_counted_by_reason()
    {
        using TempFolder folder = new();
        EstimateReport report = Run(world.Teacher, options => options with { Images = BrokenSelection(folder) });
        Assert.Equal(120, report.Images);
        Assert.Equal(2, report.Skipped.Values.Sum());
    }

    [Fact]
    public void A_selection_that_has_changed_is_refused()
    {
        using TempFolder folder = new();
        File.Copy(BrokenSelection(folder), folder["mine.csv"]);
        DistillRun.Execute(Student(folder["s"]) with { Selection = folder["mine.csv"] }, cancel: Cancel);
        File.AppendAllText(folder["mine.csv"], "another.png,ok,1\n");
        Assert.Contains("is not as it was", Refused(folder["s"]), StringComparison.Ordinal);
        File.Delete(folder["mine.csv"]);
        Assert.Contains("is not there", Refused(folder["s"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_selection_that_moved_with_its_student_is_found_by_its_content()
    {
        using TempFolder before = new(),
            after = new();
        File.Copy(BrokenSelection(before), before["mine.csv"]);
        DistillRun.Execute(Student(before["runs/s"]) with { Selection = before["mine.csv"] }, cancel: Cancel);
        HeldOutSlice then = HeldOutSlice.Of(before["runs/s"], 2, null, Cancel);
        Directory.Move(before["runs"], after["runs"]);
        foreach (string name in (string[])["mine.csv", "broken.png"])
            File.Move(before[name], after[name]);

        HeldOutSlice now = HeldOutSlice.Of(after["runs/s"], 2, null, Cancel);

        Assert.Equal((after["mine.csv"], then.Paths.Count), (now.Selection, now.Paths.Count));
        Assert.Equal(then.Paths, now.Paths);
    }

    [Fact]
    public void A_slice_that_cannot_be_told_for_certain_is_refused_with_the_cure()
    {
        using TempFolder folder = new();
        DistillRun.Execute(Student(folder["all"]) with { HoldOut = 0, Steps = 1 }, cancel: Cancel);
        Assert.Contains("hold-out 0", Refused(folder["all"]), StringComparison.Ordinal);
        Assert.Contains("dfkd train", Refused(world.Teacher), StringComparison.Ordinal);

        DistillRun.Execute(Student(folder["s"]) with { Selection = BrokenSelection(folder), Steps = 1 }, cancel: Cancel);
        File.Delete(folder["broken.png"]);
        File.WriteAllBytes(folder["broken.png"], TinyWorld.Draw(0, 0));
        Assert.Contains("can be read now", Refused(folder["s"]), StringComparison.Ordinal);
        File.Delete(Path.Combine(folder["s"], "provenance.json"));
        Assert.Contains("no provenance.json", Refused(folder["s"]), StringComparison.Ordinal);
        foreach (string student in (string[])[folder["all"], folder["s"], world.Teacher])
            Assert.Contains("Images", Refused(student), StringComparison.Ordinal);
    }

    [Fact]
    public void Models_and_images_that_do_not_fit_are_refused_in_one_line()
    {
        using TempFolder folder = new();
        Save(folder["headless"], 0);
        Save(folder["four"], 4);
        File.WriteAllLines(folder["few.csv"], File.ReadLines(BrokenSelection(folder)).Take(30));
        Assert.Contains(
            "no classification head",
            Refused(world.Teacher, options => options with { Teacher = folder["headless"] }),
            StringComparison.Ordinal
        );
        Assert.Contains("4 classes", Refused(folder["four"], options => options with { Images = world.Images }), StringComparison.Ordinal);
        Assert.Contains(
            "29 of 29 images could be used",
            Refused(world.Teacher, options => options with { Images = folder["few.csv"] }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "above chance",
            Refused(world.Teacher, options => options with { Images = world.Images, TeacherAccuracy = 0.3 }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "70 %",
            Refused(world.Teacher, options => options with { Images = world.Images, TeacherAccuracy = 70.57 }),
            StringComparison.Ordinal
        );
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private DistillOptions Student(string output) => world.Distill(output) with { Steps = 20, HoldOut = 0.3 };

    // All images by absolute path, then one that is none and one that is not there.
    private string BrokenSelection(TempFolder folder)
    {
        File.WriteAllText(folder["broken.png"], "not an image");
        File.WriteAllLines(
            folder["broken.csv"],
            [
                .. File.ReadLines(world.Selection).Select(line => line.Replace("images/", world.Images + "/", StringComparison.Ordinal)),
                "broken.png,ok,1",
                "gone.png,ok,1",
            ]
        );
        return folder["broken.csv"];
    }

    private static void Save(string path, int classes)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using ImageModel model = StudentFactory.Fresh(TinyWorld.Spec, classes, 0);
        ModelStore.Save(
            path,
            model,
            new Preprocessing { ImageSize = 16 },
            [.. Enumerable.Range(0, classes).Select(c => c.ToString(CultureInfo.InvariantCulture))]
        );
    }

    private EstimateReport Run(string student, Func<EstimateOptions, EstimateOptions> change) =>
        EstimateRun.Execute(
            change(
                new EstimateOptions
                {
                    Student = student,
                    Teacher = world.Teacher,
                    Workers = 2,
                }
            ),
            cancel: Cancel
        );

    private string Refused(string student, Func<EstimateOptions, EstimateOptions>? change = null) =>
        Assert.Throws<DistillException>(() => Run(student, change ?? (options => options))).Message;
}
