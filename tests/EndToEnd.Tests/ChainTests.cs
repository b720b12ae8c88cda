// The whole chain as a user runs it, and what each verb leaves for the next.

using System.Text.Json;
using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.EndToEnd.Tests;

public sealed class ChainTests(TinyWorld world)
{
    [Fact]
    public void A_folder_of_wild_images_becomes_an_evaluated_student()
    {
        using TempFolder folder = new();

        JsonElement crawl = Json("crawl", world.Wild, "-o", folder["store"]);
        string manifest = folder["store/manifest.csv"];
        // 6 broken files; the copies of 20 images are seen by their content.
        Assert.Equal(1126, crawl.GetProperty("rows").GetInt64());
        Assert.Equal(20, crawl.GetProperty("counts").GetProperty("duplicate/same_content").GetInt64());
        JsonElement score = Json("score", manifest, "--teacher", world.Teacher, "-o", folder["scores.csv"]);
        Assert.Equal(1126, score.GetProperty("rows").GetInt64());
        Assert.Equal(1100, score.GetProperty("counts").GetProperty("ok").GetInt64());
        JsonElement select = Json("select", folder["scores.csv"], "--budget", "150", "-o", folder["selected.csv"]);
        Assert.Equal(150, select.GetProperty("selected").GetInt64());
        JsonElement distill = Json(
            "distill",
            folder["selected.csv"],
            "--teacher",
            world.Teacher,
            "--student",
            "vit:img=32,patch=8,dim=16,depth=2,heads=1",
            "--steps",
            "20",
            "--batch-size",
            "16",
            "-o",
            folder["student"]
        );
        Assert.True(distill.GetProperty("parameters").GetInt64() * 4 < distill.GetProperty("teacher_parameters").GetInt64());
        JsonElement evaluate = Json("evaluate", folder["student"], "--data", world.Test, "--against", world.Teacher);
        Assert.Equal(100, evaluate.GetProperty("images").GetInt64());
        Assert.InRange(evaluate.GetProperty("top1").GetDouble(), 0, 1);
        Assert.InRange(evaluate.GetProperty("against").GetProperty("agreement").GetDouble(), 0, 1);
        Programs.RunDfkd("inspect", folder["student"]).Succeeds();

        foreach (
            string made in (string[])
                [
                    "store/manifest.json",
                    "scores.json",
                    "selected.json",
                    "student/config.json",
                    "student/preprocessor_config.json",
                    "student/README.md",
                    "student/training/metrics.csv",
                ]
        )
            Assert.True(File.Exists(folder[made]), made);
    }

    [Fact]
    public void A_set_is_chosen_by_looks_spread_and_difficulty_and_learned_from_easy_to_hard()
    {
        using TempFolder folder = new();
        Programs.RunDfkd("crawl", world.Wild, "-o", folder["store"]).Succeeds();
        Programs
            .RunDfkd(
                "score",
                folder["store/manifest.csv"],
                "--teacher",
                world.Teacher,
                "--embeddings",
                folder["embeddings.npy"],
                "-o",
                folder["scores.csv"]
            )
            .Succeeds();

        JsonElement select = Json(
            "select",
            folder["scores.csv"],
            "--budget",
            "90",
            "--near-duplicates",
            "4",
            "--near-cosine",
            "0.9999",
            "--embeddings",
            folder["embeddings.npy"],
            "--diversity",
            "k-centre",
            "--candidates",
            "2",
            "--difficulty",
            "easy:1,hard:1",
            "--order",
            "curriculum",
            "--weights",
            "score",
            "-o",
            folder["selected.csv"]
        );

        Assert.Equal(90, select.GetProperty("selected").GetInt64());
        Assert.InRange(select.GetProperty("mean_distance").GetDouble(), 0.001, 2);
        using (TableReader table = Table.Open(folder["selected.csv"]))
        {
            TableRow[] rows = [.. table.Rows(TestContext.Current.CancellationToken)];
            double[] confidence = [.. rows.Select(row => Numbers.Parse(row["confidence"], row, "confidence"))];
            Assert.Equal(confidence.OrderDescending(), confidence);
            Assert.Equal(["easy", "hard"], rows.Select(row => row["difficulty"]).Distinct().Order());
            Assert.Equal(90, rows.Sum(row => Numbers.Parse(row["weight"], row, "weight")), 6);
        }
        Json(
            "distill",
            folder["selected.csv"],
            "--teacher",
            world.Teacher,
            "--student",
            "vit:img=32,patch=8,dim=16,depth=2,heads=1",
            "--steps",
            "8",
            "--batch-size",
            "16",
            "--curriculum",
            "0.3",
            "-o",
            folder["student"]
        );
    }

