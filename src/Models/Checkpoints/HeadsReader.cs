// The number of attention heads, which a ViT's usual tensors cannot tell.

using DataFreeKD.Models.Timm;
using static TorchSharp.torch;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Takes it from whoever states it, from tensors that only some networks have, or from what networks of that size have.</summary>
internal sealed class HeadsReader(NetworkSource source)
{
    private readonly Dictionary<string, Tensor> tensors = source.Tensors;
    private readonly Statements stated = source.Stated;
    private readonly ReadingReport report = source.Report;
    private readonly TimmShape? named = source.Named?.Value.Shape;

    /// <summary>Heads of each block.</summary>
    /// <exception cref="ModelException">Nobody tells, or two contradict each other.</exception>
    public Told<int> Read(VitConfig config)
    {
        int width = config.Width;
        Told<int>? told = StatedHeads();
        int? normed =
            config.QkNorm ? checked((int)(width / Math.Max(1, source.Shape("blocks.0.attn.q_norm.weight", 1)[0])))
            : config.RelativeBias ? RelativeTables.HeadsOf(tensors)
            : tensors.TryGetValue("blocks.0.attn.rope_freqs", out Tensor? angles) && angles.dim() == 3 ? checked((int)angles.shape[1])
            : null;
        string counting =
            config.QkNorm ? "the norms of its queries"
            : config.RelativeBias ? "the tables of its relative positions"
            : "its rotary positions";
        if (told is { } said)
        {
            if (source.Heads is { } other && other != said.Value)
                throw report.Bad($"{said.Source} says {said.Value} heads, and Heads is {other}; leave Heads out", "Heads");
            if (said.Value <= 0 || width % said.Value != 0)
                throw report.Bad($"{said.Source} says {said.Value} heads, which do not divide the width {width} of the tensors");
            if (normed is { } seen && seen != said.Value)
                throw report.Bad($"{said.Source} says {said.Value} heads, but {counting} are of {seen} heads");
            return said;
        }
        if (source.Heads is { } asked && normed is { } held && asked != held)
            throw report.Bad($"Heads {asked}, but {counting} are of {held} heads; leave Heads out", "Heads");
        if (source.Heads is { } given)
            return width % given == 0 && given > 0
                ? new(given, "Heads", FactSource.Option)
                : throw report.Bad($"Heads {given} does not divide its width {width}", "Heads");
        if (normed is { } counted)
            return counted > 0 && width % counted == 0
                ? new(counted, counting, FactSource.Tensors)
                : throw report.Bad($"{counting} are of {counted} heads, which do not divide its width {width}");
        if (named is { } shape && shape.Width == width)
            return new(shape.Heads, source.Named!.Value.Source, FactSource.Registry);
        if (source.Style.DefaultHeads() is { } usual && stated.Text("model_type") is { } type && width % usual == 0)
            return new(
                usual,
                $"Hugging Face's default of '{Shown.Of(type.Value)}', since its config leaves heads out",
                FactSource.Registry
            );
        TimmShape[] same = [.. TimmTable.OfWidth(width)],
            alike =
            [.. same.Where(entry => entry.Depth == config.Depth && entry.MlpHidden == config.MlpHidden && entry.Patch == config.PatchSize)];
        if (alike.Select(entry => entry.Heads).Distinct().ToArray() is [var only])
            return new(
                only,
                $"every Vision Transformer of timm's with width {width}, depth {config.Depth} and patches of {config.PatchSize}",
                FactSource.Registry
            );
        if (same.Select(entry => entry.Heads).Distinct().ToArray() is [var common])
            return new(common, "", FactSource.Assumed);
        if (width % 64 == 0)
            return new(width / 64, "", FactSource.Assumed);
        throw report.Bad(
            $"nothing tells its number of attention heads (no config beside it, and its width {width} is no multiple of 64): give Heads",
            "Heads"
        );
    }

    // A list is one number where all of it is; else it is of a network with stages, or of another kind.
    private Told<int>? StatedHeads()
    {
        foreach (
            Statement statement in stated.Of(
                "num_heads",
                "num_attention_heads",
                "heads",
                "n_heads",
                "nheads",
                "nhead",
                "n_head",
                "num_head",
                "vit_heads"
            )
        )
        {
            object value =
                statement.Value is object[] { Length: > 0 } list && list.All(item => item.Equals(list[0])) ? list[0] : statement.Value;
            if (Statements.Whole(value) is { } heads)
                return new(heads, statement.Source, statement.By);
            if (statement.By == FactSource.Config)
                throw stated.Unusable(statement);
            if (value is object[] && source.Heads is null)
                throw report.Bad(
                    $"{statement.Source} is {Statements.Show(value)}: a network of one number of heads in all blocks is read; give it by Heads where it is one",
                    "Heads"
                );
            report.Note($"{statement.Source} is {Statements.Show(value)}, which is no number of heads, and is left out");
        }
        return null;
    }
}
