// Which shards of a plan a process takes.

using System.Globalization;

namespace DataFreeKD.Core.Sharding;

/// <summary>The shards k of a plan with k ≡ <see cref="Index"/> (mod <see cref="Count"/>).</summary>
/// <param name="Index">From 0.</param>
/// <param name="Count">Processes that share the plan; it need not be the number of shards.</param>
public readonly record struct ShardShare(int Index, int Count)
{
    private const string Environment = "env",
        Name = "Share";

    /// <summary>All of them.</summary>
    public static ShardShare All => new(0, 1);

    /// <summary>Reads <c>i/n</c>, <c>env</c> or <c>env/n</c>. <c>env</c> is the place in a Slurm array (<c>SLURM_ARRAY_TASK_ID</c>,
    /// <c>_COUNT</c>, <c>_MIN</c>, <c>_STEP</c>) or in an Indexed Job of Kubernetes (<c>JOB_COMPLETION_INDEX</c>, with
    /// <c>JOB_COMPLETIONS</c> or n).</summary>
    /// <param name="text">The text.</param>
    /// <param name="environment">What an environment variable holds; null for none.</param>
    /// <exception cref="DataFreeKDException">It is neither, or the environment does not say.</exception>
    public static ShardShare Parse(string text, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(environment);
        string[] parts = text.Split('/');
        if (parts is [Environment] or [Environment, _])
            return OfEnvironment(text, parts.Length == 2 ? Number(text, parts[1]) : null, environment);
        if (parts.Length != 2)
            throw Bad(text, "give i/n, such as 0/8 for the first of eight, or env");
        return Checked(text, Number(text, parts[0]), Number(text, parts[1]));
    }

    /// <summary>The shards of this share, in ascending order.</summary>
    /// <param name="shards">Shards of the plan.</param>
    internal IEnumerable<int> Of(int shards)
    {
        for (long shard = Index; shard < shards; shard += Count)
            yield return (int)shard;
    }

    private static ShardShare OfEnvironment(string text, int? count, Func<string, string?> environment)
    {
        const string slurm = "SLURM_ARRAY_TASK_ID",
            kubernetes = "JOB_COMPLETION_INDEX",
            completions = "JOB_COMPLETIONS";
        bool inSlurm = environment(slurm) is { Length: > 0 },
            inKubernetes = environment(kubernetes) is { Length: > 0 };
        if (inSlurm && inKubernetes)
            throw Bad(text, $"both {slurm} and {kubernetes} are set; give i/n");
        if (inSlurm)
        {
            int id = Variable(text, slurm, environment),
                least = Variable(text, "SLURM_ARRAY_TASK_MIN", environment),
                tasks = Variable(text, "SLURM_ARRAY_TASK_COUNT", environment),
                step = environment("SLURM_ARRAY_TASK_STEP") is { Length: > 0 }
                    ? Math.Max(1, Variable(text, "SLURM_ARRAY_TASK_STEP", environment))
                    : 1;
            int index = (id - least) / step;
            // Of a part of an array that is submitted again, only the earlier number of tasks tells which shards are whose.
            if (count is null && index >= tasks)
                throw Bad(
                    text,
                    $"task {id} of an array of {tasks} that begins at {least} has gaps before it; give --array without gaps, or Share env/N with the number of tasks of the whole array, which begins at 0"
                );
            return count is { } whole ? Checked(text, id / step, whole) : Checked(text, index, tasks);
        }
        if (inKubernetes)
        {
            int index = Variable(text, kubernetes, environment);
            if (count is null && environment(completions) is not { Length: > 0 })
                throw Bad(
                    text,
                    $"Kubernetes tells the index and not the number of completions; give Share env/N, or set {completions} in the pod"
                );
            return Checked(text, index, count ?? Variable(text, completions, environment));
        }
        throw Bad(text, $"neither {slurm} nor {kubernetes} is set; give i/n");
    }

    private static int Variable(string text, string name, Func<string, string?> environment) =>
        int.TryParse(environment(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value
            : throw Bad(text, $"{name} is '{environment(name)}', which is no number; give i/n");

    private static int Number(string text, string part) =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value
            : throw Bad(text, $"'{part}' is no whole number; give i/n, such as 0/8 for the first of eight, or env");

    private static ShardShare Checked(string text, int index, int count) =>
        count < 1 ? throw Bad(text, "there must be at least 1 process")
        : index >= count ? throw Bad(text, $"shares are numbered from 0, so that the last of {count} is {count - 1}/{count}")
        : new ShardShare(index, count);

    private static ShardShareException Bad(string text, string why) => new($"{Name} {text}: {why}") { Options = [Name] };

    /// <summary>As it is given: <c>i/n</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}/{Count}");
}

/// <summary>A share that cannot be read as one.</summary>
internal sealed class ShardShareException : DataFreeKDException
{
    /// <summary>With a message for the user.</summary>
    public ShardShareException(string message)
        : base(message) { }
}
