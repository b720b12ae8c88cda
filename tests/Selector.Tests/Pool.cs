// Small scores tables for tests, in one place.

using DataFreeKD.Manifests;
using DataFreeKD.Testing;

namespace DataFreeKD.Selector.Tests;

/// <summary>Builds scores tables row by row.</summary>
internal sealed class Pool(TempFolder folder)
{
    private static readonly string[] Header =
    [
        .. Columns.Scores,
        "probe_variance_3",
        "probe_cosine_3",
        "probe_variance_7",
        "probe_cosine_7",
        "note",
        Columns.Hash,
        Columns.Colours,
    ];

    private readonly List<string[]> rows = [];

    /// <summary>Adds a usable row; a lower entropy is the better one for every method of the logits.</summary>
    public Pool Add(
        double entropy,
        int prediction = 0,
        string? sha256 = null,
        double variance = 1,
        string status = Status.Ok,
        string reason = "",
        string phash = "",
        string colours = ""
    )
    {
        string number = Numbers.Format(entropy);
        string cosine = Numbers.Format(1 / Math.Sqrt(1 + variance));
        string spread = Numbers.Format(variance);
        rows.Add([
            $"images/{rows.Count}.jpg",
            sha256 ?? $"sha{rows.Count}",
            "32",
            "32",
            status,
            reason,
            $"{prediction}",
            $"class{prediction}",
            Numbers.Format(Math.Exp(-entropy)),
            number,
            number,
            number,
            spread,
            cosine,
            spread,
            cosine,
            $"note {rows.Count}",
            phash,
            colours,
        ]);
        return this;
    }

    /// <summary>Empties a column in every row.</summary>
    public Pool Empty(params string[] columns)
    {
        foreach (string[] row in rows)
        {
            foreach (string column in columns)
                row[Array.IndexOf(Header, column)] = "";
        }
        return this;
    }

    /// <summary>Writes a vector for each row.</summary>
    public string Embeddings(IReadOnlyList<float[]> vectors, string name = "embeddings.npy")
    {
        string part = folder["vectors.f32"];
        File.WriteAllBytes(part, [.. vectors.SelectMany(vector => vector.SelectMany(BitConverter.GetBytes))]);
        EmbeddingFile.Write(folder[name], vectors.Count, vectors[0].Length, [part], rows.Select(row => row[0]));
        File.Delete(part);
        return folder[name];
    }

    public string Write(string name = "scores.csv")
    {
        using TableWriter writer = Table.Create(folder[name], Header);
        foreach (string[] row in rows)
            writer.Write(row);
        writer.Commit();
        return folder[name];
    }

    public SelectOptions Options(string name = "scores.csv") =>
        new()
        {
            Scores = Write(name),
            Output = folder["selected.csv"],
            Method = "entropy",
            Quota = ClassQuota.None,
            Overwrite = true,
        };

    public static TableRow[] Read(string path)
    {
        using TableReader table = Table.Open(path);
        return [.. table.Rows()];
    }

    /// <summary>The notes' numbers: which rows were taken, by rank.</summary>
    public static int[] Taken(SelectOptions options)
    {
        SelectionRun.Execute(options, cancel: TestContext.Current.CancellationToken);
        return
        [
            .. Read(options.Output)
                .Select(row => int.Parse(row["note"]!["note ".Length..], System.Globalization.CultureInfo.InvariantCulture)),
        ];
    }
}
