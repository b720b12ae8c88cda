// Makes images batch by batch and keeps each batch until the manifest has it, so that an interrupted run makes none twice.

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DataFreeKD.Distiller.Synthesis;
using DataFreeKD.Imaging;
using DataFreeKD.Imaging.Inputs;
using DataFreeKD.Manifests;
using DataFreeKD.Models;

namespace DataFreeKD.Toolkit.Synthesis;

/// <summary>The workbench of a <c>synth://</c> source.</summary>
internal static class SynthesisBench
{
    /// <summary>Makes the images named.</summary>
    /// <param name="options">How.</param>
    /// <param name="names">Their names, ascending by number.</param>
    /// <param name="numberOf">An image's number by its name.</param>
    /// <param name="folder">Scratch, removed when all have been taken.</param>
    /// <param name="note">Told of progress.</param>
    /// <param name="cancel">Stops.</param>
    public static IEnumerable<ImageInput> Make(
        SynthesisOptions options,
        IReadOnlyList<string> names,
        Func<string, int> numberOf,
        string folder,
        Action<string> note,
        CancellationToken cancel
    )
    {
        string key = Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes($"{options.Recipe}\n{Provenance.HashFile(ModelStore.WeightsOf(options.Teacher), cancel)}")
            )
        )[..16];
        Lazy<ImageSynthesis> synthesis = new(() => new ImageSynthesis(options));
        try
        {
            int done = 0;
            foreach (IGrouping<int, string> batch in names.GroupBy(name => numberOf(name) / options.BatchSize))
            {
                foreach (string name in batch)
                {
                    string kept = KeptAs(numberOf(name));
                    if (!File.Exists(kept))
                        MakeBatch(batch.Key);
                    yield return new ImageInput(name, File.ReadAllBytes(kept), null);
                }
                done += batch.Count();
                note(string.Create(CultureInfo.InvariantCulture, $"synthesis: {done:N0} of {names.Count:N0} images"));
            }
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        finally
        {
            if (synthesis.IsValueCreated)
                synthesis.Value.Dispose();
        }

        string KeptAs(int number) => Path.Combine(folder, key, number.ToString("D6", CultureInfo.InvariantCulture) + ".png");

        // A batch is made whole: an image's last bits may hang on the size of the product it is computed in.
        void MakeBatch(int batch)
        {
            int from = batch * options.BatchSize;
            IReadOnlyList<RgbImage> images = synthesis.Value.Make(from, Math.Min(options.BatchSize, options.Count - from), null, cancel);
            for (int i = 0; i < images.Count; i++)
                AtomicFile.WriteAllBytes(KeptAs(from + i), ImageWriter.EncodePng(images[i]));
        }
    }
}
