// How a network pools its tokens for the head.

using DataFreeKD.Models.Timm;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Takes it from tensors that only one kind of pooling has, or from whoever states it.</summary>
internal sealed class PoolingReader(NetworkSource source)
{
    private readonly Dictionary<string, Tensor> tensors = source.Tensors;
    private readonly Statements stated = source.Stated;
    private readonly ReadingReport report = source.Report;
    private readonly TimmShape? named = source.Named?.Value.Shape;

    /// <summary>The kind of pooling.</summary>
    /// <exception cref="ModelException">Statements and tensors contradict each other.</exception>
    public Told<Pooling> Read(bool classToken, bool severalHeads, bool fcNorm, long headInput, int width)
    {
        bool map = tensors.ContainsKey("attn_pool.latent");
        Told<Pooling>? told = StatedPooling();
        Told<Pooling>? seen =
            map ? new(Pooling.Map, "'attn_pool.latent'", FactSource.Tensors)
            : headInput == 2L * width ? new(Pooling.TokenAndAverage, "a head of twice the width", FactSource.Tensors)
            : source.Style == NameStyle.SiglipClassifier
                ? new(Pooling.Average, "Hugging Face's SiglipForImageClassification", FactSource.Registry)
            : source.Style == NameStyle.ClipClassifier
                ? new(Pooling.Average, "Hugging Face's CLIPForImageClassification", FactSource.Registry)
            : severalHeads ? new(Pooling.Token, "a head for each token", FactSource.Tensors)
            : null;
        if (seen is { } by)
        {
            if (told is { } other && other.Value != by.Value && other.By == FactSource.Config)
                throw report.Bad($"{other.Source} asks for pooling '{VitSpec.PoolName(other.Value)}', but the weights have {by.Source}");
            return by;
        }
        if (told is { } asked)
        {
            if (asked.Value == Pooling.Map)
                throw report.Bad($"{asked.Source} asks for pooling by attention, but there is no 'attn_pool.latent'");
            if (asked.Value == Pooling.Token && !classToken)
                throw report.Bad($"{asked.Source} asks for pooling by the class token, but there is no 'cls_token'");
            return asked;
        }
        if (!classToken)
            return new(Pooling.Average, "no class token", FactSource.Tensors);
        if (source.Style == NameStyle.HuggingFaceBeit && fcNorm)
            return new(Pooling.Average, "'pooler.layernorm', which comes after the mean of the patches", FactSource.Tensors);
        if (!source.Style.IsTimm())
            return new(Pooling.Token, "the class of its library", FactSource.Registry);
        if (fcNorm)
            return new(Pooling.Average, "'fc_norm', which comes after average pooling", FactSource.Tensors);
        if (named is not null)
            return new(named.Pooling is Pooling.Map ? Pooling.Token : named.Pooling, source.Named!.Value.Source, FactSource.Registry);
        return new(Pooling.Token, "", FactSource.Assumed);
    }

    /// <summary>Heads of a pooling by attention, which leave no trace in its tensors; 0 for the usual number.</summary>
    /// <exception cref="ModelException">They do not divide the width.</exception>
    public int HeadsOf(int width)
    {
        int heads = stated.Int("attn_pool_num_heads")?.Value ?? named?.PoolHeads ?? 0;
        return heads >= 0 && (heads == 0 || width % heads == 0)
            ? heads
            : throw report.Bad($"its pooling by attention is said to have {heads} heads, which do not divide its width {width}");
    }

    /// <summary>Whether a pooling by attention reads all tokens: timm's eva.py does, its vision_transformer.py reads the patches unless
    /// told.</summary>
    public bool TakesPrefix(bool eva) => stated.Flag("pool_include_prefix")?.Value ?? named?.PoolPrefix ?? eva;

    private Told<Pooling>? StatedPooling()
    {
        foreach (Statement statement in stated.Of("global_pool", "pool_type", "gp"))
        {
            Pooling? pooling = statement.Value switch
            {
                "token" or "cls" or false => Pooling.Token,
                "avg" or "mean" or true => Pooling.Average,
                "map" => Pooling.Map,
                "token+avg" => Pooling.TokenAndAverage,
                _ => null,
            };
            if (pooling is { } known)
                return new(known, statement.Source, statement.By);
            if (statement.By == FactSource.Config)
                throw report.Bad($"{statement.Source} asks for pooling {Statements.Show(statement.Value)}; token, avg and map are read");
        }
        return null;
    }
}
