// What a format of a program's own is given to write.

using DataFreeKD.Packer.Files;
using DataFreeKD.Packer.Rows;

namespace DataFreeKD.Packer;

/// <summary>A selection on its way into a format of your own.</summary>
public sealed class PackContents
{
    private readonly PackJob job;

    private PackContents(PackJob job, string output) => (this.job, Output) = (job, output);

    /// <summary>The folder to fill, which is there and empty, or the file to write. It is moved to where the options say when
    /// everything is written.</summary>
    public string Output { get; }

    /// <summary>The table's columns, in its order.</summary>
    public IReadOnlyList<string> Columns => job.Source.Header.Columns;

    /// <summary>Rows of status <c>ok</c> in the table's order with their images. Images that cannot be read, or are not those that were
    /// scored, are skipped and counted by their reason. An image counts as packed when the next one is asked for.</summary>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public IEnumerable<PackedImage> Images()
    {
        foreach (PackImage image in job.Images())
        {
            PackedImage given = new(image, job.Packed + 1);
            yield return given;
            if (given.Reason is { } reason)
                job.Skip(reason);
            else
                job.Add(image.Row);
        }
    }

    // A file is written elsewhere first, under its own name, since writers go by the ending; so it appears whole or not at all.
    internal static void Write(PackJob job, OutputFolder? folder, Action<PackContents> write)
    {
        if (folder is not null)
        {
            write(new PackContents(job, folder.Staging));
            return;
        }
        string scratch = ScratchFolder.NewFolder("dfkd-pack-");
        try
        {
            string written = Path.Combine(scratch, Path.GetFileName(job.Options.Output));
            write(new PackContents(job, written));
            job.RequireSome();
            if (!File.Exists(written))
                throw new PackException($"the format '{job.Options.Format}' wrote nothing to {nameof(PackContents)}.{nameof(Output)}");
            job.RefuseAppeared();
            using FileStream content = File.OpenRead(written);
            AtomicFile.Write(job.Options.Output, content.CopyTo);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }
}

/// <summary>An image of a pack, and its row.</summary>
public sealed class PackedImage
{
    private readonly PackImage image;

    internal PackedImage(PackImage image, long number) => (this.image, Number) = (image, number);

    /// <summary>Counts the images packed, from 1.</summary>
    public long Number { get; }

    /// <summary>The file's bytes, as they were scored.</summary>
    public ReadOnlyMemory<byte> Bytes => image.Bytes;

    /// <summary>As the first bytes tell: <c>jpeg</c>, <c>png</c>, <c>webp</c>, <c>gif</c>, <c>bmp</c>, ....</summary>
    public string Format => image.Format;

    /// <summary>The absolute path; a member of an archive is <c>archive.tar::member</c>.</summary>
    public string Path => image.Row.Path;

    /// <summary>The teacher's class, 0-based; null where the row has none.</summary>
    public long? Prediction => image.Row.Class.Prediction >= 0 ? image.Row.Class.Prediction : null;

    /// <summary>The class name, else the prediction; empty for rows with neither.</summary>
    public string ClassName => image.Row.Class.Name;

    internal string? Reason { get; private set; }

    /// <summary>A cell of the row; null where it is empty or there is no such column.</summary>
    /// <param name="column">The column's name.</param>
    public string? this[string column] => image.Row.Row[column];

    /// <summary>Leaves the image out, counted by a reason.</summary>
    /// <param name="reason">A stable word, such as <c>too_small</c>.</param>
    public void Skip(string reason)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        Reason = reason;
    }
}
