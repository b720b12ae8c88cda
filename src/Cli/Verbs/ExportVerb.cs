// dfkd export: a model as an ONNX file that runs without this toolkit.

using System.CommandLine;
using System.Globalization;
using DataFreeKD.Cli.Doctor;
using DataFreeKD.Cli.Exporting;
using DataFreeKD.Cli.Output;
using DataFreeKD.Distiller;
using DataFreeKD.Imaging;
using DataFreeKD.Models;
using DataFreeKD.Onnx;
using DataFreeKD.Onnx.Quantisation;
using DataFreeKD.Onnx.Running;
using DataFreeKD.Toolkit.Exporting;

namespace DataFreeKD.Cli.Verbs;

/// <summary>model → ONNX file, checked.</summary>
internal sealed class ExportVerb : Verb
{
    private enum Int8
    {
        None,
        Static,
        Dynamic,
    }

    private const double Tolerance = 1e-4;

    // The runtime's resizing differs from PIL's by one level in a few pixels of 10,000.
    private const double ResizedTolerance = 0.05;

    // Half precision has 11 bits, and errors of many layers add up.
    private const double HalfTolerance = 0.05;
    private const int DrawnImages = 8;

    // Every map's input is looked at: a few images at a time are plenty.
    private const int CalibrationBatch = 8;

    private readonly Argument<string> model = new("MODEL") { Description = "Model directory or checkpoint, of any family" };
    private readonly Option<string> onnx = new Option<string>("--onnx")
    {
        Description = "ONNX file to write",
        HelpName = "FILE",
        Required = true,
    }.NamesAFile();
    private readonly Option<string?> probe = new("--probe")
    {
        Description = "Add the attention probe of these blocks (probe_3, ...) and the embedding as outputs; e.g. 3,7, or all",
        HelpName = "B,...",
    };
    private readonly Option<bool> withPreprocessing = new("--with-preprocessing")
    {
        Description = "Take RGB bytes of any size, [B, H, W, 3], and resize, crop and normalise them inside the graph",
    };
    private readonly Option<bool> fp16 = new("--fp16")
    {
        Description = "Weights and arithmetic in float16; input and outputs stay float32",
    };
    private readonly Choice<Int8> int8 = new(
        "--int8",
        "int8 weights: static takes calibrated ranges of activations, dynamic each tensor's own",
        [("none", Int8.None), ("static", Int8.Static), ("dynamic", Int8.Dynamic)]
    );
    private readonly Option<string?> calibrate = new("--calibrate")
    {
        Description = "Images to calibrate --int8 static on: a selection, a folder or an archive",
        HelpName = "IMAGES",
    };
    private readonly Option<int> calibrateImages = CommonOptions
        .Count("--calibrate-images", "Images at most to calibrate on, evenly spread over those given", 256)
        .AtLeast(1);
    private readonly Choice<RangeRule> rule = new(
        "--calibrate-by",
        "How activation ranges are chosen: least squared error, min-max, or 99.99 percentile"
    );
    private readonly Choice<ActivationType> activations = new(
        "--activation-type",
        "Activations of --int8 static: quint8 for ONNX Runtime on a CPU, qint8 (symmetric, zero point 0) for TensorRT",
        [("quint8", ActivationType.QUInt8), ("qint8", ActivationType.QInt8)]
    );
    private readonly Option<bool> fullRange = new("--full-range")
    {
        Description =
            "int8 weights of the whole range: a little more exact, and wrong on x86 processors without VNNI; always so with qint8",
    };
    private readonly Option<string?> check = new("--check")
    {
        Description = "Images to check the export on, besides generated ones: a table, a folder or an archive",
        HelpName = "IMAGES",
    };
    private readonly Option<int> checkImages = CommonOptions
        .Count("--check-images", "Images at most to check on, evenly spread over those given", 100)
        .AtLeast(1);
    private readonly Option<string?> labelled = new("--labelled")
    {
        Description = "Measure model and export on labelled images",
        HelpName = "LABELLED",
    };
    private readonly Option<int?> heads = new("--heads")
    {
        Description = "Attention heads, if the checkpoint does not state them",
        HelpName = "N",
    };
    private readonly PreprocessingOptionSet preprocessing = new();

    public ExportVerb()
        : base(
            "export",
            "Write a model as an ONNX file, float32, float16 or int8, and check it in ONNX Runtime against libtorch.",
            "dfkd export student/ --onnx student.onnx --check photos/\ndfkd export student/ --onnx student-int8.onnx --int8 static --calibrate selected.csv --labelled photos/test"
        )
    {
        Add(model);
        AddOptions([
            onnx,
            probe,
            withPreprocessing,
            fp16,
            int8.Option,
            calibrate,
            calibrateImages,
            rule.Option,
            activations.Option,
            fullRange,
            check,
            checkImages,
            labelled,
            heads,
            .. preprocessing.All,
            CommonOptions.Threads,
            CommonOptions.Overwrite,
            .. StorageOptionSet.All,
        ]);
    }

