// The side of the input, in patches and in pixels.

using DataFreeKD.Models.Timm;

namespace DataFreeKD.Models.Checkpoints;

/// <summary>Takes it from the position embedding's length, or from whoever states it.</summary>
internal sealed class InputSideReader(NetworkSource source)
{
    private readonly Statements stated = source.Stated;
    private readonly ReadingReport report = source.Report;
    private readonly TimmShape? named = source.Named?.Value.Shape;

    /// <summary>The side in patches, and whether the position embedding leaves the tokens before the patches out.</summary>
    /// <param name="entries">Length of the position embedding.</param>
    /// <param name="prefix">Tokens before the patches.</param>
    /// <param name="registers">Register tokens among them.</param>
    /// <exception cref="ModelException">It is no square.</exception>
    public (int Grid, bool NoEmbedClass) Grid(long entries, int prefix, int registers)
    {
        foreach (Statement size in stated.Of("img_size", "image_size", "pretrained_cfg.input_size"))
        {
            if (stated.Size(size.Field) is { } told && told.Value.Height != told.Value.Width)
                throw report.Bad($"{told.Source} is {told.Value.Height}×{told.Value.Width}: only square inputs are read");
        }
        int bare = Root(entries),
            with = Root(entries - prefix);
        if (bare > 0 && with > 0)
            return stated.Flag("no_embed_class") is { } told ? (told.Value ? bare : with, told.Value && prefix > 0)
                : registers > 0 ? (bare, true)
                : (with, false);
        if (with > 0)
            return (with, false);
        if (bare > 0)
            return (bare, true);
        throw report.Bad($"its position embedding has {entries} entries, which is no square grid with or without {prefix} prefix tokens");
    }

    /// <summary>The side in pixels as it is stated: rotary positions leave no tensor whose length would tell.</summary>
    /// <exception cref="ModelException">Nobody states it, or it is no square.</exception>
    public int StatedSide()
    {
        if (stated.Size("img_size", "image_size", "pretrained_cfg.input_size", "input_size") is { } told)
            return told.Value.Height == told.Value.Width
                ? told.Value.Height
                : throw report.Bad($"{told.Source} is {told.Value.Height}×{told.Value.Width}: only square inputs are read");
        return named?.ImageSize
            ?? throw report.Bad(
                "it has no position embedding, and nothing tells its input side: give a config.json with img_size or input_size beside it"
            );
    }

    /// <summary>Who says that the side is so many pixels: the number of patches tells it only of a square.</summary>
    public Told<int> Input(int side)
    {
        foreach (Statement size in stated.Of("img_size", "image_size", "pretrained_cfg.input_size", "input_size"))
        {
            if (stated.Size(size.Field) is { } told && told.Value.Height == side)
                return new(side, told.Source, told.By);
        }
        return named is { } shape && shape.ImageSize == side
            ? new(side, source.Named!.Value.Source, FactSource.Registry)
            : new(side, "", FactSource.Assumed);
    }

    private static int Root(long count)
    {
        if (count <= 0)
            return 0;
        long root = (long)Math.Round(Math.Sqrt(count));
        return root * root == count && root <= 8192 ? (int)root : 0;
    }
}
