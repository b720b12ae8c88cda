// A stretch of a table's rows, as this tool keeps it until the table is whole.

namespace DataFreeKD.Manifests.Folders;

/// <summary>Reads parts of tables: CSV as this tool writes it, whatever the file is called.</summary>
internal static class TablePart
{
    /// <summary>Opens a part for one streaming pass.</summary>
    /// <exception cref="TableException">It is missing, or no such CSV.</exception>
    public static TableReader Open(string path)
    {
        try
        {
            return new CsvTableReader(path, ',', null);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new TableException($"{path} cannot be read: {problem.Message}", problem);
        }
    }
}
