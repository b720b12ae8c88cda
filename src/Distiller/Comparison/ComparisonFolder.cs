// The tables of a comparison, and whether those in its folder are a comparison's.

using DataFreeKD.Manifests;

namespace DataFreeKD.Distiller.Comparison;

/// <summary>Paths of the tables, which <c>results.json</c> names as this tool's.</summary>
internal sealed class ComparisonFolder(string folder)
{
    /// <summary>A row a run.</summary>
    public string Results => Path.Combine(folder, "results.csv");

    /// <summary>What hangs on the clock.</summary>
    public string Times => Path.Combine(folder, "times.csv");

    /// <summary>For people.</summary>
    public string Text => Path.Combine(folder, "results.md");

    /// <summary>Refuses files of the tables' names, and of the records', that no comparison wrote.</summary>
    /// <param name="records">The runs' records: one that is there says that the tables are a comparison's, which earlier versions said
    /// nowhere else.</param>
    /// <exception cref="DistillException">There is a file of a record's name that is none.</exception>
    /// <exception cref="TableException">There is a file of a table's name that is none of a comparison.</exception>
    public void RefuseForeign(IEnumerable<string> records)
    {
        if (File.Exists(folder))
            throw new DistillException($"{folder} is a file; name a folder");
        bool compared = false;
        // Every one is read, so that none of them is of another tool.
        foreach (string record in records)
            compared |= RunRecord.Read(record) is not null;
        Provenance.RefuseForeign(
            Results,
            overwrite: true,
            compared && !File.Exists(Provenance.PathBeside(Results)) ? [] : [Results, Times, Text]
        );
    }

    /// <summary>Names the tables as this tool's, before they are written.</summary>
    public void Claim() => Provenance.Claim(Results, "compare", Times, Text);
}
