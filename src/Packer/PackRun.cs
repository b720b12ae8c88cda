// A pack from end to end.

using System.Diagnostics;
using DataFreeKD.Manifests;
using DataFreeKD.Packer.Files;
using DataFreeKD.Packer.Rows;

namespace DataFreeKD.Packer;

/// <summary>
/// Hands a selection on in the form that another tool reads. The output appears whole or not at all; equal tables and images
/// give equal bytes, but for the seconds in the provenance.
/// </summary>
public static class PackRun
{
    /// <summary>Packs, and writes the provenance: into the folder, or beside the file.</summary>
    /// <param name="options">What to pack, and how.</param>
    /// <param name="progress">Told the rows done.</param>
    /// <param name="cancel">Stops the run; nothing is left then.</param>
    /// <exception cref="PackException">The options do not make sense, the output must not be replaced, or nothing could be
    /// packed.</exception>
    /// <exception cref="OutputException">Another process is writing the output, or it appeared meanwhile.</exception>
    /// <exception cref="TableException">The table cannot be read.</exception>
    public static PackSummary Execute(PackOptions options, IProgress<PackProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        using OutputLock held = OutputLock.Take(options.Output, "pack", options.IsFile ? [Provenance.PathBeside(options.Output)] : []);
        Stopwatch clock = Stopwatch.StartNew();
        if (options.IsFile && Directory.Exists(options.Output))
            throw new PackException($"{options.Output} is a folder; name a file");
        if (options.IsFile && File.Exists(options.Output) && !options.Overwrite)
            throw new PackException($"{options.Output} exists; name another output or give Overwrite")
            {
                Options = [nameof(PackOptions.Overwrite)],
            };
        if (options.IsFile)
            Provenance.RefuseForeign(options.Output, options.Overwrite);
        using OutputFolder? folder = options.IsFile ? null : new OutputFolder(options.Output, options.Overwrite);
        PackJob job = new(options, held, new PackSource(options.Selection, cancel), progress, cancel);
        options.Format.Write(job, folder);
        job.RequireSome();
        PackSummary summary = new()
        {
            Output = folder?.Path ?? Path.GetFullPath(options.Output),
            Format = options.Format.Name,
            Rows = job.Source.Rows,
            Packed = job.Packed,
            Skipped = job.Skipped,
            Classes = job.Classes,
            Shards = job.Shards,
            Seconds = clock.Elapsed.TotalSeconds,
        };
        PackProvenance
            .Of(options, summary, cancel)
            .WriteBeside(folder is null ? options.Output : Path.Combine(folder.Staging, OutputFolder.Mark));
        if (folder is null)
            return summary;
        job.RefuseAppeared();
        folder.Commit();
        return summary;
    }
}
