// A folder that all machines see.

namespace DataFreeKD.Core.Sharding;

/// <summary>A plan's folder beside the output.</summary>
/// <param name="folder">The folder.</param>
/// <param name="rows">The rows' file in an attempt: <see cref="PartStore.Table"/> or <see cref="PartStore.Records"/>.</param>
/// <param name="take">Takes the output; null, and who has it, where another process does.</param>
/// <param name="remove">Removes the plan, first, and what else this tool wrote there.</param>
internal sealed class FolderPlace(string folder, string rows, Func<(IDisposable? Held, string? Holder)> take, Action remove) : IPlanPlace
{
    public string Name => folder;

    public string Files => folder;

    public bool IsPlanned => File.Exists(PlanPath);

    /// <summary>Null: the output beside the folder tells.</summary>
    public string? Ended => null;

    private string PlanPath => Path.Combine(folder, PartPlan.Name);

    private string JobPath => Path.Combine(folder, ShardJson.JobName);

    public byte[]? ReadPlan() => Read(PlanPath);

    public void WritePlan(byte[] plan, IReadOnlyDictionary<string, string> learned, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.Combine(folder, ShardAttempts.Name));
        ShardJson.WriteFirst(PlanPath, plan);
    }

    public void Bring(IReadOnlyDictionary<string, string> learned, CancellationToken cancel) { }

    public IPartStore Parts(string plan) => new PartStore(folder, rows);

    public (IDisposable? Held, string? Holder) TakeTurn() => take();

    public void WriteJob(byte[] job) => AtomicFile.WriteAllBytes(JobPath, job);

    public byte[]? ReadJob() => Read(JobPath);

    public void Remove(string? ended) => remove();

    public void Dispose() { }

    private static byte[]? Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
