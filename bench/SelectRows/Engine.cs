// DuckDB: draws tables, and answers what a selection must be.

using System.Globalization;
using DataFreeKD.Selector;
using DuckDB.NET.Data;

namespace DataFreeKD.SelectRows;

/// <summary>Queries over one table.</summary>
internal static class Engine
{
    private const int Classes = 10;

    /// <summary>
    /// Ten classes; scores of single precision, so that a large table has many ties; one row in a hundred has another's content, one in
    /// thirty-three
    /// could not be scored. A function of the number of rows alone.
    /// </summary>
    public static void Draw(string path, long rows)
    {
        bool csv = path.EndsWith(".csv", StringComparison.Ordinal);
        // As the tool writes them: the shortest text of a single in CSV, doubles in Parquet.
        string type = csv ? "FLOAT" : "DOUBLE";
        string to = csv ? "FORMAT csv, HEADER" : "FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 65536";
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using DuckDBConnection engine = Open(path);
        Run(
            engine,
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                CREATE MACRO part(i, salt) AS (hash(i * 8 + salt) >> 11) * (1.0 / 9007199254740992);
                COPY (
                    WITH drawn AS (
                        SELECT i, part(i, 0) > 0.03 AS ok, CAST(floor(part(i, 1) * {Classes}) AS INTEGER) AS class,
                            CASE WHEN part(i, 2) < 0.01 THEN CAST(floor(part(i, 3) * {rows}) AS BIGINT) ELSE i END AS content,
                            CAST(part(i, 4) * 2.3 AS FLOAT) AS e, CAST(exp(part(i, 5) * 4 - 2) AS FLOAT) AS v
                        FROM range({rows}) numbers(i))
                    SELECT format('images/{"{:010d}"}.jpg', i) AS path, sha256(CAST(content AS VARCHAR)) AS sha256, 224 AS width, 224 AS height,
                        CASE WHEN ok THEN 'ok' ELSE 'failed' END AS status, CASE WHEN ok THEN NULL ELSE 'decode_error' END AS reason,
                        CASE WHEN ok THEN class END AS prediction, CASE WHEN ok THEN 'class' || class END AS class_name,
                        CASE WHEN ok THEN CAST(CAST(exp(-e / 2) AS FLOAT) AS {type}) END AS confidence, CASE WHEN ok THEN CAST(e AS {type}) END AS entropy,
                        CASE WHEN ok THEN CAST(CAST(e - 5 AS FLOAT) AS {type}) END AS energy, CASE WHEN ok THEN CAST(CAST(e / 2 AS FLOAT) AS {type}) END AS pseudo_label_ce,
                        CASE WHEN ok THEN CAST(v AS {type}) END AS probe_variance_3, CASE WHEN ok THEN CAST(CAST(1 / sqrt(1 + v) AS FLOAT) AS {type}) END AS probe_cosine_3
                    FROM drawn
                ) TO '{path}' ({to});
                """
            )
        );
    }

    /// <summary>The paths of a selection by entropy, best first: of equals the earlier row, each content once. A row stays out where a
    /// better one of its content is taken, of whatever class.</summary>
    /// <remarks>
    /// A content's best row comes before its copies, so that a prefix of the order that is long enough holds all that counts: twice the
    /// budget
    /// is taken, and a class that has too few in it is an error. A class that is full lets a copy go to another one, so that what is taken
    /// depends on what is taken: repeated until it no longer changes, which is the one answer that going down the order gives.
    /// </remarks>
    public static List<string> Best(string path, long budget, ClassQuota quota)
    {
        using DuckDBConnection engine = Open(path);
        string table = path.EndsWith(".csv", StringComparison.Ordinal)
            ? "read_csv('" + path + "', header = true)"
            : "read_parquet('" + path + "')";
        string group = quota == ClassQuota.Equal ? "prediction" : "0";
        long share = quota == ClassQuota.Equal ? budget / Classes : budget;
        Run(
            engine,
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                CREATE TABLE best AS SELECT path, sha256, prediction, entropy FROM {table} WHERE status = 'ok' ORDER BY entropy, path LIMIT {2
                    * budget
                    + 1000};
                CREATE TABLE numbered AS SELECT *, {group} AS part, row_number() OVER (ORDER BY entropy, path) AS place FROM best;
                CREATE TABLE once AS SELECT * FROM numbered QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY place) = 1;
                CREATE TABLE taken AS SELECT * FROM once QUALIFY row_number() OVER (PARTITION BY part ORDER BY place) <= {share};
                """
            )
        );
        for (bool changed = true; changed;)
        {
            Run(
                engine,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"""
                    CREATE TABLE again AS
                        SELECT n.* FROM numbered n LEFT JOIN (SELECT sha256, min(place) AS place FROM taken GROUP BY sha256) t ON t.sha256 = n.sha256
                        WHERE t.place IS NULL OR t.place >= n.place
                        QUALIFY row_number() OVER (PARTITION BY n.part ORDER BY n.place) <= {share};
                    """
                )
            );
            changed =
                Read(
                    engine,
                    "SELECT CAST(count(*) AS VARCHAR) FROM again FULL JOIN taken USING (place) WHERE again.part IS NULL OR taken.part IS NULL"
                )[0] != "0";
            Run(engine, "DROP TABLE taken; ALTER TABLE again RENAME TO taken;");
        }
        long parts = quota == ClassQuota.Equal ? Classes : 1;
        string[] full =
        [
            .. Read(
                engine,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"SELECT CAST(part AS VARCHAR) FROM taken GROUP BY part HAVING count(*) = {share}"
                )
            ),
        ];
        if (full.Length != parts)
            throw new InvalidOperationException(
                $"only {full.Length} of {parts} classes have {share} rows among the candidates; draw more rows"
            );
        return Read(engine, "SELECT path FROM taken ORDER BY place");
    }

    private static DuckDBConnection Open(string path)
    {
        DuckDBConnection engine = new("Data Source=:memory:");
        engine.Open();
        Run(engine, $"SET memory_limit = '3GB'; SET temp_directory = '{path}.tmp'; SET preserve_insertion_order = true;");
        return engine;
    }

    private static void Run(DuckDBConnection engine, string sql)
    {
        using DuckDBCommand command = engine.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static List<string> Read(DuckDBConnection engine, string sql)
    {
        using DuckDBCommand command = engine.CreateCommand();
        command.CommandText = sql;
        using DuckDBDataReader reader = command.ExecuteReader();
        List<string> rows = [];
        while (reader.Read())
            rows.Add(reader.GetString(0));
        return rows;
    }
}
