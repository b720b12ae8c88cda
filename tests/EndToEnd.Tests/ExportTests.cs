// Exports run where no libtorch is, and say no where they must.

using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using DataFreeKD.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DataFreeKD.EndToEnd.Tests;

public sealed partial class ExportTests(TinyWorld world)
{
    [Fact]
    public void An_export_is_checked_measured_and_written()
    {
        using TempFolder folder = new();
        Finished run = Programs
            .RunDfkd(
                "export",
                world.Teacher,
                "--onnx",
                folder["t.onnx"],
                "--probe",
                "1,3",
                "--check",
                world.Selected,
                "--labelled",
                world.Test,
                "--json"
            )
            .Succeeds();

        JsonElement summary = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(new FileInfo(folder["t.onnx"]).Length, summary.GetProperty("bytes").GetInt64());
        Assert.Equal(
            ["probe_1", "probe_3", "embedding", "logits"],
            summary.GetProperty("outputs").EnumerateArray().Select(name => name.GetString())
        );
        Assert.Equal(108, summary.GetProperty("checked_images").GetInt32());
        Assert.InRange(summary.GetProperty("largest_difference").GetDouble(), 0, 1e-4);
        JsonElement accuracy = summary.GetProperty("accuracy");
        Assert.Equal(1, accuracy.GetProperty("agreement").GetDouble());
        Assert.Equal(accuracy.GetProperty("before").GetDouble(), accuracy.GetProperty("after").GetDouble());
    }

