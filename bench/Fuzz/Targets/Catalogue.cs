// Every target, a line each.

namespace DataFreeKD.Fuzz.Targets;

internal static class Catalogue
{
    public static Target[] All() =>
        [
            new PickleTarget(),
            new TorchZipTarget(),
            new TorchFileTarget("torch-file", legacy: false),
            new TorchFileTarget("torch-legacy", legacy: true),
            new SafeTensorsTarget(),
            new ConfigTarget(),
            new TextTableTarget("csv", ".csv"),
            new TextTableTarget("tsv", ".tsv"),
            new TextTableTarget("jsonl", ".jsonl"),
            new TextTableTarget("json", ".json"),
            new TextTableTarget("list", ".txt"),
            new GzipTableTarget(),
            new ParquetTarget(),
            new EmbeddingTarget(),
            new ImageTarget("jpeg"),
            new ImageTarget("png"),
            new ImageTarget("webp"),
            new ImageTarget("gif"),
            new ImageTarget("bmp"),
            new ImageTarget("tiff"),
            new ImageTarget("tga"),
            new ImageTarget("ppm"),
            new ArchiveTarget("tar", ".tar"),
            new ArchiveTarget("tar-gz", ".tar.gz"),
            new ArchiveTarget("zip", ".zip"),
            new PageTarget(),
            new RobotsTarget(),
            new HeaderTarget(),
            new PipelineTarget(),
            new RecipeTarget(),
        ];
}