    [Fact]
    public void Selecting_uses_the_embeddings_that_scoring_kept_and_says_so()
    {
        using TempFolder folder = new();
        Assert.Equal(
            folder["scores.embeddings.npy"],
            Json("score", world.Wild, "--teacher", world.Teacher, "-o", folder["scores.csv"]).GetProperty("embeddings").GetString()
        );
        Assert.Equal(
            JsonValueKind.Null,
            Json("score", world.Wild, "--teacher", world.Teacher, "--embeddings", "none", "-o", folder["plain.csv"])
                .GetProperty("embeddings")
                .ValueKind
        );
        Assert.False(File.Exists(folder["plain.embeddings.npy"]));

        Assert.Contains("classes, scores.embeddings.npy", Select("scores.csv", "a.csv"), StringComparison.Ordinal);
        Assert.Contains("not used: no embeddings were written with the table", Select("plain.csv", "b.csv"), StringComparison.Ordinal);
        Assert.Contains(
            "scores.embeddings.npy",
            Select("plain.csv", "c.csv", "--embeddings", folder["scores.embeddings.npy"]),
            StringComparison.Ordinal
        );
        Assert.Contains("not used: --embeddings none", Select("scores.csv", "d.csv", "--embeddings", "none"), StringComparison.Ordinal);
        Assert.Equal(Rows("a.csv"), Rows("c.csv"));
        Assert.Equal(Rows("b.csv"), Rows("d.csv"));
        Assert.NotEqual(Rows("a.csv"), Rows("b.csv"));
        Assert.Contains(
            "nothing.npy does not exist",
            Programs
                .RunDfkd("select", folder["scores.csv"], "--budget", "9", "--embeddings", folder["nothing.npy"], "-o", folder["e.csv"])
                .Refuses(),
            StringComparison.Ordinal
        );

        string[] methods =
        [
            .. Json("auroc", folder["scores.csv"], "--truth", world.Truth)
                .GetProperty("lines")
                .EnumerateArray()
                .Select(line => line.GetProperty("name").GetString()!),
        ];
        Assert.Contains("confident-core", methods);
        Assert.DoesNotContain(
            "confident-core",
            Json("auroc", folder["scores.csv"], "--truth", world.Truth, "--embeddings", "none")
                .GetProperty("lines")
                .EnumerateArray()
                .Select(line => line.GetProperty("name").GetString())
        );
        Programs.RunDfkd("contact-sheet", folder["scores.csv"], "-o", folder["sheet.png"]).Succeeds();
        Programs.RunDfkd("report", folder["scores.csv"], "--selection", folder["a.csv"], "-o", folder["report.html"]).Succeeds();
        Assert.DoesNotContain(Directory.EnumerateFiles(folder.Path), file => file.EndsWith(".core", StringComparison.Ordinal));

        string Select(string scores, string output, params string[] more) =>
            Json(["select", folder[scores], "--budget", "100", "-o", folder[output], .. more]).GetProperty("core").GetString()!;

        string[] Rows(string selection)
        {
            using TableReader table = Table.Open(folder[selection]);
            return [.. table.Rows(TestContext.Current.CancellationToken).Select(row => $"{row["path"]} {row["selection_score"]}")];
        }
    }

    [Fact]
    public void A_student_that_goes_on_from_the_teacher_itself_agrees_with_it_in_all_but_rounding()
    {
        using TempFolder folder = new();
        Programs
            .RunDfkd(
                "distill",
                world.Selected,
                "--teacher",
                world.Teacher,
                "--student",
                world.Teacher,
                "--steps",
                "1",
                "--lr",
                "1e-12",
                "--batch-size",
                "16",
                "-o",
                folder["student"]
            )
            .Succeeds();

        JsonElement report = Json("evaluate", folder["student"], "--data", world.Test, "--against", world.Teacher);

        Assert.Equal(1, report.GetProperty("against").GetProperty("agreement").GetDouble());
    }

