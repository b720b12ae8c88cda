// The images within a Parquet file as members, each by the number of its row.

using System.Globalization;
using DataFreeKD.Manifests;

namespace DataFreeKD.Imaging.Inputs;

/// <summary>Opens a Parquet file with images in it, and reads a row as archives' members are read.</summary>
internal sealed class ParquetMembers : IDisposable
{
    private readonly ParquetImageReader? rows;

    public ParquetMembers(string path)
    {
        try
        {
            rows = ParquetImageReader.Open(path);
        }
        catch (TableException)
        {
            Failure = Reason.Unreadable;
        }
    }

    /// <summary>Rows.</summary>
    public long Count => rows?.Rows ?? 0;

    /// <summary>Why nothing more can be read; null where nothing is wrong.</summary>
    public string? Failure { get; private set; }

    public Content Read(long row, long maxBytes)
    {
        if (Failure is not null || rows is null)
            return new Content(null, Failure);
        try
        {
            return EmbeddedImages.Of(rows.Read(row), maxBytes);
        }
        catch (TableException)
        {
            return new Content(null, Failure = Reason.Unreadable);
        }
    }

    public Content Read(string member, long maxBytes) =>
        long.TryParse(member, NumberStyles.None, CultureInfo.InvariantCulture, out long row) && row < Count
            ? Read(row, maxBytes)
            : new Content(null, Failure ?? Reason.NotFound);

    public void Dispose() => rows?.Dispose();
}

/// <summary>Walks the rows in order.</summary>
internal sealed class ParquetWalk : MemberWalk
{
    private readonly ParquetMembers members;
    private long row = -1;

    public ParquetWalk(string path)
    {
        members = new ParquetMembers(path);
        Failure = members.Failure;
    }

    public override bool Next()
    {
        if (Failure is not null || ++row >= members.Count)
            return false;
        Name = row.ToString(CultureInfo.InvariantCulture);
        return true;
    }

    public override Content Read(long maxBytes)
    {
        Content content = members.Read(row, maxBytes);
        Failure = members.Failure;
        return content;
    }

    public override byte[] Start(int length) =>
        members.Read(row, long.MaxValue).Bytes is { } bytes ? bytes[..Math.Min(length, bytes.Length)] : [];

    public override void Dispose() => members.Dispose();
}