    protected override void Run(ParseResult parsed, Terminal terminal, CancellationToken cancel)
    {
        using OutputLock held = OutputLock.Take(parsed.GetRequiredValue(onnx), "export");
        string file = Path.GetFullPath(parsed.GetRequiredValue(onnx));
        if (Directory.Exists(file))
            throw new UsageException($"{file} is a folder; name a .onnx file");
        if (File.Exists(file) && !parsed.GetValue(CommonOptions.Overwrite))
            throw new UsageException($"{file} exists; add --overwrite to replace it");
        if (int8.In(parsed) == Int8.Static != parsed.GetValue(calibrate) is not null)
            throw new UsageException("--int8 static and --calibrate IMAGES go together: ranges are measured on images");
        if (int8.In(parsed) != Int8.Static && activations.In(parsed) == ActivationType.QInt8)
            throw new UsageException(
                "--activation-type qint8 goes with --int8 static: activations that are quantised as they come are uint8 in ONNX"
            );
        if (int8.In(parsed) == Int8.None && parsed.GetValue(fullRange))
            throw new UsageException("--full-range goes with --int8 static or dynamic: it is the range of int8 weights");
        if (int8.In(parsed) != Int8.None && parsed.GetValue(fp16))
            throw new UsageException("--fp16 and --int8 exclude each other: what is not int8 stays float32; leave one out");
        if ((parsed.GetValue(fullRange) || activations.In(parsed) == ActivationType.QInt8) && Processor.Saturates)
            terminal.Note(
                "note: weights of the whole range saturate on this processor, which has no VNNI: figures of the check are worse than on a GPU or on a processor with it"
            );
        int threads = parsed.GetValue(CommonOptions.Threads);
        TorchRuntime.Start(threads);
        using LoadedModel loaded = Load(parsed);
        OnnxGraph graph = Graph(parsed, loaded, threads, terminal, cancel);
        byte[] bytes = graph.ToBytes();
        using OnnxModel running = OnnxModel.Open(bytes, threads);
        CheckResult found = Check(parsed, loaded, running, threads, cancel);
        Hold(parsed, found, file);
        EvaluationReport? measured = Measure(parsed, running, threads, terminal, cancel);
        held.RefuseAppeared(parsed.GetValue(CommonOptions.Overwrite));
        AtomicFile.WriteAllBytes(file, bytes);
        ExportSummary summary = new(
            file,
            bytes.LongLength,
            running.Outputs,
            found.Images,
            found.Error,
            found.ResizedError,
            found.Agreement,
            measured is null
                ? null
                : new ExportAccuracy(
                    measured.Images,
                    measured.Against!.Top1,
                    measured.Top1,
                    measured.Against.Agreement,
                    measured.Against.ImagesPerSecond,
                    measured.ImagesPerSecond
                )
        );
        terminal.Conclude(summary, () => Describe(summary));
    }

