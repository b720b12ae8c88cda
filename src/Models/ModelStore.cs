// Loading and saving models: HF directories, bare safetensors, torch.save files.

using DataFreeKD.Models.Checkpoints;
using DataFreeKD.Models.Timm;
using TorchSharp;

namespace DataFreeKD.Models;

/// <summary>Reads and writes model directories and checkpoint files.</summary>
public static class ModelStore
{
    private const string Weights = "model.safetensors";
    private const string Config = "config.json";
    private const string Processor = "preprocessor_config.json";
    private const string Card = "README.md";

    /// <summary>Raised after each load, on the thread that loaded, with what was assumed and noted: a program shows it to whoever gave the
    /// checkpoint.</summary>
    internal static event Action<LoadedModel>? Loaded;

    // In the order of preference within a directory.
    private static readonly string[] WeightNames = [Weights, "pytorch_model.bin", Weights + ".index.json", "pytorch_model.bin.index.json"];

    // How weights are called where a directory holds them under a name of their own.
    private static readonly string[] WeightEndings = [".safetensors", ".bin", ".pth", ".pt", ".ckpt", ".pth.tar"];

    // What trainers keep beside the network in one dictionary with it.
    private static readonly string[] OfTraining =
    [
        "decoder",
        "mask_token",
        "criterion",
        "loss",
        "projector",
        "projection_head",
        "prototypes",
        "predictor",
        "queue",
        "contrastive",
        "logit_scale",
        "n_averaged",
        "center",
    ];

    // How names of tensors end: of these an object in a tensor's place was meant as one.
    private static readonly string[] TensorEndings = ["weight", "bias", "_token", "pos_embed", "gamma", "running_mean", "running_var"];

    /// <summary>Loads a HF-layout directory (HF or timm names, sharded or not), a .safetensors, or a .pth/.pt/.bin/.ckpt of
    /// torch.save.</summary>
    /// <param name="path">Directory or file; <c>FILE#KEY</c> names one of several networks in a file.</param>
    /// <param name="heads">Number of heads where neither config, arguments nor the architecture's name tells.</param>
    /// <param name="weightsKey">Which of several networks in the file: its label as messages give it, or the beginning of it. Overrides a
    /// key in <paramref name="path"/>.</param>
    /// <remarks>A bare file takes its config from <c>&lt;name&gt;.json</c> beside it, or from <c>config.json</c> where it bears the
    /// layout's own name; its file name may be a registered model's.</remarks>
    /// <exception cref="ModelException">What is wrong, where, and how to mend it.</exception>
    public static LoadedModel Load(string path, int? heads = null, string? weightsKey = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        (string place, string? key) = Split(path);
        string weights = WeightsOf(place);
        RegularFile.Require(weights);
        try
        {
            LoadedModel loaded = LoadFile(weights, heads, weightsKey ?? key, Directory.Exists(place));
            Loaded?.Invoke(loaded);
            return loaded;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or OverflowException)
        {
            throw new ModelException($"'{weights}' cannot be read: {Shown.Of(e.Message)}", e);
        }
    }

    /// <summary>Every file that <see cref="Load"/> takes weights from: one, or an index and its shards.</summary>
    /// <param name="path">Directory or file.</param>
    /// <exception cref="ModelException">There is no model, or its index is damaged.</exception>
    public static IReadOnlyList<string> FilesOf(string path)
    {
        string weights = WeightsOf(path);
        return [.. (ShardIndex.Recognises(weights) ? ShardIndex.Files(weights) : [weights]).Select(LinkText.Resolved)];
    }