    [Fact]
    public void Both_namings_hold_the_same_student()
    {
        using TempFolder folder = new();
        string[] common =
        [
            "distill",
            world.Selected,
            "--teacher",
            world.Teacher,
            "--student",
            "vit:img=32,patch=8,dim=16,depth=2,heads=1",
            "--steps",
            "3",
            "--batch-size",
            "16",
            "--seed",
            "4",
        ];
        Programs.RunDfkd([.. common, "-o", folder["timm"]]).Succeeds();
        Programs.RunDfkd([.. common, "-o", folder["hf"], "--naming", "hf"]).Succeeds();

        Assert.Contains(
            "vit.encoder.layer.0",
            System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(folder["hf/model.safetensors"])),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(
            "vit.encoder.layer.0",
            System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(folder["timm/model.safetensors"])),
            StringComparison.Ordinal
        );
        JsonElement report = Json("evaluate", folder["hf"], "--data", world.Test, "--against", folder["timm"]);
        Assert.Equal(1, report.GetProperty("against").GetProperty("agreement").GetDouble());
        Assert.InRange(report.GetProperty("against").GetProperty("divergence").GetDouble(), -1e-6, 1e-6);
    }

    [Fact]
    public void A_students_distillation_token_is_trained_and_kept()
    {
        using TempFolder folder = new();

        Programs
            .RunDfkd(
                "distill",
                world.Selected,
                "--teacher",
                world.Teacher,
                "--student",
                "vit:img=32,patch=8,dim=16,depth=2,heads=1,distilled=true",
                "--loss",
                "preset:deit-hard",
                "--steps",
                "3",
                "--batch-size",
                "16",
                "-o",
                folder["student"]
            )
            .Succeeds();

        Assert.Contains("dist", Programs.RunDfkd("inspect", folder["student"]).Succeeds().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recipe_is_explained_on_stdout_and_nothing_is_trained()
    {
        using TempFolder folder = new();
        string[] command =
        [
            "distill",
            "no-table.csv",
            "--teacher",
            world.Teacher,
            "--student",
            "vit:img=32,patch=8,dim=16,depth=2,heads=1",
            "--loss",
            "kd:T=2+probe*0.8",
            "--explain",
            "-o",
            folder["student"],
        ];

        string text = Programs.RunDfkd(command).Succeeds().Output;
        Assert.StartsWith("kd:T=2,head=mean,standardise=0,reduction=batchmean+probe:variant=corrected", text, StringComparison.Ordinal);
        Assert.Contains("joins student-teacher blocks", text, StringComparison.Ordinal);
        Assert.Equal(0.8, Json(command).GetProperty("terms")[1].GetProperty("weight").GetDouble());
        Assert.False(Directory.Exists(folder["student"]));
        Assert.Contains("preset:attention-probe ", Programs.RunDfkd("losses").Succeeds().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Preprocessing_given_on_the_command_line_changes_the_scores()
    {
        using TempFolder folder = new();
        Programs.RunDfkd("score", world.Wild, "--teacher", world.Teacher, "-o", folder["own.csv"]).Succeeds();
        Programs
            .RunDfkd("score", world.Wild, "--teacher", world.Teacher, "-o", folder["other.csv"], "--mean", "0,0,0", "--std", "1,1,1")
            .Succeeds();
        Programs.RunDfkd("score", world.Wild, "--teacher", world.Teacher, "-o", folder["larger.csv"], "--img-size", "64").Succeeds();

        byte[][] tables = [.. ((string[])["own.csv", "other.csv", "larger.csv"]).Select(name => File.ReadAllBytes(folder[name]))];
        Assert.NotEqual(tables[0], tables[1]);
        Assert.NotEqual(tables[0], tables[2]);
        Assert.Contains(
            "--mean",
            Programs.RunDfkd("score", world.Wild, "--teacher", world.Teacher, "-o", folder["bad.csv"], "--mean", "a,b").Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "three",
            Programs.RunDfkd("score", world.Wild, "--teacher", world.Teacher, "-o", folder["bad.csv"], "--std", "1,1").Refuses(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Every_score_can_be_written_selected_by_and_measured_and_the_usual_ones_stay()
    {
        using TempFolder folder = new();
        Programs.RunDfkd("score", world.Wild, "--teacher", world.Teacher, "-o", folder["usual.csv"]).Succeeds();
        Programs
            .RunDfkd("score", world.Wild, "--teacher", world.Teacher, "-o", folder["all.csv"], "--scores", "all", "--views", "2")
            .Succeeds();
        using (
            TableReader usual = Table.Open(folder["usual.csv"]),
                all = Table.Open(folder["all.csv"])
        )
        {
            int columns = usual.Header.Columns.Count;
            Assert.Equal(
                [
                    .. usual.Header.Columns,
                    .. Columns.ExtraScores.Take(6),
                    .. all.Header.Columns.Where(column => column.StartsWith("probe_entropy_", StringComparison.Ordinal)),
                    .. Columns.ExtraScores.Skip(6),
                ],
                all.Header.Columns
            );
            Assert.Equal(
                usual.Rows(TestContext.Current.CancellationToken).Select(row => string.Join(',', row.Fields)),
                all.Rows(TestContext.Current.CancellationToken).Select(row => string.Join(',', row.Fields.Take(columns)))
            );
        }
        Programs.RunDfkd("select", folder["all.csv"], "--method", "view-kl", "--budget", "50", "-o", folder["selected.csv"]).Succeeds();

        JsonElement report = Json("auroc", folder["all.csv"], "--truth", world.Truth, "--budget", "50,200");
        Dictionary<string, JsonElement> lines = report
            .GetProperty("lines")
            .EnumerateArray()
            .GroupBy(line => line.GetProperty("name").GetString()!)
            .ToDictionary(same => same.Key, same => same.Last());
        foreach (
            string method in (string[])
                [
                    "max-logit",
                    "margin",
                    "gen",
                    "feature-norm",
                    "weight-cosine",
                    "react-energy",
                    "cosine",
                    "probe-entropy",
                    "rollout-entropy",
                    "rollout-variance",
                    "view-agreement",
                    "view-kl",
                ]
        )
        {
            Assert.InRange(lines[method].GetProperty("all").GetDouble(), 0, 1);
            Assert.InRange(lines[method].GetProperty("precision").GetProperty("200").GetDouble(), 0, 1);
        }
        Assert.Contains(
            "--budget",
            Programs.RunDfkd("auroc", folder["all.csv"], "--truth", world.Truth, "--budget", "50,many").Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "astrology",
            Programs.RunDfkd("auroc", folder["all.csv"], "--truth", world.Truth, "--kinds", "astrology").Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "max_logit",
            Programs.RunDfkd("score", world.Wild, "--teacher", world.Teacher, "-o", folder["bad.csv"], "--scores", "astrology").Refuses(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Embeddings_are_the_same_in_both_formats()
    {
        using TempFolder folder = new();
        Programs
            .RunDfkd("score", world.Wild, "--teacher", world.Teacher, "-o", folder["a.csv"], "--embeddings", folder["a.npy"])
            .Succeeds();
        Programs
            .RunDfkd("score", world.Wild, "--teacher", world.Teacher, "-o", folder["b.csv"], "--embeddings", folder["b.parquet"])
            .Succeeds();

        // A header of 128 bytes at this size, then float32 [1126, 32].
        byte[] npy = File.ReadAllBytes(folder["a.npy"]);
        int header = 10 + BitConverter.ToUInt16(npy, 8);
        Assert.Equal(header + 1126 * 32 * 4, npy.Length);
        ReadOnlySpan<float> floats = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(npy.AsSpan(header));
        (List<string> paths, List<float> values) = ParquetVectors.Read(folder["b.parquet"]);
        Assert.Equal(floats.ToArray(), values);
        using TableReader table = Table.Open(folder["b.csv"]);
        Assert.Equal(table.Rows(TestContext.Current.CancellationToken).Select(row => row["path"]), paths);
    }

    private static JsonElement Json(params string[] args) =>
        JsonDocument.Parse(Programs.RunDfkd([.. args, "--json"]).Succeeds().Output).RootElement;
}
