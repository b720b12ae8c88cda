// webdataset: tar shards, numbered keys.

using System.Globalization;
using DataFreeKD.Manifests;
using DataFreeKD.Packer.Files;
using DataFreeKD.Packer.Rows;

namespace DataFreeKD.Packer.Formats;

/// <summary>
/// Shards in the table's order, so that the first ones hold the best images. A key is the image's number in that order: unlike a
/// file name it has no dot, at which webdataset would end it. The JSON member has all columns of the row but its path.
/// </summary>
internal static class Shards
{
    public static void Write(PackJob job, OutputFolder folder)
    {
        int size = job.Options.ImagesPerShard ?? PackOptions.UsualShard;
        using ShardWriter shards = new(folder.Staging, size);
        foreach (PackImage image in job.Images())
        {
            shards.Add(
                new ShardSample(
                    job.Packed.ToString("D8", CultureInfo.InvariantCulture),
                    image.Bytes,
                    image.Format,
                    image.Row.Row["caption"],
                    RowJson.Of(image.Row.Row, static column => column != "path"),
                    image.Row.Class.Prediction >= 0 ? image.Row.Class.Prediction : null
                )
            );
            job.Add(image.Row);
        }
        shards.Complete();
        job.Shards = (job.Packed + size - 1) / size;
    }
}