    /// <summary>Writes config.json, preprocessor_config.json, model.safetensors (each atomically) and, where given, README.md.</summary>
    /// <param name="directory">Made where it is missing; files of the same names are replaced.</param>
    /// <param name="model">The network; weights are written as float32.</param>
    /// <param name="preprocessing">How it wants its images.</param>
    /// <param name="classNames">Names by class index; empty, or one for each class.</param>
    /// <param name="naming">Tensor names; Hugging Face's only where its ViT and DeiT have every part of the model.</param>
    /// <param name="modelCard">Text of README.md.</param>
    /// <exception cref="ModelException">The naming cannot express the model, or the class names do not fit.</exception>
    public static void Save(
        string directory,
        ImageModel model,
        Preprocessing preprocessing,
        IReadOnlyList<string> classNames,
        TensorNaming naming = TensorNaming.Timm,
        string? modelCard = null
    )
    {
        if (classNames.Count != 0 && classNames.Count != model.Config.Classes)
            throw new ModelException(
                $"{classNames.Count} class names for a model of {model.Config.Classes} classes; give one for each, or none"
            );
        using DisposeScope scope = torch.NewDisposeScope();
        IReadOnlyDictionary<string, torch.Tensor> tensors = model.StateDict();
        if (naming == TensorNaming.HuggingFace)
            tensors = HuggingFaceNames.FromTimm(
                tensors,
                model.AsVisionTransformer("has no tensor names of Hugging Face's in this tool").Config
            );
        Directory.CreateDirectory(directory);
        AtomicFile.Write(Path.Combine(directory, Weights), stream => SafeTensors.Write(stream, tensors));
        AtomicFile.Write(Path.Combine(directory, Processor), stream =>
            ConfigWriter.Processor(stream, preprocessing with { ImageSize = model.Config.ImageSize })
        );
        if (modelCard is not null)
            AtomicFile.Write(Path.Combine(directory, Card), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(modelCard)));
        AtomicFile.Write(Path.Combine(directory, Config), stream =>
            ConfigWriter.Config(stream, model.Config, preprocessing, classNames, naming)
        );
    }

    private static LoadedModel LoadFile(string weights, int? heads, string? key, bool directory)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        ReadingReport report = new(weights);
        if (LinkText.TargetOf(weights) is { } meant)
            report.Note($"the file is the text of a link, as copies without symbolic links leave it; '{Shown.Of(meant)}' was read");
        WeightsContent content = WeightsFile.Read(weights, key);
        if (
            content.Placeholders.FirstOrDefault(pair => TensorEndings.Any(ending => pair.Key.EndsWith(ending, StringComparison.Ordinal))) is
            { Key: { } name } made
        )
            throw report.Bad(
                $"'{Shown.Of(name)}' is no plain tensor but made by '{Shown.Of(made.Value)}', which is not read; {(made.Value.Contains("_qtensor", StringComparison.Ordinal) ? "save the weights as they were before quantisation" : made.Value.Contains("sparse", StringComparison.Ordinal) ? "save it dense: tensor.to_dense()" : "save the weights alone: torch.save(model.state_dict(), file)")}"
            );
        Describe(content, report, asked: key is not null);
        if (content.Tensors.Keys.FirstOrDefault(tensor => tensor.EndsWith(".zero_point", StringComparison.Ordinal)) is { } scaled)
            throw report.Bad($"'{Shown.Of(scaled)}' tells that its weights are quantised; save them as they were before quantisation");
        (Dictionary<string, torch.Tensor> tensors, NameStyle style) = TimmNames.From(weights, content.Tensors);
        SequentialHead.Unwrap(tensors, report);
        string folder = Path.GetDirectoryName(Path.GetFullPath(weights))!,
            stem = Path.GetFileNameWithoutExtension(weights);
        // In a directory that is given as a model its config goes with the weights, whatever they are called, unless there is one of their
        // own name.
        bool inLayout =
            WeightNames.Contains(Path.GetFileName(weights)) || (directory && !File.Exists(Path.Combine(folder, stem + ".json")));
        JsonFile? config = JsonFile.ReadIfPresent(Path.Combine(folder, inLayout ? Config : stem + ".json"));
        JsonFile? processor = inLayout ? JsonFile.ReadIfPresent(Path.Combine(folder, Processor)) : null;
        KnownFields.NameUnknown(config, report);
        Statements stated = Statements.OfConfig(config).Then(content.Stated);
        Told<TimmEntry>? named = Named(stated, WeightNames.Contains(Path.GetFileName(weights)) ? null : stem, weights, report);

        ModelConfig shape = FamilyReader.Read(new NetworkSource(tensors, style, stated, named, heads, report), config);

        if (shape.Classes == 1)
            report.Note(
                "its head has one output: as a softmax over one class it is sure of every image, so that entropy, energy and agreement tell nothing"
            );
        ImageModel model = shape.Build();
        try
        {
            Fill(report, model, tensors);
            Preprocessing preprocessing = PreprocessingReader.Read(
                processor,
                stated,
                NamedPreprocessing(named, stated),
                shape.ImageSize,
                report
            );
            model.eval();
            return new LoadedModel(
                model,
                preprocessing,
                ClassNamesReader.Read(config, content.Names, shape.Classes, report),
                LinkText.Resolved(weights)
            )
            {
                Facts = report.Facts,
                Notes = report.Notes,
            };
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    // Which network was taken where there was a choice, and what was left.
    private static void Describe(WeightsContent content, ReadingReport report, bool asked)
    {
        FoundNetwork network = content.Network;
        if (asked)
            report.Note($"the weights are those under '{Shown.Of(network.Label)}', as asked");
        else if (network.Label.Length > 0)
            report.Note(
                $"the weights are those under '{Shown.Of(network.Label)}'{(network.Others.Count > 0 ? $", preferred to {string.Join(", ", network.Others.Take(4))}{(network.Others.Count > 4 ? $" and {network.Others.Count - 4} more" : "")}: averaged weights first, then a teacher's, then the usual key (--weights-key names another)" : "")}"
            );
        else if (network.Others.Count > 0)
            report.Note(
                $"the weights are those at the file's top, preferred to {string.Join(", ", network.Others.Take(4))} (--weights-key names another)"
            );
        if (network.Left.Count > 0)
            report.Note($"{network.Left.Count} tensors outside '{Shown.Of(network.Prefix)}' are ignored: {Shown.List(network.Left)}");
        if (content.Foreign.Count > 0)
            report.Note($"objects beside the weights are left alone, nothing of them was run: {Shown.List(content.Foreign, 6)}");
        foreach (string remark in content.Remarks)
            report.Note(remark);
    }

    // The name of the config, else of the checkpoint's arguments, else of the file: the first that is known.
    private static Told<TimmEntry>? Named(Statements stated, string? stem, string weights, ReadingReport report)
    {
        foreach (Statement statement in stated.Of("architecture"))
        {
            if (statement.Value is not string name)
                continue;
            Told<TimmEntry>? found = TimmTable.Find(name) is { } entry ? new Told<TimmEntry>(entry, statement.Source, statement.By) : null;
            if (found is not null)
                report.Add("architecture", found.Value, known => known.Name);
            else if (ModelRegistry.Find(name) is null && !FreeSpec.All.ContainsKey(name.Split(':')[0]) && name != "vit")
                report.Note($"{statement.Source} is '{Shown.Of(name)}', a name that is not known here and tells nothing");
            return found;
        }
        if (stem is null)
            return null;
        // model-epoch3 and the like keep the name before a hyphen.
        TimmEntry? byFile = TimmTable.Find(stem) ?? TimmTable.Find(stem.Split('-')[0]);
        Told<TimmEntry>? told = byFile is null
            ? null
            : new Told<TimmEntry>(byFile, $"the file's name '{Shown.Of(Path.GetFileName(weights))}'", FactSource.Registry);
        if (told is not null)
            report.Add("architecture", told.Value, known => known.Name);
        return told;
    }

    private static Told<Preprocessing>? NamedPreprocessing(Told<TimmEntry>? named, Statements stated)
    {
        if (named is { } known && known.Value.Preprocessing is { } own)
            return new(own, $"{known.Value.Name}, which is {known.Source}", FactSource.Registry);
        return stated.Text("architecture") is { } name && ModelRegistry.Find(name.Value) is { } entry
            ? new(entry.Preprocessing, $"{entry.Name}, which is {name.Source}", FactSource.Registry)
            : null;
    }

    // Every parameter gets a finite tensor of its own shape, and every tensor finds its parameter or is known to be of training alone.
    private static void Fill(ReadingReport report, ImageModel model, Dictionary<string, torch.Tensor> tensors)
    {
        using IDisposable noGrad = torch.no_grad();
        IReadOnlyDictionary<string, torch.Tensor> state = model.StateDict();
        string[] missing = [.. state.Keys.Where(k => !tensors.ContainsKey(k) && !IsCounter(k))],
            unknown = [.. tensors.Keys.Where(k => !state.ContainsKey(k)).Order(StringComparer.Ordinal)];
        string[] training =
        [
            .. unknown.Where(name =>
                OfTraining.Any(part => name.StartsWith(part, StringComparison.Ordinal))
                || (name.StartsWith("pre_logits", StringComparison.Ordinal) && model.Config.Classes == 0)
            ),
        ];
        if (missing.Length > 0)
        {
            throw report.Bad($"it misses {List(missing)}");
        }
        unknown = [.. unknown.Except(training)];
        if (unknown.Length > 0)
            throw report.Bad(
                $"it holds {List(unknown)}, for which this family of networks has no place (supported: {FamilyReader.Supported})"
            );
        if (training.Length > 0)
            report.Note($"{training.Length} tensors of training are ignored: {Shown.List(training)}");
        foreach ((string name, torch.Tensor parameter) in state)
        {
            // Old checkpoints do not count batches.
            if (!tensors.TryGetValue(name, out torch.Tensor? tensor))
                continue;
            if (!tensor.shape.SequenceEqual(parameter.shape))
                throw report.Bad(
                    $"tensor '{name}' is [{string.Join(", ", tensor.shape)}], its place wants [{string.Join(", ", parameter.shape)}]"
                );
            if (!tensor.is_floating_point() && !IsCounter(name))
                throw report.Bad($"tensor '{name}' is {tensor.dtype}, not floating point");
            parameter.copy_(tensor);
            if (parameter.is_floating_point() && !IsFinite(parameter))
                throw report.Bad(
                    $"tensor '{name}' is not finite (it holds NaN or infinite numbers): the training diverged or the file is damaged"
                );
        }
    }

    private static bool IsFinite(torch.Tensor tensor)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        // Named, so that it lives through the call: TorchSharp passes its address, and an unnamed one may be collected meanwhile.
        using Scalar zero = 0;
        // The sum of products with zero is NaN where any factor is not finite: one pass without a mask.
        return tensor.detach().mul(zero).sum().item<float>() == 0;
    }

    private static bool IsCounter(string name) => name.EndsWith(".num_batches_tracked", StringComparison.Ordinal);

    private static string List(string[] names) => Shown.List(names) + (names.Length > 4 ? " tensors" : "");

    private static (string Path, string? Key) Split(string path)
    {
        int mark = path.LastIndexOf('#');
        return mark <= 0 || File.Exists(path) || Directory.Exists(path) ? (path, null) : (path[..mark], path[(mark + 1)..]);
    }

    /// <summary>Of <c>FILE#KEY</c> the file; else the path as it is.</summary>
    internal static string PlaceOf(string path) => Split(path).Path;

    /// <summary>The file that <see cref="Load"/> takes the weights from.</summary>
    /// <param name="path">Directory or file.</param>
    /// <exception cref="ModelException">There is no model.</exception>
    public static string WeightsOf(string path)
    {
        path = Split(path).Path;
        if (File.Exists(path))
            return path;
        if (!Directory.Exists(path))
            throw new ModelException(
                $"there is no model at '{Shown.Of(path)}': give a directory with {Weights}, or a .safetensors, .pth, .pt, .bin or .ckpt file"
            );
        foreach (string name in WeightNames)
        {
            if (File.Exists(Path.Combine(path, name)))
                return Path.Combine(path, name);
        }
        string[] others =
        [
            .. Directory
                .EnumerateFiles(path)
                .Where(file => WeightEndings.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
                .Order(StringComparer.Ordinal),
        ];
        if (others is [var only])
            return only;
        throw new ModelException(
            others.Length == 0
                ? $"the directory '{Shown.Of(path)}' holds none of {string.Join(", ", WeightNames)}, and no other file of weights"
                : $"the directory '{Shown.Of(path)}' holds several files of weights ({Shown.List(others.Select(file => Path.GetFileName(file)!))}), and none under the usual name {Weights}: name one of them"
        );
    }
}