    private void Hold(ParseResult parsed, CheckResult found, string file)
    {
        if (!double.IsFinite(found.Error + found.ResizedError))
            throw new CheckException($"the export gives figures that are not finite; {file} was not written");
        if (int8.In(parsed) != Int8.None)
            return;
        bool half = parsed.GetValue(fp16);
        if (!half && !(found.Error <= Tolerance))
            throw new CheckException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the export is off by {found.Error:e1} from libtorch on {found.Images} images, and {Tolerance:e0} is allowed; {file} was not written"
                )
            );
        if (half && !(found.Error <= HalfTolerance * found.Largest))
            throw new CheckException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"in float16 the export is off by {100 * found.Error / found.Largest:F1} % of the largest logit on {found.Images} images, and {100 * HalfTolerance:F0} % is allowed; export without --fp16; {file} was not written"
                )
            );
        if (!(found.ResizedError <= ResizedTolerance))
            throw new CheckException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"with images that the graph resizes itself the export is off by {100 * found.ResizedError:F1} % of the largest logit, and {100 * ResizedTolerance:F0} % is allowed; {file} was not written"
                )
            );
    }

    private LoadedModel Load(ParseResult parsed)
    {
        LoadedModel loaded = ModelStore.Load(parsed.GetRequiredValue(model), parsed.GetValue(heads));
        return preprocessing.In(parsed) is { } given ? given.Apply(loaded) : loaded;
    }

    private OnnxGraph Graph(ParseResult parsed, LoadedModel loaded, int threads, Terminal terminal, CancellationToken cancel)
    {
        string? probed = parsed.GetValue(probe);
        if (probed is not null)
            loaded.Model.AsVisionTransformer("has no attention to probe");
        int depth = (loaded.Model.Config as VitConfig)?.Depth ?? 0;
        GraphOptions options = new()
        {
            ProbeBlocks = probed == "all" ? [.. Enumerable.Range(0, depth)] : [.. BlockList.Parse(probed).Distinct().Order()],
            Embedding = probed is not null,
            WithPreprocessing = parsed.GetValue(withPreprocessing),
            FullRange = parsed.GetValue(fullRange),
        };
        switch (int8.In(parsed))
        {
            case Int8.None:
                return parsed.GetValue(fp16) ? Half(parsed, loaded, options, threads, cancel) : OnnxGraph.Float(loaded, options);
            case Int8.Dynamic:
                return OnnxGraph.DynamicInt8(loaded, options);
            default:
                IReadOnlyList<string> paths = ImageList.Of(parsed.GetValue(calibrate)!, parsed.GetValue(calibrateImages), cancel);
                Calibration calibration = Calibration.Of(
                    loaded,
                    ExportCheck.Batches(ImageList.Decoded(paths, threads, cancel), loaded.Preprocessing, CalibrationBatch),
                    rule.In(parsed),
                    activations.In(parsed),
                    threads,
                    cancel
                );
                if (calibration.Images < paths.Count)
                    terminal.Note($"{paths.Count - calibration.Images} of {paths.Count} images to calibrate on could not be read");
                return OnnxGraph.StaticInt8(loaded, options, calibration);
        }
    }

    private CheckResult Check(ParseResult parsed, LoadedModel loaded, OnnxModel running, int threads, CancellationToken cancel)
    {
        ExportCheck both = new(loaded, running, parsed.GetValue(withPreprocessing));
        foreach (RgbImage image in CheckedOn(parsed, loaded, threads, cancel))
            both.Compare(image);
        return both.Result;
    }

    private IEnumerable<RgbImage> CheckedOn(ParseResult parsed, LoadedModel loaded, int threads, CancellationToken cancel)
    {
        IEnumerable<RgbImage> drawn = ExportCheck.Drawn(loaded.Preprocessing, DrawnImages, seed: 1);
        return parsed.GetValue(check) is { } source
            ? drawn.Concat(ImageList.Decoded(ImageList.Of(source, parsed.GetValue(checkImages), cancel), threads, cancel))
            : drawn;
    }

    // ONNX Runtime computes much of float16 in single precision here, and would not overflow where a GPU does.
    private OnnxGraph Half(ParseResult parsed, LoadedModel loaded, GraphOptions options, int threads, CancellationToken cancel)
    {
        OnnxGraph graph = OnnxGraph.Float16(loaded, options);
        Reach reach = Reach.Of(
            loaded,
            ExportCheck.Batches(CheckedOn(parsed, loaded, threads, cancel), loaded.Preprocessing, 1),
            threads,
            cancel
        );
        if (!reach.FitsFloat16)
            throw new CheckException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{reach.Tensor} reaches {reach.Value:g4} on the images of the check, and float16 ends at 65,504; export without --fp16"
                )
            );
        return graph;
    }

    // The export stands in for the model, and the model is what it is held against: one pass over the images.
    private EvaluationReport? Measure(ParseResult parsed, OnnxModel running, int threads, Terminal terminal, CancellationToken cancel)
    {
        if (parsed.GetValue(labelled) is not { } data)
            return null;
        if (parsed.GetValue(withPreprocessing))
            throw new UsageException("--labelled measures graphs that take pixels; leave out --with-preprocessing to measure this one");
        EvaluateOptions options = new()
        {
            Model = parsed.GetRequiredValue(model),
            Against = parsed.GetRequiredValue(model),
            Heads = parsed.GetValue(heads),
            AgainstHeads = parsed.GetValue(heads),
            Preprocessing = preprocessing.In(parsed),
            AgainstPreprocessing = preprocessing.In(parsed),
            Labelled = data,
            Workers = threads,
            Logits = (pixels, images) => running.Run(new PixelBatch(pixels, images), OnnxNames.Logits),
        };
        options.Validate();
        return terminal.Track<TrainProgress, EvaluationReport>(
            progress => TrainingText.Show(progress, "accuracy"),
            progress => EvaluateRun.Execute(options, progress, cancel)
        );
    }

    private static IEnumerable<string> Describe(ExportSummary summary)
    {
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{summary.Outputs.Count} outputs ({string.Join(", ", summary.Outputs)}), {summary.Bytes / 1e6:F1} MB"
        );
        string alike = double.IsNaN(summary.Agreement)
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", {100 * summary.Agreement:F1} % of decisions alike");
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"largest difference from libtorch {summary.LargestDifference:e1} on {summary.CheckedImages} images{alike}"
        );
        if (summary.ResizedDifference > 0)
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"where the graph resizes the image itself, {100 * summary.ResizedDifference:F2} % of the largest logit"
            );
        if (summary.Accuracy is { } accuracy)
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"top-1 {100 * accuracy.Before:F2} % before, {100 * accuracy.After:F2} % after, {100 * accuracy.Agreement:F2} % of decisions alike on {accuracy.Images:N0} images; forward pass {accuracy.ImagesPerSecondBefore:F0} and {accuracy.ImagesPerSecondAfter:F0} images/s"
            );
        yield return $"-> {summary.Onnx}";
    }

    private sealed record ExportSummary(
        string Onnx,
        long Bytes,
        IReadOnlyList<string> Outputs,
        int CheckedImages,
        double LargestDifference,
        double ResizedDifference,
        double Agreement,
        ExportAccuracy? Accuracy
    );

    private sealed record ExportAccuracy(
        long Images,
        double Before,
        double After,
        double Agreement,
        double ImagesPerSecondBefore,
        double ImagesPerSecondAfter
    );
}
