// One kind of input: where well-formed ones come from, and who reads the changed ones.

using System.Runtime.ExceptionServices;
using System.Text;

namespace DataFreeKD.Fuzz;

/// <summary>A reader under attack.</summary>
internal abstract class Target
{
    private readonly Lazy<IReadOnlyList<byte[]>> samples;
    private readonly Lazy<Mutator> mutator;

    protected Target()
    {
        samples = new(Samples);
        mutator = new(() => new Mutator([.. Words.Select(Encoding.Latin1.GetBytes)]));
    }

    /// <summary>Name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>Of the file that an input is, with its dot.</summary>
    public abstract string Extension { get; }

    /// <summary>The summary's line that it counts for.</summary>
    public abstract string Family { get; }

    /// <summary>What the format is made of.</summary>
    protected virtual IReadOnlyList<string> Words => [];

    /// <summary>Well-formed inputs.</summary>
    protected abstract IReadOnlyList<byte[]> Samples();

    /// <summary>What is put around changed bytes, so that they get past a checksum or a compressor.</summary>
    protected virtual byte[] Wrapped(int sample, byte[] bytes) => bytes;

    /// <summary>Reads an input to its end. Whatever it throws beside the library's own exceptions is a fault.</summary>
    /// <param name="bytes">The input.</param>
    /// <param name="file">A file that holds it, where <see cref="OnDisk"/>.</param>
    public abstract void Read(byte[] bytes, string file);

    /// <summary>Whether the reader wants a file.</summary>
    public virtual bool OnDisk => true;

    /// <summary>How many of the first inputs are unchanged samples.</summary>
    public int Unchanged => samples.Value.Count;

    /// <summary>Reads an unchanged sample; a refusal says that the corpus is worth nothing.</summary>
    public virtual void ReadWhole(byte[] bytes, string file) => Read(bytes, file);

    /// <summary>The input of a number.</summary>
    public byte[] Input(long seed, long number)
    {
        (int sample, byte[] bytes) = mutator.Value.Make(samples.Value, seed, number);
        return Wrapped(sample, bytes);
    }

    /// <summary>Reads by several readers, each whatever the others say; refused where all refuse.</summary>
    protected static void ByAll(params IReadOnlyList<Action> readers)
    {
        List<Exception> refusals = [];
        foreach (Action reader in readers)
        {
            try
            {
                reader();
            }
            catch (Exception error) when (IsRefusal(error))
            {
                refusals.Add(error);
            }
        }
        if (refusals.Count == readers.Count)
            ExceptionDispatchInfo.Throw(refusals[0]);
    }

    /// <summary>Whether a reader may throw it: exceptions of the libraries, each with one line for the user.</summary>
    public static bool IsRefusal(Exception error) =>
        error.GetType().Assembly.GetName().Name is { } assembly
        && (assembly == "dfkd" || assembly.StartsWith("DataFreeKD.", StringComparison.Ordinal));
}
