// Stored teachers: a training from a cache is the training with the teacher, and a cache that does not fit is refused.

using System.Runtime.InteropServices;
using DataFreeKD.Distiller.Caching;
using DataFreeKD.Distiller.Data;
using DataFreeKD.Distiller.Losses;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;

namespace DataFreeKD.Distiller.Tests;

public sealed class CacheTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    public static TheoryData<string> Recipes => ["plain", "augmented", "mixed", "everything"];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void With_all_classes_stored_a_student_ends_bit_equal_to_one_of_the_live_teacher(string recipe)
    {
        using TempFolder folder = new();
        DistillOptions live = Named(recipe, folder["live"]);
        Run(live);
        Run(CacheFor(live, folder["c"]));
        Run(live with { Output = folder["cached"], Teacher = "", Cache = folder["c"] });
        foreach (string name in (string[])["model.safetensors", "training/metrics.csv"])
            Assert.True(
                File.ReadAllBytes(Path.Combine(folder["live"], name))
                    .AsSpan()
                    .SequenceEqual(File.ReadAllBytes(Path.Combine(folder["cached"], name))),
                name + " differs"
            );
    }

    [Fact]
    public void A_teacher_in_bfloat16_teaches_alike_live_and_stored_and_nearly_as_in_single_precision()
    {
        using TempFolder folder = new();
        DistillOptions exact = world.Distill(folder["exact"]),
            live = exact with { Output = folder["live"], TeacherPrecision = Precision.BFloat16 };
        double loss = Run(exact).FinalLoss,
            rounded = double.NaN;
        try
        {
            rounded = Run(live).FinalLoss;
        }
        catch (ModelException error)
        {
            Assert.Skip(error.Message);
        }
        Assert.NotEqual(loss, rounded);
        Assert.Equal(loss, rounded, 0.02 * loss);
        Run(CacheFor(live, folder["c"]) with { TeacherPrecision = Precision.BFloat16 });
        DistillOptions cached = live with { Output = folder["cached"], Teacher = "", Cache = folder["c"] };
        Assert.Contains("the teacher's precision", Refused(cached), StringComparison.Ordinal);
        Run(cached with { TeacherPrecision = Precision.Float32 });
        Assert.True(
            File.ReadAllBytes(Path.Combine(folder["live"], "model.safetensors"))
                .AsSpan()
                .SequenceEqual(File.ReadAllBytes(Path.Combine(folder["cached"], "model.safetensors")))
        );
    }

    [Theory]
    [MemberData(nameof(Recipes))]
    public void A_cache_and_a_training_see_bit_equal_batches(string recipe)
    {
        DistillOptions training = Named(recipe, "unused");
        CacheOptions cache = CacheFor(training, "unused");
        using LoadedModel teacher = ModelStore.Load(world.Teacher);
        SelectionImages selection = SelectionImages.Read(world.Selection, TestContext.Current.CancellationToken);
        using TrainingImages ours = Images(training),
            theirs = Images(cache);
        using BatchLoader a = ours.Batches(0, 12),
            b = theirs.Batches(0, 12);
        for (int step = 0; step < 12; step++)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            Batch one = a.Next(),
                two = b.Next();
            Assert.Equal(one.Seeds, two.Seeds);
            Assert.Equal(16L * step, two.Start);
            Assert.True(
                Mixing.Apply(one.Pixels, training, step).Pixels.bytes.SequenceEqual(Mixing.Apply(two.Pixels, cache, step).Pixels.bytes),
                $"step {step} differs"
            );
        }

        TrainingImages Images(BatchOptions options) =>
            new(
                options,
                new ImageList(selection.Paths),
                teacher.Preprocessing,
                16,
                world.Selection,
                null,
                TestContext.Current.CancellationToken
            );
    }

    [Fact]
    public void Unmixed_images_replay_in_batches_of_another_size()
    {
        using TempFolder folder = new();
        Run(CacheFor(world.Distill("unused"), folder["c"]) with { BatchSize = 40, Steps = 12 });
        DistillOptions live = world.Distill(folder["live"]);
        double expected = Run(live).FinalLoss,
            found = Run(live with { Output = folder["cached"], Teacher = "", Cache = folder["c"] }).FinalLoss;
        // Not bit-equal: a matrix product's rounding hangs on the shape of the batch.
        Assert.Equal(expected, found, 1e-5 * expected);
    }

    [Fact]
    public void A_few_classes_teach_too_and_seeds_may_share_a_cache()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["a"]) with
        {
            Steps = 120,
            HoldOut = 0.2,
            Loss = Recipe.Parse("kd:T=1"),
            Teacher = "",
            Cache = folder["c"],
        };
        CacheSummary cache = Run(CacheFor(options, folder["c"]) with { TopK = 2 });
        Assert.Equal((2, 20, 120 * 16L), (cache.TopK, cache.BytesPerImage, cache.Records));
        Assert.True(Run(options).HeldOut >= 0.9);
        Assert.True(Run(options with { Output = folder["b"], Seed = 5, DataSeed = 0 }).HeldOut >= 0.9);
        Assert.NotEqual(
            File.ReadAllBytes(Path.Combine(folder["a"], "model.safetensors")),
            File.ReadAllBytes(Path.Combine(folder["b"], "model.safetensors"))
        );
    }

    [Fact]
    public void A_recipe_that_asks_more_than_the_top_classes_tell_is_noted_everywhere()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["a"]) with
        {
            Steps = 2,
            Loss = Recipe.Parse("kd:T=4+dist+hard:head=mean+dkd:T=1"),
            Teacher = "",
            Cache = folder["c"],
        };
        Run(CacheFor(options, folder["c"]) with { TopK = 2 });
        string note = Assert.Single(DistillRun.NotesOf(options));
        Assert.StartsWith("kd reads", note, StringComparison.Ordinal);
        Assert.Contains("2 of 3 classes", note, StringComparison.Ordinal);
        Assert.Contains("--top-k 3", note, StringComparison.Ordinal);
        Assert.Equal([note], RecipeExplanation.Of(options).Notes);
        Assert.Equal([note], Run(options).Notes);
        Assert.Contains(note, File.ReadAllText(Path.Combine(folder["a"], "README.md")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kd:T=1,standardise=1", true)]
    [InlineData("dist:T=4", true)]
    [InlineData("dkd", true)]
    [InlineData("kd:T=1+noise+hard:head=mean", false)]
    [InlineData(null, false)]
    public void Only_temperature_1_and_decisions_are_told_by_the_top_classes(string? recipe, bool noted)
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["a"]) with
        {
            Steps = 2,
            Loss = recipe is null ? null : Recipe.Parse(recipe),
            Teacher = "",
            Cache = folder["c"],
        };
        Run(CacheFor(options, folder["c"]) with { TopK = 2 });
        Assert.Equal(noted, DistillRun.NotesOf(options).Count > 0);
        if (recipe is null)
            Assert.StartsWith("kd:T=1,", RecipeExplanation.Of(options).Recipe, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_of_all_classes_needs_no_note()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["a"]) with
        {
            Steps = 2,
            Loss = Recipe.Parse("kd:T=4+dkd"),
            Teacher = "",
            Cache = folder["c"],
        };
        Run(CacheFor(options, folder["c"]));
        Assert.Empty(DistillRun.NotesOf(options));
    }

    [Fact]
    public void What_the_top_classes_leave_is_spread_evenly()
    {
        CacheRecord record = new(Classes: 6, TopK: 2);
        byte[] bytes = new byte[record.Bytes];
        CacheRecord.WriteTop(bytes, 0x123456789ABCDEF0, [4, 1], [0.6f, 0.2f]);
        float[] logits = new float[6];
        record.ReadLogits(bytes, logits);
        Assert.Equal(0x123456789ABCDEF0ul, CacheRecord.SeedOf(bytes));
        double[] expected = [0.05, 0.2, 0.05, 0.05, 0.6, 0.05];
        for (int c = 0; c < 6; c++)
            Assert.Equal(expected[c], Math.Exp(logits[c]), 5e-4 * expected[c]);
        Assert.Equal(1, logits.Sum(value => Math.Exp(value)), 1e-6);
    }

    [Fact]
    public void A_teacher_without_doubt_gives_finite_logits()
    {
        CacheRecord record = new(Classes: 1000, TopK: 3);
        byte[] bytes = new byte[record.Bytes];
        CacheRecord.WriteTop(bytes, 1, [7, 8, 999], [1f, 1e-9f, 0f]);
        float[] logits = new float[1000];
        record.ReadLogits(bytes, logits);
        Assert.All(logits, value => Assert.True(float.IsFinite(value)));
        Assert.Equal(0, logits[7]);
        Assert.True(logits.Where((_, c) => c != 7).Sum(value => Math.Exp(value)) < 1e-4);
    }

    [Fact]
    public void A_cache_cancelled_or_torn_anywhere_and_resumed_ends_byte_equal()
    {
        using TempFolder folder = new();
        CacheOptions options = CacheFor(Named("mixed", "unused"), folder["whole"]);
        Run(options);
        CacheOptions broken = options with { Output = folder["broken"], Resume = true };
        int record = new CacheRecord(3, 3).Bytes;
        foreach (
            (int stop, Action<FileStream> tear) in new (int, Action<FileStream>)[]
            {
                (4, _ => { }),
                (9, file => file.SetLength(file.Length - 5)),
                (15, file => file.Write(new byte[record * 3])),
                (21, file =>
                {
                    file.Position = file.Length - (2 * record);
                    file.Write(new byte[record]);
                }),
            }
        )
        {
            Assert.Throws<InvalidDataException>(() =>
                Run(broken, new OnStep("cache", stop, () => throw new InvalidDataException("killed")))
            );
            using FileStream part = File.Open(folder["broken.part"], FileMode.Open);
            part.Seek(0, SeekOrigin.End);
            tear(part);
        }
        Assert.False(File.Exists(folder["broken"]));
        CacheSummary summary = Run(broken);
        Assert.Equal(20 * 16L, summary.ResumedFrom);
        Assert.Equal(File.ReadAllBytes(folder["whole"]), File.ReadAllBytes(folder["broken"]));
        Assert.Equal(summary.Records, Run(broken).ResumedFrom);
    }

    [Fact]
    public void An_interrupted_cache_of_other_options_is_refused_and_an_existing_one_kept()
    {
        using TempFolder folder = new();
        CacheOptions options = CacheFor(world.Distill("unused"), folder["c"]);
        Assert.Throws<InvalidDataException>(() => Run(options, new OnStep("cache", 3, () => throw new InvalidDataException("killed"))));
        Assert.Contains("Resume", Refused(options), StringComparison.Ordinal);
        Assert.Contains(
            "erase is 0 in the cache and 0.5 here",
            Refused(options with { Resume = true, Erase = 0.5 }),
            StringComparison.Ordinal
        );
        Assert.Contains("not finished", Refused(world.Distill(folder["s"]) with { Cache = folder["c"] }), StringComparison.Ordinal);
        Run(options with { Overwrite = true });
        Assert.False(File.Exists(folder["c.part"]));
        Assert.Contains("Overwrite", Refused(options), StringComparison.Ordinal);
        Assert.Contains("top-k is 3 in the cache and 2 here", Refused(options with { Resume = true, TopK = 2 }), StringComparison.Ordinal);
        Assert.Contains("at most", Refused(options with { Overwrite = true, TopK = 4 }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("DFKD")]
    public void What_a_killed_cache_left_of_its_first_bytes_is_its_own(string left)
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["c.part"], left);
        Run(CacheFor(world.Distill("unused"), folder["c"]) with { Resume = true });
        Assert.False(File.Exists(folder["c.part"]));
    }

    [Theory]
    [InlineData("mine")]
    [InlineData("DFKDx")]
    public void A_file_of_the_parts_name_that_no_cache_wrote_is_refused(string mine)
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["c.part"], mine);
        foreach (bool resume in (bool[])[false, true])
            Assert.Contains(
                "no interrupted cache",
                Refused(CacheFor(world.Distill("unused"), folder["c"]) with { Resume = resume, Overwrite = !resume }),
                StringComparison.Ordinal
            );
        Assert.Equal(mine, File.ReadAllText(folder["c.part"]));
    }

    public static TheoryData<string, string> Misfits =>
        new()
        {
            { "seed", "seed is 0 in the cache and 1 here" },
            { "flip", "flip is 0 in the cache and 0.5 here" },
            { "erase", "erase is 0 in the cache and 0.25 here" },
            { "crop", "crop-scale is 1 in the cache and 0.5 here" },
            { "mixup", "mixup is 0 in the cache and 0.8 here" },
            { "hold-out", "hold-out is 0.05 in the cache and 0.1 here" },
            { "selection", "selection (SHA-256) is" },
            { "teacher", "teacher (SHA-256 of its weights) is" },
            { "steps", "Steps 30" },
            { "features", "probe needs the teacher's features" },
            { "embedding", "rkd needs the teacher's features" },
            { "init", "Init random" },
            { "preprocessing", "preprocessing" },
        };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void A_training_that_a_cache_does_not_fit_is_told_what_differs(string what, string expected)
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]) with { Cache = folder["c"] };
        Run(CacheFor(options, folder["c"]));
        string message = Refused(
            what switch
            {
                "seed" => options with { Seed = 1 },
                "flip" => options with { Flip = 0.5 },
                "erase" => options with { Erase = 0.25 },
                "crop" => options with { CropScale = 0.5 },
                "mixup" => options with { Mixup = 0.8 },
                "hold-out" => options with { HoldOut = 0.1 },
                "selection" => options with { Selection = Rewritten(folder["other.csv"], rows => rows.Take(60)) },
                "teacher" => options with { Teacher = OtherTeacher(folder["other"]) },
                "steps" => options with { Steps = 31 },
                "features" => options with { Loss = Recipe.Parse("kd+probe") },
                "embedding" => options with { Loss = Recipe.Parse("kd+rkd") },
                "init" => options with { Init = StudentInit.Teacher },
                _ => options with { Preprocessing = new PreprocessingOverride { Interpolation = "bilinear" } },
            }
        );
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Another_image_under_a_known_path_is_seen()
    {
        using TempFolder folder = new();
        string[] rows = [.. File.ReadAllLines(world.Selection).Skip(1).Take(40).Select(line => line.Split(',')[0])];
        Directory.CreateDirectory(folder["images"]);
        for (int i = 0; i < rows.Length; i++)
            File.WriteAllBytes(folder[$"images/{i}.bmp"], TinyWorld.Draw(i % 3, i));
        File.WriteAllLines(folder["sel.csv"], ["path", .. Enumerable.Range(0, rows.Length).Select(i => $"images/{i}.bmp")]);
        DistillOptions options = world.Distill(folder["s"]) with { Selection = folder["sel.csv"], Cache = folder["c"], Steps = 2 };
        Run(CacheFor(options, folder["c"]));
        File.WriteAllBytes(folder["images/7.bmp"], TinyWorld.Draw(0, 700));
        Assert.Contains("pixels (XXH128) is", Refused(options), StringComparison.Ordinal);
        File.Delete(folder["images/7.bmp"]);
        Assert.Contains("images is", Refused(options with { Overwrite = true }), StringComparison.Ordinal);
    }

    [Fact]
    public void Mixed_batches_of_another_size_are_refused()
    {
        using TempFolder folder = new();
        DistillOptions options = Named("mixed", folder["s"]) with { Cache = folder["c"] };
        Run(CacheFor(options, folder["c"]));
        Assert.Contains("batch-size is 16 in the cache and 8 here", Refused(options with { BatchSize = 8 }), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_damaged_byte_is_found()
    {
        using TempFolder folder = new();
        DistillOptions options = world.Distill(folder["s"]) with { Steps = 2, Cache = folder["bad"], Overwrite = true };
        Run(CacheFor(options, folder["good"]));
        byte[] good = File.ReadAllBytes(folder["good"]);
        int record = new CacheRecord(3, 3).Bytes,
            first = good.Length - (32 * record);
        int json = MemoryMarshal.Read<int>(good.AsSpan(12));
        // Magic, version, length, check sum, JSON, a decision, a seed, a record's sum, a logit.
        foreach (int at in (int[])[0, 8, 13, 16, 24 + (json / 2), first - 3, first, first + 9, good.Length - 2])
        {
            byte[] bad = [.. good];
            bad[at] ^= 0x10;
            File.WriteAllBytes(folder["bad"], bad);
            Refused(options);
        }
        foreach (byte[] bad in (byte[][])[good[..^1], good[..(first - 1)], good[..10], [.. good, 0], [], [.. "path,sha256\n"u8]])
        {
            File.WriteAllBytes(folder["bad"], bad);
            Refused(options);
        }
        File.WriteAllBytes(folder["bad"], good);
        Assert.Equal(2, Run(options).Steps);
        Assert.Contains("no cache", Refused(options with { Cache = folder["absent"] }), StringComparison.Ordinal);
    }

    private static CacheOptions CacheFor(DistillOptions options, string output) =>
        new()
        {
            Output = output,
            Selection = options.Selection,
            Teacher = options.Teacher.Length > 0 ? options.Teacher : TeacherBeside(options.Selection),
            Steps = options.Steps,
            BatchSize = options.BatchSize,
            Mixup = options.Mixup,
            CutMix = options.CutMix,
            Flip = options.Flip,
            PadCrop = options.PadCrop,
            CropScale = options.CropScale,
            ColorJitter = options.ColorJitter,
            Erase = options.Erase,
            HoldOut = options.HoldOut,
            Seed = options.Seed,
            Workers = options.Workers,
        };

    private static string TeacherBeside(string selection) => Path.Combine(Path.GetDirectoryName(selection)!, "teacher");

    private DistillOptions Named(string name, string output) =>
        name switch
        {
            "augmented" => world.Distill(output) with { Flip = 0.5, PadCrop = 2, ColorJitter = 0.4, Erase = 0.5, CropScale = 0.5 },
            "mixed" => world.Distill(output) with { Mixup = 0.8, CutMix = 1, Erase = 0.25 },
            "everything" => world.Distill(output) with
            {
                Student = TinyWorld.StudentSpec + ",distilled=1",
                Loss = Recipe.Parse("kd:head=cls+hard:head=dist*0.5+noise*0.3"),
                PatchDropout = 0.25,
                CutMix = 0.5,
                Ema = 0.95,
            },
            _ => world.Distill(output),
        };

    private string Rewritten(string path, Func<IEnumerable<string>, IEnumerable<string>> change)
    {
        string[] lines =
        [
            .. File.ReadAllLines(world.Selection).Select(line => line.Replace("images/", world.Images + "/", StringComparison.Ordinal)),
        ];
        File.WriteAllLines(path, [lines[0], .. change(lines.Skip(1))]);
        return path;
    }

    private string OtherTeacher(string path)
    {
        Run(world.Train(path) with { Steps = 1 });
        return path;
    }

    private static DistillSummary Run(DistillOptions options) => DistillRun.Execute(options, null, TestContext.Current.CancellationToken);

    private static CacheSummary Run(CacheOptions options, OnStep? progress = null) =>
        CacheRun.Execute(options, progress, TestContext.Current.CancellationToken);

    private static void Run(TrainOptions options) => TrainRun.Execute(options, null, TestContext.Current.CancellationToken);

    private static string Refused(DistillOptions options) => Assert.Throws<DistillException>(() => Run(options)).Message;

    private static string Refused(CacheOptions options) => Assert.Throws<DistillException>(() => Run(options)).Message;
}
