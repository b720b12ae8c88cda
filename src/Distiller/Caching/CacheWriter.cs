// A cache being written: under <name>.part, whole steps at a time, so that an interrupted one goes on.

namespace DataFreeKD.Distiller.Caching;

/// <summary>Appends records behind a header; the file gets its name when it is whole.</summary>
internal sealed class CacheWriter : IDisposable
{
    private const int StepsBetweenFlushes = 200;

    private readonly string target;
    private readonly FileStream stream;
    private long steps;

    /// <summary>Begins, or goes on behind the last whole step of an interrupted run.</summary>
    /// <param name="path">The file to become.</param>
    /// <param name="header">What it holds.</param>
    /// <param name="decisions">The teacher's decisions on the held-out images.</param>
    /// <param name="batch">Records a step.</param>
    /// <param name="resume">Whether to go on.</param>
    /// <exception cref="DistillException">The interrupted run had other options, images or another teacher.</exception>
    public CacheWriter(string path, CacheHeader header, int[] decisions, int batch, bool resume)
    {
        target = path;
        string part = PartOf(path);
        Directory.CreateDirectory(Path.GetDirectoryName(part)!);
        // No buffer: a step is one write, so that a kill loses no finished step.
        stream = new FileStream(
            part,
            resume ? FileMode.OpenOrCreate : FileMode.Create,
            FileAccess.ReadWrite,
            FileShare.Read,
            bufferSize: 0
        );
        try
        {
            byte[] head = header.ToBytes(decisions);
            int recordBytes = new CacheRecord(header.Classes, header.TopK).Bytes;
            Done = stream.Length < head.Length ? 0 : WholeSteps(part, header, head, batch * (long)recordBytes, recordBytes) * batch;
            if (Done == 0)
            {
                stream.SetLength(0);
                stream.Write(head);
            }
            else
                stream.SetLength(head.Length + (Done * recordBytes));
            stream.Position = stream.Length;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Records that are there.</summary>
    public long Done { get; }

    /// <summary>Where a cache lies until it is whole.</summary>
    public static string PartOf(string path) => Path.GetFullPath(path) + ".part";

    /// <summary>Refuses a file of the part's name that no cache wrote: it would be written over.</summary>
    /// <exception cref="DistillException">There is such a file, or a folder.</exception>
    public static void RefuseForeign(string path)
    {
        string part = PartOf(path);
        if (Directory.Exists(part))
            throw new DistillException($"{part} is a folder where an interrupted cache is kept; move it away, or name another output");
        if (!File.Exists(part))
            return;
        using FileStream file = File.OpenRead(part);
        if (!CacheHeader.Begins(file))
            throw new DistillException(
                $"{part} is no interrupted cache of this tool, and would be written over; move it away, or name another output"
            );
    }

    /// <summary>Appends the records of one step.</summary>
    public void Write(ReadOnlySpan<byte> records)
    {
        stream.Write(records);
        if (++steps % StepsBetweenFlushes == 0)
            stream.Flush(flushToDisk: true);
    }

    /// <summary>Flushes to disk and gives the file its name.</summary>
    public void Commit()
    {
        stream.Flush(flushToDisk: true);
        stream.Dispose();
        File.Move(PartOf(target), target, overwrite: true);
    }

    /// <summary>Closes; what was written stays for the next run.</summary>
    public void Dispose() => stream.Dispose();

    private long WholeSteps(string part, CacheHeader header, byte[] head, long stepBytes, int recordBytes)
    {
        stream.Position = 0;
        byte[] found = new byte[head.Length];
        stream.ReadExactly(found);
        if (!found.AsSpan().SequenceEqual(head))
        {
            stream.Position = 0;
            CacheHeader before = CacheHeader.Read(stream, part).Header;
            CacheKey.Check(part, before.Identity(), header.Identity());
            throw new DistillException($"{part} was begun with another teacher or program; pass Overwrite to start again")
            {
                Options = [nameof(CacheOptions.Overwrite)],
            };
        }
        // A power cut may leave a hole where the last blocks were to be: only steps that are whole count.
        byte[] step = new byte[stepBytes];
        for (long count = (stream.Length - head.Length) / stepBytes; count > 0; count--)
        {
            stream.Position = head.Length + ((count - 1) * stepBytes);
            stream.ReadExactly(step);
            if (
                Enumerable
                    .Range(0, (int)(stepBytes / recordBytes))
                    .All(i => CacheRecord.IsIntact(step.AsSpan(i * recordBytes, recordBytes)))
            )
                return count;
        }
        return 0;
    }
}
