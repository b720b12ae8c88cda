// The forms that a selection can be handed on in, and those that a program adds.

using DataFreeKD.Packer.Files;
using DataFreeKD.Packer.Formats;

namespace DataFreeKD.Packer;

/// <summary>A form of output: one of the toolkit's, or one that a program made and registered.</summary>
public sealed class PackFormat
{
    private static readonly Catalogue<PackFormat> Formats = new(
        "pack format",
        format => format.Name,
        new("webdataset", (job, folder) => Shards.Write(job, folder!)),
        new("folders", (job, folder) => ClassFolders.Write(job, folder!)),
        new("imagefolder", (job, folder) => HuggingFaceFolder.Write(job, folder!)),
        new("coco", (job, folder) => CocoFolder.Write(job, folder!)),
        new("urls", (job, _) => UrlList.Write(job), ".txt", ".csv", ".parquet"),
        new("csv", (job, _) => TableCopy.Write(job), ".csv"),
        new("parquet", (job, _) => TableCopy.Write(job), ".parquet")
    );

    /// <summary>A format of your own. Options may name it as it is; <see cref="Register"/> makes it known by its name.</summary>
    /// <param name="name">Letters, digits, <c>-</c>, <c>_</c> and <c>.</c>.</param>
    /// <param name="write">Writes what the contents hold to <see cref="PackContents.Output"/>: files within that folder, or that
    /// file. The output is put in its place only when this has returned.</param>
    /// <param name="endings">Endings of the file to write, such as <c>.tsv</c>; none where a folder is written.</param>
    public PackFormat(string name, Action<PackContents> write, params IReadOnlyList<string> endings)
        : this(name, (job, folder) => PackContents.Write(job, folder, write), [.. endings]) => ArgumentNullException.ThrowIfNull(write);

    private PackFormat(string name, Action<PackJob, OutputFolder?> write, params string[] endings) =>
        (Name, Write, Endings) = (name, write, endings);

    /// <summary>A folder of webdataset tar shards: for each image <c>key.jpg</c>, <c>key.cls</c>, <c>key.txt</c> (its caption) and
    /// <c>key.json</c>.</summary>
    public static PackFormat Webdataset { get; } = Formats.All[0];

    /// <summary>A folder with one sub-folder a class, of links or copies, and <c>manifest.csv</c>: what torchvision's <c>ImageFolder</c>
    /// reads.</summary>
    public static PackFormat Folders { get; } = Formats.All[1];

    /// <summary>A folder that Hugging Face <c>datasets</c> loads: <c>train/</c> with the images and <c>metadata.csv</c>.</summary>
    public static PackFormat Imagefolder { get; } = Formats.All[2];

    /// <summary>A folder with <c>annotations.json</c> in the layout of COCO (Lin et al., ECCV 2014) and <c>images/</c>; categories are the
    /// teacher's predictions.</summary>
    public static PackFormat Coco { get; } = Formats.All[3];

    /// <summary>The addresses that the images came from: one a line (<c>.txt</c>), or a table with a column <c>url</c> (<c>.csv</c>,
    /// <c>.parquet</c>), as img2dataset reads them.</summary>
    public static PackFormat Urls { get; } = Formats.All[4];

    /// <summary>The table as CSV, its paths relative to where it is written.</summary>
    public static PackFormat Csv { get; } = Formats.All[5];

    /// <summary>The table as Parquet, its paths relative to where it is written.</summary>
    public static PackFormat Parquet { get; } = Formats.All[6];

    /// <summary>The toolkit's formats, then those registered.</summary>
    public static IReadOnlyList<PackFormat> All => Formats.All;

    /// <summary>As it is typed.</summary>
    public string Name { get; }

    /// <summary>Endings of the file that is written; empty where a folder is.</summary>
    public IReadOnlyList<string> Endings { get; }

    /// <summary>Writes the output of a pack; the folder is null where a file is written.</summary>
    internal Action<PackJob, OutputFolder?> Write { get; }

    /// <summary>Makes a format known by its name, for the rest of the process.</summary>
    /// <exception cref="ArgumentException">The name is taken, or has other characters.</exception>
    public static void Register(PackFormat format) => Formats.Register(format);

    /// <summary>A format by name; null where there is none.</summary>
    public static PackFormat? Find(string name) => All.FirstOrDefault(format => format.Name == name);

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

/// <summary>Where the images of a folder lie.</summary>
public enum ImageLayout
{
    /// <summary>In one sub-folder a class.</summary>
    Classes,

    /// <summary>Side by side.</summary>
    Flat,
}

/// <summary>The file beside the images of <see cref="PackFormat.Imagefolder"/>.</summary>
public enum MetadataFile
{
    /// <summary><c>metadata.csv</c>.</summary>
    Csv,

    /// <summary><c>metadata.jsonl</c>: one JSON object a line, numbers as numbers.</summary>
    Jsonl,
}
