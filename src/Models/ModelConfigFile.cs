// config.json and preprocessor_config.json: what is read from them and written to them.

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DataFreeKD.Models;

internal static class ModelConfigFile
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Parses a JSON object; null where the file is absent.</summary>
    public static JsonObject? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new ModelException($"{path}: a JSON object is needed");
        }
        catch (JsonException error)
        {
            throw new ModelException($"{path}: not JSON ({error.Message})", error);
        }
    }

    public static int? Heads(JsonObject? config) => Int(config, "num_attention_heads") ?? Int(config, "num_heads") ?? Int(config?["model_args"] as JsonObject, "num_heads");

    /// <summary>Hugging Face says it; timm's own default is 1e-6.</summary>
    public static double Epsilon(JsonObject? config) => Number(config, "layer_norm_eps") ?? 1e-6;

    public static IReadOnlyList<string> ClassNames(JsonObject? config, int classes)
    {
        JsonNode? names = config?["label_names"] ?? (config?["pretrained_cfg"] as JsonObject)?["label_names"];
        if (names is JsonArray list && list.Count == classes) return [.. list.Select(name => name?.ToString() ?? "")];
        if (config?["id2label"] is JsonObject byId && byId.Count == classes)
        {
            string[] ordered = [.. Enumerable.Range(0, classes).Select(id => byId[id.ToString(CultureInfo.InvariantCulture)]?.ToString() ?? "")];
            // Transformers fills in LABEL_0, LABEL_1, ... where nobody gave names: those are no names.
            if (!ordered.Where((name, id) => name != $"LABEL_{id}").Any()) return [];
            return ordered;
        }
        return [];
    }

    public static PreprocessingConfig Preprocessing(JsonObject? preprocessor, JsonObject? config, VitConfig model)
    {
        var fallback = PreprocessingConfig.DefaultFor(model.ImageSize);
        JsonObject? timm = config?["pretrained_cfg"] as JsonObject ?? (config?["mean"] is not null ? config : null);
        PreprocessingConfig found = timm is null ? fallback : fallback with
        {
            CropPct = Number(timm, "crop_pct") ?? fallback.CropPct,
            Interpolation = Text(timm, "interpolation") ?? fallback.Interpolation,
            Mean = Floats(timm, "mean") ?? fallback.Mean,
            Std = Floats(timm, "std") ?? fallback.Std,
        };
        if (preprocessor is null) return found;

        int? side = Int(preprocessor["size"] as JsonObject, "height") ?? Int(preprocessor["size"] as JsonObject, "shortest_edge") ?? Int(preprocessor, "size");
        int? crop = Int(preprocessor["crop_size"] as JsonObject, "height") ?? Int(preprocessor, "crop_size");
        bool cropping = preprocessor["do_center_crop"] is JsonValue asked && asked.TryGetValue(out bool yes) && yes;
        double? cropPct = Number(preprocessor, "crop_pct") ?? (cropping && side is > 0 && crop is { } cropped ? (double)cropped / side : null);
        return found with
        {
            ImageSize = model.ImageSize,
            Squash = cropPct is null && !cropping,
            CropPct = cropPct ?? (cropping ? found.CropPct : 1),
            Interpolation = Int(preprocessor, "resample") switch { 2 => "bilinear", 3 => "bicubic", _ => Text(preprocessor, "interpolation") ?? found.Interpolation },
            Mean = Floats(preprocessor, "image_mean") ?? found.Mean,
            Std = Floats(preprocessor, "image_std") ?? found.Std,
        };
    }

    public static string Config(VitConfig model, PreprocessingConfig preprocessing, IReadOnlyList<string> classNames, TensorNaming naming)
    {
        string architecture = naming == TensorNaming.HuggingFace ? (model.Distilled ? "DeiTForImageClassificationWithTeacher" : "ViTForImageClassification")
            : model.Distilled ? "vit_distilled" : "vit";
        var json = new JsonObject
        {
            ["architecture"] = architecture,
            ["architectures"] = new JsonArray(architecture),
            ["model_type"] = model.Distilled ? "deit" : "vit",
            ["num_classes"] = model.Classes,
            ["num_features"] = model.Width,
            ["image_size"] = model.ImageSize,
            ["patch_size"] = model.PatchSize,
            ["num_channels"] = 3,
            ["hidden_size"] = model.Width,
            ["num_hidden_layers"] = model.Depth,
            ["num_attention_heads"] = model.Heads,
            ["intermediate_size"] = model.MlpHidden,
            ["hidden_act"] = "gelu",
            ["qkv_bias"] = model.QkvBias,
            ["layer_norm_eps"] = model.LayerNormEpsilon,
            ["model_args"] = new JsonObject
            {
                ["img_size"] = model.ImageSize,
                ["patch_size"] = model.PatchSize,
                ["embed_dim"] = model.Width,
                ["depth"] = model.Depth,
                ["num_heads"] = model.Heads,
                ["mlp_ratio"] = (double)model.MlpHidden * (model.SwiGlu ? 2 : 1) / model.Width,
            },
            ["pretrained_cfg"] = new JsonObject
            {
                ["input_size"] = new JsonArray(3, model.ImageSize, model.ImageSize),
                ["crop_pct"] = preprocessing.CropPct,
                ["interpolation"] = preprocessing.Interpolation,
                ["mean"] = Array(preprocessing.Mean),
                ["std"] = Array(preprocessing.Std),
                ["num_classes"] = model.Classes,
            },
        };
        if (classNames.Count > 0)
        {
            json["label_names"] = new JsonArray([.. classNames.Select(name => (JsonNode)name)]);
            json["id2label"] = new JsonObject(classNames.Select((name, id) => KeyValuePair.Create(id.ToString(CultureInfo.InvariantCulture), (JsonNode?)name)));
        }
        return json.ToJsonString(Indented) + "\n";
    }

    public static string Preprocessor(PreprocessingConfig preprocessing)
    {
        var json = new JsonObject
        {
            ["image_processor_type"] = "ViTImageProcessor",
            ["do_resize"] = true,
            ["do_rescale"] = true,
            ["do_normalize"] = true,
            ["do_center_crop"] = !preprocessing.Squash,
            ["size"] = preprocessing.Squash
                ? new JsonObject { ["height"] = preprocessing.ImageSize, ["width"] = preprocessing.ImageSize }
                : new JsonObject { ["shortest_edge"] = (int)Math.Floor(preprocessing.ImageSize / preprocessing.CropPct) },
            ["crop_size"] = new JsonObject { ["height"] = preprocessing.ImageSize, ["width"] = preprocessing.ImageSize },
            ["resample"] = preprocessing.Interpolation == "bilinear" ? 2 : 3,
            ["rescale_factor"] = 1 / 255.0,
            ["image_mean"] = Array(preprocessing.Mean),
            ["image_std"] = Array(preprocessing.Std),
        };
        if (!preprocessing.Squash) json["crop_pct"] = preprocessing.CropPct;
        return json.ToJsonString(Indented) + "\n";
    }

    // Through double of the shortest text, so that 0.485f is written as 0.485.
    private static JsonArray Array(IReadOnlyList<float> values) => new([.. values.Select(value => (JsonNode)double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture))]);

    private static double? Number(JsonObject? json, string name) => json?[name] is JsonValue value && value.TryGetValue(out double number) ? number : null;

    private static int? Int(JsonObject? json, string name) => Number(json, name) is { } number ? (int)number : null;

    private static string? Text(JsonObject? json, string name) => json?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static float[]? Floats(JsonObject json, string name) => json[name] is JsonArray { Count: 3 } list ? [.. list.Select(item => (float)item!.GetValue<double>())] : null;
}
