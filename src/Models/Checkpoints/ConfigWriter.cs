// config.json and preprocessor_config.json as timm and Hugging Face read them.

using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Writes the JSON files of a model directory.</summary>
internal static class ConfigWriter
{
    private static readonly JsonWriterOptions Layout = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Shape fields in both vocabularies; <c>architecture</c> (timm) or <c>architectures</c> and <c>model_type</c> (transformers)
    /// by the tensors' names, so that no reader takes names that it does not know.</summary>
    public static void Config(
        Stream stream,
        ModelConfig config,
        Preprocessing preprocessing,
        IReadOnlyList<string> classNames,
        TensorNaming naming
    )
    {
        TimmForm form = TimmForm.Of(config);
        VitConfig? vit = config as VitConfig;
        using Utf8JsonWriter json = new(stream, Layout);
        json.WriteStartObject();
        if (naming == TensorNaming.Timm)
            json.WriteString("architecture", form.Architecture);
        else
            Transformers(json, vit!);
        json.WriteNumber("num_classes", config.Classes);
        json.WriteNumber("num_features", vit?.Width ?? config.Features);
        if (vit is not null)
            json.WriteString("global_pool", VitSpec.PoolName(vit.Pooling));
        Labels(json, classNames);
        form.WriteArguments(json);
        PretrainedConfig(json, form, config, preprocessing);
        if (vit is not null)
            VitFields(json, vit);
        json.WriteEndObject();
    }

    private static void Transformers(Utf8JsonWriter json, VitConfig config)
    {
        json.WriteStartArray("architectures");
        json.WriteStringValue(
            config.Classes == 0 ? (config.Distilled ? "DeiTModel" : "ViTModel")
            : config.Distilled ? "DeiTForImageClassificationWithTeacher"
            : "ViTForImageClassification"
        );
        json.WriteEndArray();
        json.WriteString("model_type", config.Distilled ? "deit" : "vit");
    }

    private static void VitFields(Utf8JsonWriter json, VitConfig config)
    {
        json.WriteNumber("hidden_size", config.Width);
        json.WriteNumber("num_hidden_layers", config.Depth);
        json.WriteNumber("num_attention_heads", config.Heads);
        json.WriteNumber("intermediate_size", config.MlpHidden);
        json.WriteString("hidden_act", ActivationNames.Of(config.Activation));
        json.WriteNumber("image_size", config.ImageSize);
        json.WriteNumber("patch_size", config.PatchSize);
        json.WriteNumber("num_channels", 3);
        json.WriteBoolean("qkv_bias", config.QkvBias);
        json.WriteNumber("layer_norm_eps", config.LayerNormEpsilon);
        json.WriteNumber("hidden_dropout_prob", 0);
        json.WriteNumber("attention_probs_dropout_prob", 0);
    }

    /// <summary>transformers' image processor, with timm's exact crop share beside it.</summary>
    public static void Processor(Stream stream, Preprocessing config)
    {
        using Utf8JsonWriter json = new(stream, Layout);
        json.WriteStartObject();
        // ViT's processor squashes; only ConvNext's and CLIP's kind resizes the short side and crops.
        json.WriteString("image_processor_type", config.Squash ? "ViTImageProcessor" : "CLIPImageProcessor");
        json.WriteBoolean("do_resize", true);
        json.WriteStartObject("size");
        if (config.Squash)
            Square(json, config.ImageSize);
        else
            json.WriteNumber("shortest_edge", (int)Math.Floor(config.ImageSize / config.CropPct));
        json.WriteEndObject();
        json.WriteBoolean("do_center_crop", !config.Squash);
        if (!config.Squash)
        {
            json.WriteStartObject("crop_size");
            Square(json, config.ImageSize);
            json.WriteEndObject();
            json.WriteNumber("crop_pct", config.CropPct);
        }
        json.WriteNumber("resample", config.Interpolation == Interpolation.Bilinear ? 2 : 3);
        json.WriteBoolean("do_rescale", true);
        json.WriteNumber("rescale_factor", 1 / 255.0);
        json.WriteBoolean("do_normalize", true);
        Floats(json, "image_mean", config.Mean);
        Floats(json, "image_std", config.Std);
        json.WriteEndObject();
    }

    private static void PretrainedConfig(Utf8JsonWriter json, TimmForm form, ModelConfig config, Preprocessing preprocessing)
    {
        json.WriteStartObject("pretrained_cfg");
        json.WriteStartArray("input_size");
        json.WriteNumberValue(3);
        json.WriteNumberValue(config.ImageSize);
        json.WriteNumberValue(config.ImageSize);
        json.WriteEndArray();
        json.WriteBoolean("fixed_input_size", form.FixedSize);
        json.WriteString("interpolation", preprocessing.Interpolation.Name());
        json.WriteNumber("crop_pct", preprocessing.CropPct);
        json.WriteString("crop_mode", preprocessing.Squash ? "squash" : "center");
        Floats(json, "mean", preprocessing.Mean);
        Floats(json, "std", preprocessing.Std);
        json.WriteNumber("num_classes", config.Classes);
        if (form.PoolSize is not { } pool)
        {
            json.WriteNull("pool_size");
        }
        else
        {
            json.WriteStartArray("pool_size");
            json.WriteNumberValue(pool);
            json.WriteNumberValue(pool);
            json.WriteEndArray();
        }
        json.WriteString("first_conv", form.FirstConvolution);
        if (form.Classifier is [var only])
        {
            json.WriteString("classifier", only);
        }
        else
        {
            json.WriteStartArray("classifier");
            foreach (string module in form.Classifier)
                json.WriteStringValue(module);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void Labels(Utf8JsonWriter json, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
            return;
        json.WriteStartArray("label_names");
        foreach (string name in names)
            json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteStartObject("id2label");
        for (int i = 0; i < names.Count; i++)
            json.WriteString(i.ToString(CultureInfo.InvariantCulture), names[i]);
        json.WriteEndObject();
        json.WriteStartObject("label2id");
        foreach (IGrouping<string, int> same in Enumerable.Range(0, names.Count).GroupBy(i => names[i], StringComparer.Ordinal))
            json.WriteNumber(same.Key, same.First());
        json.WriteEndObject();
    }

    private static void Square(Utf8JsonWriter json, int size)
    {
        json.WriteNumber("height", size);
        json.WriteNumber("width", size);
    }

    private static void Floats(Utf8JsonWriter json, string name, IReadOnlyList<float> values)
    {
        json.WriteStartArray(name);
        foreach (float value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