    [Fact]
    public void Any_classifier_in_onnx_is_a_teacher_of_score_whose_table_select_ranks()
    {
        using TempFolder folder = new();
        Programs
            .RunDfkd(
                "train",
                world.Train,
                "--model",
                "resnet:depth=10,img=32,stem=3,width=8",
                "-o",
                folder["resnet"],
                "--steps",
                "40",
                "--batch-size",
                "16",
                "--seed",
                "1"
            )
            .Succeeds();
        Programs.RunDfkd("export", folder["resnet"], "--onnx", folder["t.onnx"]).Succeeds();
        foreach (string teacher in new[] { folder["resnet"], folder["t.onnx"] })
        {
            Programs.RunDfkd("score", world.Wild, "--teacher", teacher, "-o", folder["scores.csv"], "--overwrite").Succeeds();
            Programs.RunDfkd("select", folder["scores.csv"], "--budget", "50", "-o", folder["selected.csv"], "--overwrite").Succeeds();
            Assert.Equal(51, File.ReadLines(folder["selected.csv"]).Count());
        }
        Assert.Contains("ONNX", Programs.RunDfkd("inspect", folder["t.onnx"]).Succeeds().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("static")]
    [InlineData("dynamic")]
    public void An_int8_export_is_a_third_of_the_size_and_decides_alike(string kind)
    {
        using TempFolder folder = new();
        string[] calibration = kind == "static" ? ["--calibrate", world.Selected, "--calibrate-images", "64"] : [];
        Programs.RunDfkd("export", world.Teacher, "--onnx", folder["float.onnx"]).Succeeds();
        Finished run = Programs
            .RunDfkd([
                "export",
                world.Teacher,
                "--onnx",
                folder["int8.onnx"],
                "--int8",
                kind,
                .. calibration,
                "--labelled",
                world.Test,
                "--json",
            ])
            .Succeeds();

        Assert.InRange(new FileInfo(folder["int8.onnx"]).Length, 1, new FileInfo(folder["float.onnx"]).Length * 0.6);
        JsonElement accuracy = JsonDocument.Parse(run.Output).RootElement.GetProperty("accuracy");
        Assert.Equal(100, accuracy.GetProperty("images").GetInt32());
        Assert.InRange(accuracy.GetProperty("agreement").GetDouble(), 0.9, 1);
    }

    [Theory]
    [InlineData("resnet:depth=10,img=32,stem=3,width=8")]
    [InlineData("rednet:depth=26,img=32,stem=7,width=16")]
    [InlineData("tinyvit:img=32,stem=2,dims=16/16/32/32,depths=1/1/1/1,heads=1/1/2/2")]
    public void A_student_of_any_family_is_exported_in_every_form(string spec)
    {
        using TempFolder folder = new();
        Programs
            .RunDfkd("train", world.Train, "--model", spec, "-o", folder["student"], "--steps", "40", "--batch-size", "16", "--seed", "1")
            .Succeeds();
        string[] calibration = ["--calibrate", world.Selected, "--calibrate-images", "32"];

        (double difference, double agreement, long whole) = Export();
        Assert.InRange(difference, 0, 1e-4);
        Assert.Equal(1, agreement);
        // In networks this small the graph itself weighs much, and a weight rounded by a processor without VNNI changes many answers
        // (0.75 was seen).
        (string[] Form, double Agreement, double Size)[] forms =
        [
            (["--fp16"], 0.97, 0.75),
            (["--int8", "dynamic"], 0.6, 0.75),
            (["--int8", "static", .. calibration], 0.6, 0.75),
            (["--int8", "static", "--activation-type", "qint8", .. calibration], 0.6, 0.75),
        ];
        foreach ((string[] form, double least, double size) in forms)
        {
            (double _, double alike, long bytes) = Export(form);
            Assert.InRange(alike, least, 1);
            Assert.InRange(bytes, 1, whole * size);
        }

        (double Difference, double Agreement, long Bytes) Export(params string[] form)
        {
            JsonElement summary = JsonDocument
                .Parse(
                    Programs
                        .RunDfkd([
                            "export",
                            folder["student"],
                            "--onnx",
                            folder["s.onnx"],
                            "--overwrite",
                            "--labelled",
                            world.Test,
                            "--json",
                            .. form,
                        ])
                        .Succeeds()
                        .Output
                )
                .RootElement;
            return (
                summary.GetProperty("largest_difference").GetDouble(),
                summary.GetProperty("accuracy").GetProperty("agreement").GetDouble(),
                summary.GetProperty("bytes").GetInt64()
            );
        }
    }

    [Fact]
    public void A_graph_with_preprocessing_takes_images_of_any_size()
    {
        using TempFolder folder = new();
        Programs
            .RunDfkd(
                "export",
                world.Teacher,
                "--onnx",
                folder["t.onnx"],
                "--with-preprocessing",
                "--crop-pct",
                "0.9",
                "--check",
                world.Test
            )
            .Succeeds();
        Assert.True(File.Exists(folder["t.onnx"]));
    }

    [Fact]
    public void What_cannot_be_exported_is_refused_in_one_line()
    {
        using TempFolder folder = new();
        File.WriteAllText(folder["there.onnx"], "kept");
        Assert.Contains(
            "--overwrite",
            Programs.RunDfkd("export", world.Teacher, "--onnx", folder["there.onnx"]).Refuses(),
            StringComparison.Ordinal
        );
        Assert.Equal("kept", File.ReadAllText(folder["there.onnx"]));
        Assert.Contains(
            "--calibrate",
            Programs.RunDfkd("export", world.Teacher, "--onnx", folder["a.onnx"], "--int8", "static").Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "--int8 static",
            Programs.RunDfkd("export", world.Teacher, "--onnx", folder["a.onnx"], "--activation-type", "qint8").Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "exclude each other",
            Programs.RunDfkd("export", world.Teacher, "--onnx", folder["a.onnx"], "--fp16", "--int8", "dynamic").Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "blocks 0 to 3",
            Programs.RunDfkd("export", world.Teacher, "--onnx", folder["a.onnx"], "--probe", "4").Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "--runtime onnx",
            Programs.RunDfkd("score", world.Test, "--teacher", world.Teacher, "-o", folder["s.csv"], "--int8", "dynamic").Refuses(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "rollout_entropy",
            Programs
                .RunDfkd("score", world.Test, "--teacher", world.Teacher, "-o", folder["s.csv"], "--runtime", "onnx", "--scores", "all")
                .Refuses(),
            StringComparison.Ordinal
        );
        Assert.Equal(["there.onnx"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task The_service_answers_as_libtorch_does_without_libtorch()
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        using TempFolder folder = new();
        Programs.RunDfkd("export", world.Teacher, "--onnx", folder["t.onnx"]).Succeeds();
        using Process service = Programs.Start(Programs.Sample("ClassifyService"), folder["t.onnx"], "--urls", "http://127.0.0.1:0");
        try
        {
            using HttpClient client = new() { BaseAddress = new Uri(await Address(service, cancel)) };
            JsonElement health = await client.GetFromJsonAsync<JsonElement>("/health", cancel);
            Assert.Equal("ok", health.GetProperty("status").GetString());

            string[] images =
            [
                .. Directory
                    .EnumerateFiles(world.Test, "*.png", SearchOption.AllDirectories)
                    .Order(StringComparer.Ordinal)
                    .Where((_, at) => at % 20 == 0),
            ];
            Assert.NotEmpty(images);
            using LoadedModel teacher = ModelStore.Load(world.Teacher);
            foreach (string image in images)
            {
                byte[] bytes = await File.ReadAllBytesAsync(image, cancel);
                using HttpResponseMessage answer = await client.PostAsync("/classify", new ByteArrayContent(bytes), cancel);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                JsonElement[] top = [.. (await answer.Content.ReadFromJsonAsync<JsonElement>(cancel)).GetProperty("top").EnumerateArray()];

                double[] expected = Probabilities(teacher, bytes);
                Assert.Equal(Math.Min(5, expected.Length), top.Length);
                Assert.Equal(
                    expected.OrderDescending().Take(top.Length),
                    top.Select(guess => guess.GetProperty("probability").GetDouble()),
                    (a, b) => Math.Abs(a - b) < 1e-5
                );
                foreach (JsonElement guess in top)
                    Assert.Equal(teacher.ClassNames[guess.GetProperty("class").GetInt32()], guess.GetProperty("name").GetString());
            }

            using HttpResponseMessage refused = await client.PostAsync("/classify", new ByteArrayContent("no image"u8.ToArray()), cancel);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Equal(
                "unknown_format",
                (await refused.Content.ReadFromJsonAsync<JsonElement>(cancel)).GetProperty("reason").GetString()
            );
            Assert.DoesNotContain(Directory.EnumerateFiles(Path.GetDirectoryName(Programs.Sample("ClassifyService"))!), file =>
                file.Contains("torch", StringComparison.OrdinalIgnoreCase)
            );
        }
        finally
        {
            service.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task The_service_bounds_what_it_decodes_and_how_much_at_once()
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        using TempFolder folder = new();
        Programs.RunDfkd("export", world.Teacher, "--onnx", folder["t.onnx"]).Succeeds();
        using Process service = Programs.Start(
            Programs.Sample("ClassifyService"),
            folder["t.onnx"],
            "--urls",
            "http://127.0.0.1:0",
            "--at-work",
            "1",
            "--waiting",
            "0",
            "--max-bytes",
            "100000"
        );
        try
        {
            using HttpClient client = new() { BaseAddress = new Uri(await Address(service, cancel)) };
            // 43 bytes of 10,000 x 10,000 pixels.
            byte[] canvas =
            [
                .. "GIF89a"u8,
                0x10,
                0x27,
                0x10,
                0x27,
                0x80,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0x21,
                0xf9,
                4,
                0,
                0,
                0,
                0,
                0,
                0x2c,
                0,
                0,
                0,
                0,
                1,
                0,
                1,
                0,
                0,
                2,
                2,
                0x4c,
                1,
                0,
                0x3b,
            ];
            Assert.Equal(43, canvas.Length);
            using HttpResponseMessage refused = await client.PostAsync("/classify", new ByteArrayContent(canvas), cancel);
            Assert.Equal(
                (HttpStatusCode.BadRequest, "too_many_pixels"),
                (refused.StatusCode, (await refused.Content.ReadFromJsonAsync<JsonElement>(cancel)).GetProperty("reason").GetString())
            );
            using HttpResponseMessage large = await client.PostAsync("/classify", new ByteArrayContent(new byte[100_001]), cancel);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);

            // One upload whose body does not come to its end holds the only place.
            byte[] image = await File.ReadAllBytesAsync(
                Directory.EnumerateFiles(world.Test, "*.png", SearchOption.AllDirectories).First(),
                cancel
            );
            using HeldContent held = new(image);
            Task<HttpResponseMessage> first = client.PostAsync("/classify", held, cancel);
            await held.Begun.Task.WaitAsync(cancel);
            HttpResponseMessage second;
            // The service may not have seen the first one yet.
            while (
                (second = await client.PostAsync("/classify", new ByteArrayContent(image), cancel)).StatusCode == HttpStatusCode.OK
                && !first.IsCompleted
            )
                second.Dispose();
            Assert.Equal(HttpStatusCode.ServiceUnavailable, second.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), second.Headers.RetryAfter?.Delta);
            second.Dispose();
            (await client.GetAsync("/health", cancel)).EnsureSuccessStatusCode().Dispose();
            held.Rest.SetResult();
            (await first).EnsureSuccessStatusCode().Dispose();
        }
        finally
        {
            service.Kill(entireProcessTree: true);
        }
    }

    // A body whose second half comes when it is told to.
    private sealed class HeldContent(byte[] bytes) : HttpContent
    {
        public TaskCompletionSource Begun { get; } = new();

        public TaskCompletionSource Rest { get; } = new();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(..(bytes.Length / 2)));
            await stream.FlushAsync();
            Begun.SetResult();
            await Rest.Task;
            await stream.WriteAsync(bytes.AsMemory((bytes.Length / 2)..));
        }

        protected override bool TryComputeLength(out long length) => (length = bytes.Length) > 0;
    }

    [Fact]
    public void The_service_says_what_is_wrong_with_its_model()
    {
        using TempFolder folder = new();
        Assert.Contains("none.onnx", Programs.RunSample("ClassifyService", folder["none.onnx"]).Refuses(), StringComparison.Ordinal);
        Programs.RunDfkd("export", world.Teacher, "--onnx", folder["bytes.onnx"], "--with-preprocessing").Succeeds();
        Assert.Contains(
            "--with-preprocessing",
            Programs.RunSample("ClassifyService", folder["bytes.onnx"]).Refuses(),
            StringComparison.Ordinal
        );
    }

    private static async Task<string> Address(Process service, CancellationToken cancel)
    {
        while (await service.StandardOutput.ReadLineAsync(cancel) is { } line)
        {
            if (Listening().Match(line) is { Success: true } found)
                return found.Groups[1].Value;
        }
        throw new InvalidOperationException($"the service ended: {await service.StandardError.ReadToEndAsync(cancel)}");
    }

    private static double[] Probabilities(LoadedModel teacher, byte[] bytes)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable inference = inference_mode();
        Preprocessing wants = teacher.Preprocessing;
        Preprocessing transform = new()
        {
            ImageSize = wants.ImageSize,
            CropPct = wants.CropPct,
            Mean = wants.Mean,
            Std = wants.Std,
            Interpolation = wants.Interpolation,
        };
        float[] pixels = new float[3 * wants.ImageSize * wants.ImageSize];
        transform.Normalise(transform.Apply(ImageDecoder.Decode(bytes).Image!), pixels);
        return teacher
            .Model.forward(tensor(pixels, [1, 3, wants.ImageSize, wants.ImageSize]))
            .to(ScalarType.Float64)
            .softmax(-1)
            .data<double>()
            .ToArray();
    }

    [GeneratedRegex(@"Now listening on: (http://\S+)")]
    private static partial Regex Listening();
}
