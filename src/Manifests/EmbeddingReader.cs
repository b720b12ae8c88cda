// Reading embeddings: the vectors of the rows asked for, whatever the file's size.

namespace DataFreeKD.Manifests;

/// <summary>Float32 vectors <c>[rows, width]</c> of a file that <see cref="EmbeddingFile"/> writes, or NumPy.</summary>
internal abstract class EmbeddingReader : IDisposable
{
    /// <summary>Vectors in the file.</summary>
    public abstract long Rows { get; }

    /// <summary>Floats a vector.</summary>
    public abstract int Width { get; }

    /// <summary>Opens .npy (little-endian float32, C order) or .parquet (a list column <c>embedding</c> of floats).</summary>
    /// <exception cref="TableException">The file is missing, or holds no such vectors; the message says how to mend it.</exception>
    public static EmbeddingReader Open(string path)
    {
        if (!EmbeddingFile.Fits(path))
            throw new TableException($"{path}: embeddings are read from .npy or .parquet; write them with dfkd score --embeddings");
        if (!File.Exists(path))
            throw new TableException($"{path} does not exist; check the name, or write it with dfkd score --embeddings");
        try
        {
            return path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) ? new NpyEmbeddings(path) : new ParquetEmbeddings(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new TableException($"{path} cannot be read: {problem.Message}", problem);
        }
    }

    /// <summary>Gives the vectors of <paramref name="rows"/>, one after another.</summary>
    /// <param name="rows">0-based rows, ascending.</param>
    /// <param name="take">Is given the place in <paramref name="rows"/> and the vector, valid until it returns.</param>
    /// <exception cref="TableException">The file is damaged.</exception>
    public abstract void Read(IReadOnlyList<long> rows, Action<int, ReadOnlySpan<float>> take);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file.</summary>
    protected abstract void Dispose(bool disposing);
}
