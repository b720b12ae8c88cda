// dfkd estimate as a user runs it: after a distillation, without a word about images.

using System.Text.Json;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class EstimateTests(TinyWorld world)
{
    [Fact]
    public void A_students_accuracy_is_predicted_from_what_its_distillation_held_out()
    {
        using TempFolder folder = new();
        Programs
            .RunDfkd(
                "distill",
                world.Selected,
                "--teacher",
                world.Teacher,
                "--student",
                TinyWorld.Spec,
                "--steps",
                "20",
                "--batch-size",
                "16",
                "--hold-out",
                "0.25",
                "-o",
                folder["student"]
            )
            .Succeeds();

        JsonElement report = JsonDocument
            .Parse(
                Programs
                    .RunDfkd(
                        "estimate",
                        folder["student"],
                        "--teacher",
                        world.Teacher,
                        "--teacher-accuracy",
                        "0.8",
                        "--labelled",
                        world.Test,
                        "--json",
                        "--quiet"
                    )
                    .Succeeds()
                    .Output
            )
            .RootElement;
        string text = Programs.RunDfkd("estimate", folder["student"], "--teacher", world.Teacher).Succeeds().Output;
        JsonElement measured = JsonDocument
            .Parse(Programs.RunDfkd("evaluate", folder["student"], "--data", world.Test, "--json", "--quiet").Succeeds().Output)
            .RootElement;

        Assert.Equal((50, true), (report.GetProperty("images").GetInt32(), report.GetProperty("held_out").GetBoolean()));
        Assert.Equal(world.Selected, report.GetProperty("source").GetString());
        Assert.InRange(
            report.GetProperty("estimate").GetDouble(),
            report.GetProperty("low").GetDouble(),
            report.GetProperty("high").GetDouble()
        );
        Assert.Equal(measured.GetProperty("top1").GetDouble(), report.GetProperty("labelled").GetProperty("top1").GetDouble());
        Assert.Contains("on 50 held-out images of", text, StringComparison.Ordinal);
        Assert.Contains("note: the estimate stands and falls with the calibration", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_student_that_does_not_tell_its_images_needs_some()
    {
        string line = Programs.RunDfkd("estimate", world.Teacher, "--teacher", world.Teacher).Refuses();
        Assert.Contains("--images", line, StringComparison.Ordinal);

        JsonElement report = JsonDocument
            .Parse(
                Programs
                    .RunDfkd("estimate", world.Teacher, "--teacher", world.Teacher, "--images", world.Wild, "--json", "--quiet")
                    .Succeeds()
                    .Output
            )
            .RootElement;
        Assert.Equal(1, report.GetProperty("agreement").GetDouble());
        Assert.Equal(1120, report.GetProperty("images").GetInt32());
        Assert.Equal(6, report.GetProperty("skipped").EnumerateObject().Sum(reason => reason.Value.GetInt64()));
    }
}
