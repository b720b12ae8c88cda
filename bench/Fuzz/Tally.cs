// What a child has done so far, in a file that is mapped into memory: it outlives a crash.

using System.IO.MemoryMappedFiles;

namespace DataFreeKD.Fuzz;

/// <summary>Counters that parent and child share.</summary>
internal sealed class Tally : IDisposable
{
    private const int Fields = 8;

    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;

    public Tally(string path)
    {
        using (FileStream file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite))
            if (file.Length < Fields * sizeof(long))
                file.SetLength(Fields * sizeof(long));
        map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.ReadWrite);
        view = map.CreateViewAccessor();
    }

    /// <summary>Number of the input in hand.</summary>
    public long Number
    {
        get => view.ReadInt64(0);
        set => view.Write(0, value);
    }

    /// <summary>Inputs read to their end.</summary>
    public long Accepted
    {
        get => view.ReadInt64(8);
        set => view.Write(8, value);
    }

    /// <summary>Inputs refused by an exception of the libraries.</summary>
    public long Refused
    {
        get => view.ReadInt64(16);
        set => view.Write(16, value);
    }

    /// <summary>Inputs that another exception came of.</summary>
    public long Unexpected
    {
        get => view.ReadInt64(24);
        set => view.Write(24, value);
    }

    /// <summary>Most bytes that the collector gave out for one input.</summary>
    public long MostAllocated
    {
        get => view.ReadInt64(32);
        set => view.Write(32, value);
    }

    /// <summary>Its number.</summary>
    public long MostAllocatedNumber
    {
        get => view.ReadInt64(40);
        set => view.Write(40, value);
    }

    /// <summary>Most memory of the process, bytes.</summary>
    public long Peak
    {
        get => view.ReadInt64(48);
        set => view.Write(48, value);
    }

    public void Dispose()
    {
        view.Dispose();
        map.Dispose();
    }
}
