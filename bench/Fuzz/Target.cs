// One kind of input: where well-formed ones come from, and who reads the changed ones.

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

    /// <summary>The input of a number.</summary>
    public byte[] Input(long seed, long number)
    {
        (int sample, byte[] bytes) = mutator.Value.Make(samples.Value, seed, number);
        return Wrapped(sample, bytes);
    }

    /// <summary>Whether a reader may throw it: exceptions of the libraries, each with one line for the user.</summary>
    public static bool IsRefusal(Exception error) => error.GetType().Assembly.GetName().Name is { } assembly && (assembly == "dfkd" || assembly.StartsWith("DataFreeKD.", StringComparison.Ordinal));
}
