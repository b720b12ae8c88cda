// What to pack, in which form, and where to.

namespace DataFreeKD.Packer;

/// <summary>Options of a pack.</summary>
public sealed record PackOptions
{
    /// <summary>Images of a shard where nothing else is asked for.</summary>
    public const int UsualShard = 10_000;

    /// <summary>The table to pack: a selection, or any table with a <c>path</c> column. Rows of another status than <c>ok</c> are left
    /// out.</summary>
    public required string Selection { get; init; }

    /// <summary>The folder or file to write.</summary>
    public required string Output { get; init; }

    /// <summary>What is written.</summary>
    public required PackFormat Format { get; init; }

    /// <summary>Images a shard of <see cref="PackFormat.Webdataset"/>; null for <see cref="UsualShard"/>.</summary>
    public int? ImagesPerShard { get; init; }

    /// <summary>Where the images lie; null for classes with <see cref="PackFormat.Folders"/>, flat with
    /// <see cref="PackFormat.Imagefolder"/> and <see cref="PackFormat.Coco"/>.</summary>
    public ImageLayout? Layout { get; init; }

    /// <summary>The metadata of <see cref="PackFormat.Imagefolder"/>; null for CSV.</summary>
    public MetadataFile? Metadata { get; init; }

    /// <summary>Whether <see cref="PackFormat.Folders"/> holds copies instead of links. All other folders hold copies, since they are made
    /// to travel.</summary>
    public bool Copy { get; init; }

    /// <summary>Whether cells of <see cref="PackFormat.Csv"/> that a spreadsheet would take for a formula, by <c>=</c>, <c>+</c>, <c>-</c>,
    /// <c>@</c>, a tab or a carriage return before what is no number, begin with an apostrophe.</summary>
    /// <value>False: programs read the cells as they are.</value>
    public bool CsvSafe { get; init; }

    /// <summary>Whether an earlier output is replaced. A folder is replaced only if a pack wrote it.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Whether the output is one file.</summary>
    internal bool IsFile => Format.Endings.Count > 0;

    /// <summary>Checks that the options make sense together.</summary>
    /// <exception cref="PackException">They do not; the message says what to change.</exception>
    public void Validate()
    {
        if (string.IsNullOrEmpty(Selection))
            throw new PackException("no table is named; give the selection to pack, e.g. selected.csv");
        if (string.IsNullOrEmpty(Output))
            throw new PackException("no output is named; give the folder or file to write, e.g. -o shards/");
        if (Path.GetFullPath(Selection) == Path.GetFullPath(Output))
            throw new PackException($"the pack would overwrite its own table {Selection}; name another output");
        if (ImagesPerShard is < 1)
            throw new PackException($"ImagesPerShard {ImagesPerShard}: give at least 1 image a shard")
            {
                Options = [nameof(ImagesPerShard)],
            };
        Concerns(ImagesPerShard.HasValue, nameof(ImagesPerShard), PackFormat.Webdataset);
        Concerns(Layout.HasValue, nameof(Layout), PackFormat.Folders, PackFormat.Imagefolder, PackFormat.Coco);
        Concerns(Metadata.HasValue, nameof(Metadata), PackFormat.Imagefolder);
        Concerns(Copy, nameof(Copy), PackFormat.Folders);
        Concerns(CsvSafe, nameof(CsvSafe), PackFormat.Csv);
        if (IsFile && !Format.Endings.Contains(Path.GetExtension(Output), StringComparer.OrdinalIgnoreCase))
            throw new PackException($"{Output}: {Format} is written to a file that ends in {string.Join(" or ", Format.Endings)}");
    }

    private void Concerns(bool given, string option, params PackFormat[] formats)
    {
        if (given && !formats.Contains(Format))
            throw new PackException($"{option} concerns {string.Join<PackFormat>(" and ", formats)} only; leave it out with {Format}")
            {
                Options = [option],
            };
    }
}
