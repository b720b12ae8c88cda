// Opening and creating tables by file extension: .csv or .parquet, the same columns either way.

namespace DataFreeKD.Manifests;

/// <summary>Streaming access to tables.</summary>
public static class Table
{
    private const string Csv = ".CSV", Parquet = ".PARQUET";

    /// <summary>Whether there is a file at the path whose extension is a table's, so that <see cref="Open"/> can be asked for it.</summary>
    public static bool Fits(string path) => File.Exists(path) && Path.GetExtension(path).ToUpperInvariant() is Csv or Parquet;

    /// <summary>Opens a table for one streaming pass.</summary>
    /// <exception cref="TableException">The file is missing, or is not the table that its extension says.</exception>
    public static TableReader Open(string path)
    {
        bool parquet = IsParquet(path);
        if (Directory.Exists(path)) throw new TableException($"{path} is a folder, not a table; name the .csv or .parquet file in it");
        if (!File.Exists(path)) throw new TableException($"{path} does not exist; check the name, or run the stage that writes it");
        try
        {
            return parquet ? new ParquetTableReader(path) : new CsvTableReader(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new TableException($"{path} cannot be read: {problem.Message}", problem);
        }
    }

    /// <summary>Creates a table under a temporary name; <see cref="TableWriter.Commit"/> renames it.</summary>
    /// <exception cref="TableException">The extension is neither .csv nor .parquet, or the columns are empty, unnamed or repeated.</exception>
    public static TableWriter Create(string path, IReadOnlyList<string> columns)
    {
        bool parquet = IsParquet(path);
        TableHeader.Check(columns, path);
        return parquet ? new ParquetTableWriter(path, columns) : new CsvTableWriter(path, columns);
    }

    private static bool IsParquet(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        Csv => false,
        Parquet => true,
        string other => throw new TableException($"{path}: '{other}' is not a table format; name the file .csv or .parquet"),
    };
}
