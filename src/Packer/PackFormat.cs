// The forms that a selection can be handed on in.

namespace DataFreeKD.Packer;

/// <summary>What is written.</summary>
public enum PackFormat
{
    /// <summary>A folder of webdataset tar shards: for each image <c>key.jpg</c>, <c>key.cls</c>, <c>key.txt</c> (its caption) and
    /// <c>key.json</c>.</summary>
    Webdataset,

    /// <summary>A folder with one sub-folder a class, of links or copies, and <c>manifest.csv</c>: what torchvision's <c>ImageFolder</c>
    /// reads.</summary>
    Folders,

    /// <summary>A folder that Hugging Face <c>datasets</c> loads: <c>train/</c> with the images and <c>metadata.csv</c>.</summary>
    Imagefolder,

    /// <summary>A folder with <c>annotations.json</c> in the layout of COCO (Lin et al., ECCV 2014) and <c>images/</c>; categories are the
    /// teacher's predictions.</summary>
    Coco,

    /// <summary>The addresses that the images came from: one a line (<c>.txt</c>), or a table with a column <c>url</c> (<c>.csv</c>,
    /// <c>.parquet</c>), as img2dataset reads them.</summary>
    Urls,

    /// <summary>The table as CSV, its paths relative to where it is written.</summary>
    Csv,

    /// <summary>The table as Parquet, its paths relative to where it is written.</summary>
    Parquet,
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
